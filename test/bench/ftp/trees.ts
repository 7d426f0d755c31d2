// Copies and compares folders on this disk.
import { execFileSync } from 'node:child_process';
import { closeSync, existsSync, lstatSync, mkdirSync, openSync, readdirSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';

/** Copies a folder, times kept, as the property of whoever owns `like`. */
export function copyTree(from: string, to: string, like: string): void {
  execFileSync('cp', ['-a', from, to]);
  const { uid, gid } = statSync(like);
  execFileSync('chown', ['-R', `${uid}:${gid}`, to]);
}

export function emptyFolder(path: string, like: string): void {
  mkdirSync(path, { recursive: true });
  const { uid, gid } = statSync(like);
  execFileSync('chown', [`${uid}:${gid}`, path]);
}

/** What makes two trees differ, or undefined when names and bytes are the same. */
export function differenceOf(expected: string, actual: string): string | undefined {
  if (!existsSync(actual)) return 'nothing arrived';
  const [mine, yours] = [namesIn(expected), namesIn(actual)];
  const missing = mine.filter(name => !yours.includes(name) && !existsSync(join(actual, name)));
  if (missing.length > 0) return `${missing.length} of ${mine.length} missing, such as ${missing[0]}`;
  const known = new Set(mine);
  const extra = yours.filter(name => !known.has(name));
  if (extra.length > 0) return `${extra.length} too many, such as ${extra[0]}`;
  const wrong = mine.filter(name => !sameFile(join(expected, name), join(actual, name)));
  return wrong.length === 0 ? undefined : `${wrong.length} of ${mine.length} have other bytes, such as ${wrong[0]}`;
}

/** True when every file carries its source's time, to the second. */
export function timesKept(expected: string, actual: string): boolean {
  return namesIn(expected).every(name => {
    const [one, other] = [lstatSync(join(expected, name)), lstatSync(join(actual, name))];
    return one.isDirectory() || Math.abs(one.mtimeMs - other.mtimeMs) <= 1_000;
  });
}

export function namesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort();
}

const PIECE = 4 * 1024 * 1024;
const mine = Buffer.allocUnsafe(PIECE);
const yours = Buffer.allocUnsafe(PIECE);

function sameFile(expected: string, actual: string): boolean {
  const [one, other] = [lstatSync(expected), lstatSync(actual)];
  if (one.isDirectory() || other.isDirectory()) return one.isDirectory() && other.isDirectory();
  if (one.size !== other.size) return false;
  const files = [openSync(expected, 'r'), openSync(actual, 'r')] as const;
  try {
    for (let at = 0; at < one.size; at += PIECE) {
      const bytes = readSync(files[0], mine, 0, PIECE, at);
      readSync(files[1], yours, 0, PIECE, at);
      if (mine.compare(yours, 0, bytes, 0, bytes) !== 0) return false;
    }
    return true;
  } finally {
    for (const file of files) closeSync(file);
  }
}
