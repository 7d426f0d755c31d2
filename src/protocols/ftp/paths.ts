// Path names in commands and replies: one blank before them (RFC 2640), no line ends, IAC doubled, quotes doubled in 257.
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Charset } from './charset.ts';

const IAC = '\xff';
/** The same in every charset there is here. */
const ASCII = /^[\0-\x7f]*$/;

/** Turns a command's text into octets: the charset's, with 0xFF doubled (RFC 959 section 3.4, RFC 854). */
export function commandEncoder(charset: Charset): (text: string) => string {
  return text =>
    ASCII.test(text)
      ? text
      : charset
          .encode(text)
          .toString('latin1')
          .replaceAll(IAC, IAC + IAC);
}

/** The path itself when a command line can carry it. Throws AppError `name-unsendable` on a line end or NUL, and on nothing at all. */
export function sendable(path: string): string {
  if (path === '') throw new AppError('name-unsendable', 'an empty path cannot be sent to an FTP server');
  if (/[\r\n\0]/.test(path)) {
    throw new AppError('name-unsendable', `"${shorten(printable(path), 200)}" holds a line end or NUL, which FTP cannot carry`, {
      hint: 'Rename the file or exclude it.',
    });
  }
  return path;
}

export function isAbsolute(path: string): boolean {
  return path.startsWith('/');
}

/** The path in a 257 reply: quoted, quotes inside doubled (RFC 959 appendix II); unquoted on a few servers. */
export function quotedPath(text: string): string | undefined {
  const match = /"((?:[^"]|"")*)"/.exec(text);
  if (match !== null) return match[1]?.replaceAll('""', '"');
  return /^\s*(\/\S*)/.exec(text)?.[1];
}
