// Bytes of a program's output → lines for people: decoded, without control characters, of bounded length.
import { StringDecoder } from 'node:string_decoder';
import { printable } from '../../core/text.ts';

/** The rest of a longer line is dropped. Far more than is ever shown: a cut must not show half a secret, which nothing would mask. */
export const LINE_LENGTH_MAX = 64 * 1024;
/** Colours and cursor movements (ECMA-48 section 5.4), which programs send even to pipes. */
const ESCAPES = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)|[@-Z\\-_])/g;

export class LineReader {
  readonly #decoder = new StringDecoder('utf8');
  readonly #take: (line: string) => void;
  #pending = '';
  /** Inside a line whose beginning was said already. */
  #dropping = false;

  constructor(take: (line: string) => void) {
    this.#take = take;
  }

  /** A lone CR ends a line too: that is how programs redraw their progress. */
  write(chunk: Buffer): void {
    const lines = (this.#pending + this.#decoder.write(chunk)).split(/\r\n|\n|\r(?!$)/);
    this.#pending = lines.pop() ?? '';
    for (const line of lines) this.#emit(line);
    if (this.#pending.length <= LINE_LENGTH_MAX) return;
    this.#emit(this.#pending);
    [this.#pending, this.#dropping] = ['', true];
  }

  end(): void {
    const rest = this.#pending + this.#decoder.end();
    this.#pending = '';
    this.#emit(rest);
  }

  #emit(line: string): void {
    const isRest = this.#dropping;
    this.#dropping = false;
    const clean = isRest ? '' : printable(line.slice(0, LINE_LENGTH_MAX).replaceAll(ESCAPES, '').trimEnd());
    if (clean !== '') this.#take(clean);
  }
}
