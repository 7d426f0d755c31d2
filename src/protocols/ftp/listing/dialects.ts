// Which dialect of LIST a listing is in: the first that can read its first entry; the rest must be in the same.
import { parseAs400Line } from './as400.ts';
import { parseDosLine } from './dos.ts';
import type { ParsedLine } from './entry.ts';
import { parseEplfLine } from './eplf.ts';
import { parseMvsLine } from './mvs.ts';
import { parseNetwareLine } from './netware.ts';
import { parseOs2Line } from './os2.ts';
import { parseUnixLine } from './unix.ts';
import { VmsParser } from './vms.ts';

export class ListDialects {
  readonly #vms = new VmsParser();
  readonly #parsers: readonly ((line: string) => ParsedLine)[];
  #own: ((line: string) => ParsedLine) | undefined;

  /** `now` decides the year where a line has none. */
  constructor(now: number) {
    this.#parsers = [
      line => parseUnixLine(line, now),
      parseDosLine,
      parseEplfLine,
      line => parseNetwareLine(line, now),
      parseMvsLine,
      parseAs400Line,
      parseOs2Line,
      line => this.#vms.parse(line),
    ];
  }

  /** A line whose other half has not come. */
  get open(): string | undefined {
    return this.#vms.open;
  }

  parse(line: string): ParsedLine {
    if (this.#own !== undefined) return this.#own(line);
    for (const parser of this.#parsers) {
      const parsed = parser(line);
      if (parsed === undefined) continue;
      if (parsed !== 'skip') this.#own = parser;
      return parsed;
    }
    return undefined;
  }
}
