// The names of unfinished files: the same content for the same place always gets the same name, so a later run finds it.
import { hash } from 'node:crypto';

export interface TempKey {
  /** The final path, as the receiving side knows it. */
  readonly path: string;
  readonly size: number | undefined;
  readonly modifiedAt: number | undefined;
}

const TEMP = /^\.postrider-[0-9a-f]{16}\.part$/;

/** `.postrider-<hash of final path, size and time>.part`: what lies under that name is a beginning of exactly that content. */
export function tempName(key: TempKey): string {
  const sum = hash('sha256', JSON.stringify([key.path, key.size ?? null, key.modifiedAt ?? null]));
  return `.postrider-${sum.slice(0, 16)}.part`;
}

/** Before V8's flags change, under which all of Node's crypto would have to be compiled at the first name. */
export function prepareTempNames(): void {
  hash('sha256', '');
}

export function isTempName(name: string): boolean {
  return TEMP.test(name);
}

/** Uploads in flight of others: ProFTPD's HiddenStores, Pure-FTPd, NFS. Never content, never deleted. */
export function isForeignTemp(name: string): boolean {
  return /^\.(in\..+\.|pureftpd-upload\..+|nfs[0-9a-f]{8,})$/.test(name);
}
