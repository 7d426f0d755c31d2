// The text of a job file with its lines: read with limits, checked to be clean UTF-8, and asked where an offset lies.
import { isUtf8 } from 'node:buffer';
import { open } from 'node:fs/promises';
import type { Diagnostic, Position, Range } from '../core/diagnostic.ts';
import { fileError } from '../core/errors.ts';
import { failed, ok, type Result } from '../core/result.ts';
import { printable } from '../core/text.ts';
import { starred } from './checks/written-secrets.ts';

/** A job file larger than this is a mistake. */
const FILE_BYTES_MAX = 1024 * 1024;

/** Everything YAML 1.2 (section 5.1) forbids in a stream, besides lone surrogates, which UTF-8 cannot hold. */
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u0084\u0086-\u009f\ufffe\uffff]/;

const LINE_FEED = 0x0a;

export interface Source {
  /** As shown to people: the path that was asked for. */
  readonly file: string;
  /** Without byte order mark. */
  readonly text: string;
  /** Without line ends. */
  readonly lines: readonly string[];
  /** Offset of the first character of every line. */
  readonly starts: readonly number[];
}

/** Reads a file; throws only what the file system says (`file-missing`, `file-denied`, …). */
export async function readSource(file: string): Promise<Result<Source>> {
  const bytes = await readAtMost(file, FILE_BYTES_MAX + 1);
  if (bytes.length > FILE_BYTES_MAX) {
    return failed([
      at(file, 1, 1, '', 'too-big', 'the file is larger than 1 MB', 'Split it into several jobs, or move data out of it.'),
    ]);
  }
  if (!isUtf8(bytes)) return failed([notUtf8(file, bytes)]);
  const source = sourceOf(file, bytes.toString('utf8'));
  const bad = FORBIDDEN.exec(source.text);
  if (bad === null) return ok(source);
  const { line, column } = positionOf(source, bad.index);
  const message = `the character ${printable(bad[0])} is not allowed in YAML`;
  const hint = 'Remove it; inside a double-quoted text, write it as an escape such as "\\x1b".';
  return failed([at(file, line, column, lineOf(source, line), 'bad-character', message, hint)]);
}

export function sourceOf(file: string, content: string): Source {
  const text = content.startsWith('\ufeff') ? content.slice(1) : content;
  const ends = [...text.matchAll(/\r\n|\n|\r/g)];
  const starts = [0, ...ends.map(end => end.index + end[0].length)];
  const lines = starts.map((start, index) => text.slice(start, ends[index]?.index));
  return { file, text, lines, starts };
}

/** Where an offset of `source.text` lies. */
export function positionOf(source: Source, offset: number): Position {
  let [low, high] = [0, source.starts.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((source.starts[middle] ?? 0) <= offset) low = middle;
    else high = middle - 1;
  }
  return { line: low + 1, column: offset - (source.starts[low] ?? 0) + 1 };
}

export function rangeOf(source: Source, from: number, to: number): Range {
  return { start: positionOf(source, from), end: positionOf(source, Math.max(from, to)) };
}

/** A line as it may be shown: it may hold a password, and what is said of a file lands in mails and logs. */
export function lineOf(source: Source, line: number): string {
  return starred(printable(source.lines[line - 1] ?? ''));
}

async function readAtMost(file: string, limit: number): Promise<Buffer> {
  try {
    const handle = await open(file, 'r');
    try {
      const buffer = Buffer.alloc(limit);
      let length = 0;
      while (length < limit) {
        const { bytesRead } = await handle.read(buffer, length, limit - length, null);
        if (bytesRead === 0) break;
        length += bytesRead;
      }
      return buffer.subarray(0, length);
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw fileError(error, file);
  }
}

function notUtf8(file: string, bytes: Buffer): Diagnostic {
  let line = 1;
  let start = 0;
  for (
    let end = bytes.indexOf(LINE_FEED);
    end >= 0 && isUtf8(bytes.subarray(start, end));
    end = bytes.indexOf(LINE_FEED, start)
  ) {
    start = end + 1;
    line += 1;
  }
  const end = bytes.indexOf(LINE_FEED, start);
  const text = bytes.subarray(start, end < 0 ? bytes.length : end).toString('utf8');
  const column = text.indexOf('\ufffd') + 1;
  const utf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  const hint = utf16 ? 'The file is UTF-16: save it as UTF-8.' : 'Save the file as UTF-8.';
  return at(file, line, column, printable(text), 'not-utf8', 'the file is not UTF-8', hint);
}

function at(file: string, line: number, column: number, source: string, code: string, message: string, hint: string): Diagnostic {
  const range = { start: { line, column }, end: { line, column: column + 1 } };
  return { code, severity: 'error', message, file, range, hint, source };
}
