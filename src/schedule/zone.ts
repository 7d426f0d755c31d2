// What the clocks of a time zone show, asked of Intl alone: offsets from UTC, and when they change.
import { DAY_MS } from './cron-fields.ts';

/** From this instant until the next span the wall clock is `offset` ahead of UTC; all in milliseconds. */
export interface Span {
  readonly from: number;
  readonly offset: number;
}

/** Days remembered by zone: more than fifty years. */
const DAYS_MAX = 20_000;
/** Zones remembered; there are about six hundred names. */
const ZONES_MAX = 1_000;

const zones = new Map<string, Zone>();

/** `name` is an IANA name that has been checked; throws RangeError for any other. */
export function zoneNamed(name: string): Zone {
  const known = zones.get(name);
  if (known !== undefined) return known;
  if (zones.size >= ZONES_MAX) zones.clear();
  const zone = new Zone(name);
  zones.set(name, zone);
  return zone;
}

/** The zone of this machine; where TZ names none, what its clocks show all the same. */
export function machineZone(): string {
  return namedMachineZone() ?? fixedZone(-new Date(0).getTimezoneOffset());
}

/** Undefined where TZ is empty, `:/etc/localtime`, or no name: Node has no zone, or one that it takes from nobody. */
export function namedMachineZone(): string | undefined {
  const { timeZone } = new Intl.DateTimeFormat('en').resolvedOptions() as { readonly timeZone?: string };
  return timeZone === 'Etc/Unknown' ? undefined : timeZone;
}

function fixedZone(minutes: number): string {
  if (minutes === 0) return 'UTC';
  const two = (part: number) => String(Math.trunc(part)).padStart(2, '0');
  return `${minutes < 0 ? '-' : '+'}${two(Math.abs(minutes) / 60)}:${two(Math.abs(minutes) % 60)}`;
}

export class Zone {
  readonly name: string;
  readonly #format: Intl.DateTimeFormat;
  /** Offset at the start of a UTC day, by the number of the day. */
  readonly #offsets = new Map<number, number>();
  /** When the offset changes within a UTC day. */
  readonly #changes = new Map<number, number>();

  constructor(name: string) {
    this.name = name;
    this.#format = new Intl.DateTimeFormat('en-US', {
      timeZone: name,
      hourCycle: 'h23',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    });
  }

  offsetAt(at: number): number {
    const day = Math.floor(at / DAY_MS);
    return at < this.#changeIn(day) ? this.#offsetOf(day) : this.#offsetOf(day + 1);
  }

  /** All offsets in [from, to), in order; the first span holds at `from` already. No zone changes twice within a UTC day. */
  spansOver(from: number, to: number): readonly Span[] {
    const spans = [{ from, offset: this.offsetAt(from) }];
    for (let day = Math.floor(from / DAY_MS); day * DAY_MS < to; day++) {
      const change = this.#changeIn(day);
      if (change > from && change < to) spans.push({ from: change, offset: this.#offsetOf(day + 1) });
    }
    return spans;
  }

  /** Infinity when the offset is the same all day. */
  #changeIn(day: number): number {
    const [before, after] = [this.#offsetOf(day), this.#offsetOf(day + 1)];
    if (before === after) return Number.POSITIVE_INFINITY;
    const known = this.#changes.get(day);
    if (known !== undefined) return known;
    let [low, high] = [(day * DAY_MS) / 1_000, ((day + 1) * DAY_MS) / 1_000];
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.#ask(middle * 1_000) === before) low = middle;
      else high = middle;
    }
    this.#changes.set(day, high * 1_000);
    return high * 1_000;
  }

  #offsetOf(day: number): number {
    const known = this.#offsets.get(day);
    if (known !== undefined) return known;
    if (this.#offsets.size >= DAYS_MAX) this.#offsets.clear();
    const offset = this.#ask(day * DAY_MS);
    this.#offsets.set(day, offset);
    return offset;
  }

  /** `at` is a whole second. */
  #ask(at: number): number {
    const [month = 1, day = 1, year = 1970, hour = 0, minute = 0, second = 0] = (this.#format.format(at).match(/\d+/g) ?? []).map(
      Number,
    );
    return Date.UTC(year, month - 1, day, hour, minute, second) - at;
  }
}
