// Three-digit replies of FTP (RFC 959 section 4.2) and SMTP (RFC 5321 section 4.2), line by line, with limits.
//
//   idle ──"ddd text"──► reply            idle ──"ddd-text"──► open ──"ddd text"──► reply
//                                         open: FTP takes any line as text; SMTP wants "ddd-" on each
import { isAscii } from 'node:buffer';
import { BrokenSessionError } from '../../core/errors.ts';
import { shorten } from '../../core/text.ts';
import { REPLY_BYTES_MAX, REPLY_LINES_MAX } from './limits.ts';

export interface Reply {
  /** 100 to 599. */
  readonly code: number;
  /** The text of each line; the code is cut off where the line carries it. At least one entry. */
  readonly lines: readonly string[];
}

/** ftp: inner lines are free text. smtp: every line carries the code. */
export type ReplyStyle = 'ftp' | 'smtp';

const [ZERO, NINE, SPACE, HYPHEN] = [0x30, 0x39, 0x20, 0x2d];

/** What three digits and what follows them make of a line. */
interface Coded {
  readonly code: number;
  readonly mark: ' ' | '-' | '';
  readonly text: string;
}

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
    return this.pushText(this.#decode(line), line.length);
  }

  /** The same for a line that is text already, of so many bytes. */
  pushText(text: string, bytes: number): Reply | undefined {
    this.#bytes += bytes;
    const coded = codedIn(text);
    if (this.#code === undefined) return this.#first(text, coded);
    if (this.#lines.length >= REPLY_LINES_MAX || this.#bytes > REPLY_BYTES_MAX) throw broken('the server’s reply does not end');
    const own = coded?.code === this.#code ? coded : undefined;
    if (own !== undefined && own.mark !== '-') return this.#complete(own.text);
    if (this.#style === 'smtp' && own === undefined)
      throw broken(`the server mixed reply codes: ${JSON.stringify(shorten(text, 80))}`);
    this.#lines.push(own?.text ?? text);
    return undefined;
  }

  /** Is this the last line of the open reply? */
  #ends(line: Buffer): boolean {
    return isDigit(line[0] ?? 0) && line.toString('latin1', 0, 4).trimEnd() === String(this.#code);
  }

  #first(text: string, coded: Coded | undefined): Reply | undefined {
    if (coded === undefined || (coded.mark === '' && coded.text !== ''))
      throw broken(`the server sent no reply but ${JSON.stringify(shorten(text, 80))}`);
    this.#code = coded.code;
    if (coded.mark !== '-') return this.#complete(coded.text);
    this.#lines.push(coded.text);
    return undefined;
  }

  #complete(text: string): Reply {
    const reply = { code: this.#code ?? 0, lines: this.#lines.length === 0 ? [text] : [...this.#lines, text] };
    this.#code = undefined;
    if (this.#lines.length > 0) this.#lines = [];
    this.#bytes = 0;
    return reply;
  }
}

/** Undefined when the line carries no code. Digits are the same in every charset that replies come in. */
function codedIn(text: string): Coded | undefined {
  if (text.length < 3) return undefined;
  const first = text.charCodeAt(0);
  const second = text.charCodeAt(1);
  const third = text.charCodeAt(2);
  if (!isDigit(first) || !isDigit(second) || !isDigit(third) || first === ZERO || first > ZERO + 5) return undefined;
  const code = (first - ZERO) * 100 + (second - ZERO) * 10 + third - ZERO;
  const mark = text.charCodeAt(3);
  if (mark === SPACE) return { code, mark: ' ', text: text.slice(4) };
  if (mark === HYPHEN) return { code, mark: '-', text: text.slice(4) };
  return { code, mark: '', text: text.slice(3) };
}

function isDigit(byte: number): boolean {
  return byte >= ZERO && byte <= NINE;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** UTF-8 where the bytes are UTF-8, else Latin-1: no byte is lost, none is refused. */
export function decodeText(bytes: Buffer): string {
  // Nearly every line: a decoder costs more than the line is worth.
  if (isAscii(bytes)) return bytes.toString('latin1');
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}

function broken(message: string): BrokenSessionError {
  return new BrokenSessionError('protocol-broken', message, {
    hint: 'Check that host and port belong to the right kind of server.',
  });
}
