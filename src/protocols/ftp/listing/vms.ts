// Lines of LIST as OpenVMS writes them: `README.TXT;2   3/4   29-JAN-1996 03:33:12  [ANONYMOUS]  (RWED,RWED,,)`; long names stand alone.
import { utc } from '../time.ts';
import { entry, MINUTE_MS, type ParsedLine } from './entry.ts';

const HEADS = [/^Directory \S+\s*$/, /^(Grand )?Total of \d+ /];
const NAME = /^([^\s;]+);(\d+)\s*$/;
const LINE =
  /^([^\s;]+);(\d+)\s+(\d+)(?:\/\d+)?\s+(\d{1,2})-([A-Z]{3})-(\d{4})\s+(\d{1,2}):(\d\d)(?::\d\d)?(?:\.\d+)?(?:\s+\[|\s*$)/;
const REST = /^\s+\d+(?:\/\d+)?\s+\d{1,2}-[A-Z]{3}-\d{4}\s/;
const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

/** Remembers a name whose facts come on the next line, and which names it has given: of several versions, the first is the newest. */
export class VmsParser {
  #alone: string | undefined;
  readonly #seen = new Set<string>();

  /** A name that still waits for its facts. */
  get open(): string | undefined {
    return this.#alone;
  }

  /** Sizes are blocks, so they are left out. */
  parse(line: string): ParsedLine {
    if (HEADS.some(head => head.test(line))) return 'skip';
    if (this.#alone === undefined && NAME.test(line)) {
      this.#alone = line.trimEnd();
      return 'skip';
    }
    const whole = this.#alone !== undefined && REST.test(line) ? `${this.#alone} ${line.trimStart()}` : line;
    const match = LINE.exec(whole);
    if (match === null) return undefined;
    this.#alone = undefined;
    const [, name = '', , , day, month = '', year, hour, minute] = match;
    if (this.#seen.has(name)) return 'skip';
    this.#seen.add(name);
    const folder = name.endsWith('.DIR');
    const modifiedAt = utc(Number(year), MONTHS.indexOf(month) + 1, Number(day), Number(hour), Number(minute));
    return entry(folder ? name.slice(0, -4) : name.replace(/\.$/, ''), folder ? 'folder' : 'file', {
      modifiedAt,
      precisionMs: modifiedAt === undefined ? undefined : MINUTE_MS,
    });
  }
}
