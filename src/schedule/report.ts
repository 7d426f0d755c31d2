// What a scheduler says while it works: for people on a terminal, for programs as JSON lines.

export interface Report {
  readonly level: 'info' | 'warning' | 'error';
  /** Stable, kebab-case. */
  readonly event: string;
  /** One sentence; the job stands beside it. */
  readonly message: string;
  readonly job?: string;
  readonly run?: string;
  /** Epoch milliseconds. */
  readonly slot?: number;
  /** A step, a status, an error code: whatever a program may want to know besides. */
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export type Say = (report: Report) => void;
