// Where things lie in an archive (CONTRACT section 4), and names from outside made safe for a folder.
import { createHash } from 'node:crypto';
import { join } from 'node:path';

export const README_NAME = 'README.txt';
export const STATE_NAME = 'state.jsonl';
export const LOCK_NAME = '.lock';
/** Of the files that large messages arrive in: a number follows. */
export const SPOOL_NAME = '.incoming';
export const ATTACHMENTS_NAME = 'attachments.jsonl';
export const INDEX_NAME = 'index.sqlite';
export const QUARANTINE_NAME = 'quarantine';

const FOLDER_NAME_BYTES_MAX = 200;

/** The folder of an account: different accounts never share one, and none leaves the archive. */
export function accountFolder(root: string, account: string): string {
  return join(root, folderName(account));
}

/** Unsafe bytes are percent-encoded, so the name can be read back; an over-long one is cut and ends with a hash. */
export function folderName(account: string): string {
  const safe = encodeURIComponent(account.toWellFormed())
    .replaceAll('%40', '@')
    .replaceAll('%2B', '+')
    .replace(/[!'()*~]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`)
    .replace(/^\./, '%2E')
    .replace(/\.$/, '%2E');
  const name = safe === '' ? '%' : safe;
  if (name.length <= FOLDER_NAME_BYTES_MAX) return name;
  return `${name.slice(0, FOLDER_NAME_BYTES_MAX - 17)}%${createHash('sha256').update(account).digest('hex').slice(0, 16)}`;
}

/** `2026-11`, in UTC. */
export function monthOf(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 7);
}

export function mboxName(month: string): string {
  return `${month}.mbox`;
}

export function manifestName(month: string): string {
  return `${month}.manifest.jsonl`;
}

/** The month of a manifest's file name; undefined for any other file. */
export function monthOfManifest(name: string): string | undefined {
  return /^(\d{4,6}-\d{2})\.manifest\.jsonl$/.exec(name)?.[1];
}

export function monthOfMbox(name: string): string | undefined {
  return /^(\d{4,6}-\d{2})\.mbox$/.exec(name)?.[1];
}

export function sealedName(month: string): string {
  return `${month}.mbox.zst`;
}

export function sealName(month: string): string {
  return `${month}.seal.json`;
}

export function monthOfSealed(name: string): string | undefined {
  return /^(\d{4,6}-\d{2})\.mbox\.zst$/.exec(name)?.[1];
}

export function monthOfSeal(name: string): string | undefined {
  return /^(\d{4,6}-\d{2})\.seal\.json$/.exec(name)?.[1];
}

/** What is not whole yet; the next start removes it. */
export const PARTIAL_SUFFIX = '.partial';

/** The month after it. */
export function monthAfter(month: string): string {
  const [year, number] = month.split('-').map(Number);
  return monthOf(Date.UTC(year ?? 0, number ?? 1));
}
