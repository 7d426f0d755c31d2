// Files and folders without a data connection: PWD, CWD, CDUP, MKD, RMD, DELE, RNFR, RNTO, SIZE, MDTM, MFMT, MLST, STAT, SITE.
import { chmod, lstat, mkdir, rename, rmdir, stat, unlink, utimes } from 'node:fs/promises';
import { basename } from 'node:path';
import { factLine, parseTimestamp, readEntries, timestamp, unixLine } from './listing.ts';
import type { FtpCommand, FtpCommands, FtpSession } from './session.ts';

const WORKING_FOLDER: FtpCommand = {
  signedIn: true,
  argument: 'none',
  run: ({ cwd }) => `257 ${quoted(cwd)} is the current folder.`,
};
const CHANGE: FtpCommand = { signedIn: true, argument: 'required', run: changeFolder };
const UP: FtpCommand = { signedIn: true, argument: 'none', run: session => changeFolder(session, '..') };
const MAKE: FtpCommand = { signedIn: true, argument: 'required', run: makeFolder };
const REMOVE: FtpCommand = { signedIn: true, argument: 'required', run: removeFolder };

export const fileCommands: FtpCommands = {
  PWD: WORKING_FOLDER,
  XPWD: WORKING_FOLDER,
  CWD: CHANGE,
  XCWD: CHANGE,
  CDUP: UP,
  XCUP: UP,
  MKD: MAKE,
  XMKD: MAKE,
  RMD: REMOVE,
  XRMD: REMOVE,
  DELE: { signedIn: true, argument: 'required', run: deleteFile },
  RNFR: { signedIn: true, argument: 'required', run: renameFrom },
  RNTO: { signedIn: true, argument: 'required', run: renameTo },
  SIZE: { signedIn: true, argument: 'required', run: size },
  MDTM: { signedIn: true, argument: 'required', run: modified },
  MFMT: { signedIn: true, argument: 'required', run: setModified },
  MLST: { signedIn: true, argument: 'optional', run: describe },
  STAT: { signedIn: true, argument: 'optional', run: status },
  SITE: { signedIn: true, argument: 'required', run: site },
};

async function changeFolder(session: FtpSession, path: string): Promise<string> {
  const virtual = session.site.virtual(session.cwd, path);
  if (!(await stat(await session.site.content(virtual))).isDirectory()) return '550 Not a directory.';
  session.cwd = virtual;
  return `250 ${quoted(virtual)} is the current folder.`;
}

async function makeFolder(session: FtpSession, path: string): Promise<string> {
  const virtual = session.site.virtual(session.cwd, path);
  await mkdir(await session.site.entry(virtual));
  return `257 ${quoted(virtual)} created.`;
}

async function removeFolder(session: FtpSession, path: string): Promise<string> {
  const virtual = session.site.virtual(session.cwd, path);
  if (virtual === '/') return '550 The root stays.';
  await rmdir(await session.site.entry(virtual));
  return '250 Folder removed.';
}

async function deleteFile(session: FtpSession, path: string): Promise<string> {
  const entry = await session.site.entry(session.site.virtual(session.cwd, path));
  if ((await lstat(entry)).isDirectory()) return '550 Not a plain file.';
  await unlink(entry);
  return '250 File deleted.';
}

async function renameFrom(session: FtpSession, path: string): Promise<string> {
  const virtual = session.site.virtual(session.cwd, path);
  if (virtual === '/') return '550 The root stays.';
  const entry = await session.site.entry(virtual);
  await lstat(entry);
  session.renameFrom = entry;
  return '350 RNTO is next.';
}

async function renameTo(session: FtpSession, path: string): Promise<string> {
  const from = session.renameFrom;
  if (from === undefined) return '503 RNFR first.';
  const to = await session.site.entry(session.site.virtual(session.cwd, path));
  await rename(from, to);
  return '250 Renamed.';
}

/** RFC 3659 section 4: the number of octets a transfer would carry; unknown for TYPE A without reading the file. */
async function size(session: FtpSession, path: string): Promise<string> {
  if (session.type !== 'I') return '550 SIZE needs TYPE I.';
  const stats = await stat(await session.site.content(session.site.virtual(session.cwd, path)));
  return stats.isFile() ? `213 ${stats.size}` : '550 Not a plain file.';
}

async function modified(session: FtpSession, path: string): Promise<string> {
  const stats = await stat(await session.site.content(session.site.virtual(session.cwd, path)));
  return stats.isFile() ? `213 ${timestamp(stats.mtimeMs)}` : '550 Not a plain file.';
}

/** draft-somers-ftp-mfxx: the reply repeats the time that was really set. */
async function setModified(session: FtpSession, argument: string): Promise<string> {
  const [, time = '', path] = /^(\S+) (.+)$/s.exec(argument) ?? [];
  const ms = parseTimestamp(time);
  if (ms === undefined || path === undefined) return '501 MFMT takes YYYYMMDDHHMMSS and a name.';
  const file = await session.site.content(session.site.virtual(session.cwd, path));
  await utimes(file, (await stat(file)).atimeMs / 1_000, ms / 1_000);
  return `213 Modify=${timestamp((await stat(file)).mtimeMs)}; ${path}`;
}

async function describe(session: FtpSession, path: string): Promise<string> {
  const virtual = session.site.virtual(session.cwd, path);
  const stats = await stat(await session.site.content(virtual));
  return `250-Listing\n ${factLine({ name: virtual, stats }, session.facts)}\n250 End.`;
}

/** With a path it lists over the control connection, as `ls` would: `-a` adds the folder itself and the one above. */
async function status(session: FtpSession, argument: string): Promise<string> {
  const [, options = '', path = ''] = /^((?:-\S+\s+)*)(.*)$/s.exec(argument) ?? [];
  if (argument === '') {
    const protection = session.connection.secure ? 'TLS' : 'clear';
    return `211-postrider sandbox\n Type ${session.type}, connection ${protection}, data ${session.privateData ? 'TLS' : 'clear'}\n211 End.`;
  }
  const now = session.options.clock.now();
  const real = await session.site.content(session.site.virtual(session.cwd, path));
  const stats = await stat(real);
  const dots = options.includes('a') ? ['.', '..'].map(name => ({ name, stats })) : [];
  const entries = stats.isDirectory() ? [...dots, ...(await readEntries(session.site, real))] : [{ name: basename(path), stats }];
  return `213-Status\n${entries.map(entry => ` ${unixLine(entry, now)}\n`).join('')}213 End.`;
}

async function site(session: FtpSession, argument: string): Promise<string> {
  if (/^HELP$/i.test(argument)) return '214 SITE knows CHMOD.';
  const [, mode, path] = /^CHMOD ([0-7]{3,4}) (.+)$/is.exec(argument) ?? [];
  if (mode === undefined || path === undefined)
    return /^CHMOD\b/i.test(argument) ? '501 SITE CHMOD mode name' : '504 SITE knows CHMOD.';
  await chmod(await session.site.content(session.site.virtual(session.cwd, path)), Number.parseInt(mode, 8) & 0o777);
  return '200 Mode changed.';
}

/** RFC 959 appendix II: quotes inside the name are doubled. */
function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
