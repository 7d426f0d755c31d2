// The names of a Maildir (cr.yp.to/proto/maildir.html): a message keeps its own wherever a mail program moves it.

export interface Named {
  /** Epoch milliseconds. */
  readonly fetchedAt: number;
  readonly sha256: string;
}

export const MAILDIR_FOLDERS = ['tmp', 'new', 'cur'] as const;

/** Sorted by arrival, unique by content. A mail program that moves it to cur adds `:2,` and flags. */
export function maildirName({ fetchedAt, sha256 }: Named): string {
  return `${Math.floor(fetchedAt / 1000)}.${sha256}.postrider`;
}

/** Without the flags. */
export function uniquePart(name: string): string {
  const colon = name.indexOf(':');
  return colon === -1 ? name : name.slice(0, colon);
}
