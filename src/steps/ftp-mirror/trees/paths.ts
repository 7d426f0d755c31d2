// Names and paths of both sides: which server-sent names may reach the disk, which local names may reach the server.
import { posix, sep } from 'node:path';

/** Why a name sent by a server must not become a local name, or undefined when it may (CONTRACT section 5, promise 6). */
export function unsafeLocalName(name: string): string | undefined {
  if (name === '') return 'the name is empty';
  if (name === '.' || name === '..') return 'the name leads out of its folder';
  if (name.includes('/') || name.includes('\\')) return 'the name holds a path separator';
  if (name.includes('\0')) return 'the name holds a NUL';
  if (!name.isWellFormed()) return 'the name is not valid in the encoding of the connection (set `encoding` on it)';
  if (/^[A-Za-z]:/.test(name)) return 'the name begins with a drive letter';
  return undefined;
}

/** Has unsafeLocalName() something against one of the names in this path? One look at all of them. */
export function holdsUnsafeName(path: string): boolean {
  return SUSPECT.test(path) || !path.isWellFormed();
}

/** A name that is empty, `.` or `..`, or begins with a drive letter; a backslash; a NUL. */
const SUSPECT = /(?:^|\/)(?:\.{0,2}(?:\/|$)|[A-Za-z]:)|[\\\0]/;

/** Why a name in a listing cannot be a name below the listed folder. */
export function unsafeRemoteName(name: string): string | undefined {
  if (name === '' || name === '.' || name === '..') return 'the name leads out of its folder';
  return /[/\0]/.test(name) ? 'the name holds a path separator or NUL' : undefined;
}

/** Why a local name cannot be sent in an FTP command, or undefined when it can (RFC 959 section 5.3.1: CR and LF end a command). */
export function unsendableName(name: string): string | undefined {
  return /[\r\n\0]/.test(name) ? 'the name holds a line end or NUL, which FTP cannot carry' : undefined;
}

/** A remote root without doubled or trailing slashes: `/`, `.`, `/www`, `www/site`. */
export function normalRemote(path: string): string {
  const normal = posix.normalize(path);
  return normal.length > 1 ? normal.replace(/\/$/, '') : normal;
}

/** A path below the root as the server must be told; the root itself for ''. */
export function remotePath(root: string, path: string): string {
  if (path === '') return root;
  if (root === '.') return path;
  return root === '/' ? `/${path}` : `${root}/${path}`;
}

/** The same on this disk, for a path that has no `.` or `..` in it: as join(), at a fraction of its time. */
export function localPath(root: string, path: string): string {
  return root.endsWith(sep) ? root + path : `${root}${sep}${path}`;
}

/** The path of a name beside `path`. */
export function siblingOf(path: string, name: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? name : path.slice(0, slash + 1) + name;
}
