// What a transfer tells while it runs; whoever draws it decides how.

export interface TransferProgress {
  /** A file begins; `total` when its size is known. */
  begin(name: string, total: number | undefined): void;
  /** So many bytes of it are there now. */
  at(bytes: number): void;
  end(): void;
}

export const silent: TransferProgress = { begin: () => undefined, at: () => undefined, end: () => undefined };
