// Bytes of a program's output → lines for people: decoded, without control characters, of bounded length.
import { StringDecoder } from 'node:string_decoder';
import { printable, shorten } from '../../core/text.ts';

/** Longer lines are cut. */
export const LINE_LENGTH_MAX = 2_000;
/** A program that writes no line end gets one after this many characters. */
const PENDING_LENGTH_MAX = 64 * 1024;
/** Colours and cursor movements (ECMA-48 section 5.4), which programs send even to pipes. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #take: (line: string) => void;
  #pending = '';

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** A lone CR ends a line too: that is how programs redraw their progress. */
  write(chunk: Buffer): void {
    const lines = (this.#pending + this.#decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    if (this.#pending.length > PENDING_LENGTH_MAX) this.end();
  }

  end(): void {
    const rest = this.#pending + this.#decoder.end();
    this.#pending = '';
    this.#emit(rest);
  }

  #emit(line: string): void {
    const clean = printable(line.replaceAll(ESCAPES, '').trimEnd());
    if (clean !== '') this.#take(shorten(clean, LINE_LENGTH_MAX));
  }
}
