// Turns the bytes of a listing into entries while they arrive; a line that cannot be read is an error, never a missing file.
import { AppError } from '../../../core/errors.ts';
import { printable, shorten } from '../../../core/text.ts';
import { ReceiveBuffer } from '../../wire/receive-buffer.ts';
import { readable } from '../errors.ts';
import { LISTING_BYTES_MAX, LISTING_ENTRIES_MAX, LISTING_LINE_BYTES_MAX } from '../limits.ts';
import { ListDialects } from './dialects.ts';
import type { FtpEntry, ParsedLine } from './entry.ts';
import { parseMlsdLine } from './mlsd.ts';

export interface ListingOptions {
  readonly dialect: 'mlsd' | 'list';
  readonly decode: (line: Buffer) => string;
  /** Milliseconds since the epoch: decides the year where LIST gives none. */
  readonly now: number;
}

export class ListingReader {
  readonly #options: ListingOptions;
  readonly #dialects: ListDialects;
  readonly #buffer = new ReceiveBuffer();
  readonly #entries: FtpEntry[] = [];
  #bytes = 0;
  #lines = 0;
  #sawItself = false;
  #sawLink = false;

  constructor(options: ListingOptions) {
    this.#options = options;
    this.#dialects = new ListDialects(options.now);
  }

  /** Lines that stood for an entry, `.` and `..` included. */
  get lines(): number {
    return this.#lines;
  }

  /** True when `.` was listed: the server answered for a folder, not for a pattern that matched nothing. */
  get sawItself(): boolean {
    return this.#sawItself;
  }

  get sawLink(): boolean {
    return this.#sawLink;
  }

  /** Throws AppError `listing-unreadable` or `listing-too-long`. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    if (this.#bytes > LISTING_BYTES_MAX) throw tooLong(`${LISTING_BYTES_MAX} bytes`);
    this.#buffer.push(chunk);
    for (;;) {
      const line = this.#buffer.takeLine(LISTING_LINE_BYTES_MAX);
      if (line === undefined) return;
      this.take(line);
    }
  }

  /** The entries in the server's order; a last line without its end counts. */
  finish(): FtpEntry[] {
    const rest = this.#buffer.takeAll();
    if (rest.length > 0) this.take(rest.at(-1) === CR ? rest.subarray(0, -1) : rest);
    if (this.#dialects.open !== undefined) throw unreadable(this.#dialects.open);
    return this.#entries;
  }

  /** One line without its end. Throws as push() does. */
  take(bytes: Buffer): void {
    const line = this.#options.decode(bytes);
    if (line.trim() === '') return;
    const parsed = this.#parse(line);
    if (parsed === undefined) throw unreadable(line);
    if (parsed === 'skip') {
      if (this.#options.dialect === 'mlsd') this.#lines += 1;
      return;
    }
    this.#lines += 1;
    if (parsed.name === '.' || parsed.name === '..') {
      this.#sawItself = true;
      return;
    }
    if (parsed.name.includes('/') || parsed.name.includes('\0')) throw unreadable(line);
    if (this.#entries.length >= LISTING_ENTRIES_MAX) throw tooLong(`${LISTING_ENTRIES_MAX} entries`);
    if (parsed.type === 'link') this.#sawLink = true;
    this.#entries.push(parsed);
  }

  #parse(line: string): ParsedLine {
    if (this.#options.dialect === 'mlsd') return parseMlsdLine(line);
    return this.#dialects.parse(line);
  }
}

const CR = 0x0d;

function unreadable(line: string): AppError {
  return new AppError(
    'listing-unreadable',
    `the server listed a line that cannot be read: ${shorten(printable(readable(line)), 200)}`,
    {
      hint: 'Please report this line; until then, work on a folder without it.',
    },
  );
}

function tooLong(most: string): AppError {
  return new AppError('listing-too-long', `the listing of a folder on the server has more than ${most}`, {
    hint: 'Split the folder.',
  });
}
