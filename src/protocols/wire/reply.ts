// Three-digit replies of FTP (RFC 959 section 4.2) and SMTP (RFC 5321 section 4.2), line by line, with limits.
//
//   idle ──"ddd text"──► reply            idle ──"ddd-text"──► open ──"ddd text"──► reply
//                                         open: FTP takes any line as text; SMTP wants "ddd-" on each
import { isAscii } from 'node:buffer';
import { BrokenSessionError } from '../../core/errors.ts';
import { REPLY_BYTES_MAX, REPLY_LINES_MAX } from './limits.ts';

export interface Reply {
  /** 100 to 599. */
  readonly code: number;
  /** The text of each line; the code is cut off where the line carries it. At least one entry. */
  readonly lines: readonly string[];
}

/** ftp: inner lines are free text. smtp: every line carries the code. */
export type ReplyStyle = 'ftp' | 'smtp';

const CODED_LINE = /^([1-5]\d\d)([ -]?)(.*)$/s;

export class ReplyParser {
  readonly #style: ReplyStyle;
  readonly #decode: (line: Buffer) => string;
  #code: number | undefined;
  #lines: string[] = [];
  #bytes = 0;

  constructor(style: ReplyStyle, decode: (line: Buffer) => string = decodeText) {
    this.#style = style;
    this.#decode = decode;
  }

  /** True between the first and the last line of a multi-line reply. */
  get open(): boolean {
    return this.#code !== undefined;
  }

  /**
   * Takes one line (no CRLF); returns the reply that it completes. Throws BrokenSessionError on anything that is no reply. `inner` gets
   * the lines between the first and the last instead of the reply, in any number: it bounds them itself.
   */
  push(line: Buffer, inner?: (line: Buffer) => void): Reply | undefined {
    if (inner !== undefined && this.#code !== undefined && !this.#ends(line)) {
      inner(line);
      return undefined;
    }
    const text = this.#decode(line);
    this.#bytes += line.length;
    const match = CODED_LINE.exec(text);
    if (this.#code === undefined) return this.#first(text, match);
    if (this.#lines.length >= REPLY_LINES_MAX || this.#bytes > REPLY_BYTES_MAX) throw broken('the server’s reply does not end');
    const sameCode = match !== null && Number(match[1]) === this.#code;
    if (sameCode && match[2] !== '-') return this.#complete(match[3] ?? '');
    if (this.#style === 'smtp' && !sameCode) throw broken(`the server mixed reply codes: ${JSON.stringify(text.slice(0, 80))}`);
    this.#lines.push(sameCode ? (match[3] ?? '') : text);
    return undefined;
  }

  /** Is this the last line of the open reply? */
  #ends(line: Buffer): boolean {
    return line.toString('latin1', 0, 4).trimEnd() === String(this.#code);
  }

  #first(text: string, match: RegExpExecArray | null): Reply | undefined {
    if (match === null || (match[2] === '' && match[3] !== ''))
      throw broken(`the server sent no reply but ${JSON.stringify(text.slice(0, 80))}`);
    this.#code = Number(match[1]);
    if (match[2] !== '-') return this.#complete(match[3] ?? '');
    this.#lines.push(match[3] ?? '');
    return undefined;
  }

  #complete(text: string): Reply {
    const reply = { code: this.#code ?? 0, lines: [...this.#lines, text] };
    this.#code = undefined;
    this.#lines = [];
    this.#bytes = 0;
    return reply;
  }
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 where the bytes are UTF-8, else Latin-1: no byte is lost, none is refused. */
export function decodeText(bytes: Uint8Array): string {
  // Nearly every line: a decoder costs more than the line is worth.
  if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
  }
}

function broken(message: string): BrokenSessionError {
  return new BrokenSessionError('protocol-broken', message, {
    hint: 'Check that host and port belong to the right kind of server.',
  });
}
