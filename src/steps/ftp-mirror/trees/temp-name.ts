// The names of what is unfinished, made of what it will be: a later run finds it by them.
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

/** What a folder that is not whole yet has before its name. */
export const UNNAMED = '.postrider-new.';
/** Most file systems take 255 octets. */
const NAME_OCTETS_MAX = 200;

/** `.postrider-new.NAME`: where a new folder is filled until it is whole. undefined for a name that leaves no room. */
export function unnamedName(name: string): string | undefined {
  return Buffer.byteLength(name) > NAME_OCTETS_MAX ? undefined : UNNAMED + name;
}

/** The path that a folder being filled, or something in it, is to have; undefined for all other paths. */
export function namedPath(path: string): { readonly folder: string; readonly path: string } | undefined {
  if (!path.includes(UNNAMED)) return undefined;
  const names = path.split('/');
  const at = names.findIndex(isUnnamed);
  if (at < 0) return undefined;
  names[at] = names[at]?.slice(UNNAMED.length) ?? '';
  return { folder: names.slice(0, at + 1).join('/'), path: names.join('/') };
}

/** Could have been made by unnamedName(). */
function isUnnamed(name: string): boolean {
  return name.startsWith(UNNAMED) && name.length > UNNAMED.length && unnamedName(name.slice(UNNAMED.length)) !== undefined;
}

/** Uploads in flight of others: ProFTPD's HiddenStores, Pure-FTPd, NFS. Never content, never deleted. */
export function isForeignTemp(name: string): boolean {
  return /^\.(in\..+\.|pureftpd-upload\..+|nfs[0-9a-f]{8,})$/.test(name);
}
