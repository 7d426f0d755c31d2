// The due times of a schedule, as a pure function of the moment one asks about: asking again from anywhere gives the same sequence.
//
//   wall-clock time        fixed hour (`30 2 * * *`)                    hour `*` or `*/n`: an interval in disguise
//   exists once            due then                                     due then
//   in a gap               due later by the length of the gap           not due
//   in an overlap          due the first time                           due both times
import { type CronFields, DAY_MS, matchesDay, wallTimes } from './cron-fields.ts';
import type { Span, Zone } from './zone.ts';

export type Timetable =
  | { readonly kind: 'cron'; readonly fields: CronFields; readonly zone: Zone }
  /** Due every `everyMs` after `anchor`, counted in real time; `zone` only for showing. */
  | { readonly kind: 'every'; readonly everyMs: number; readonly anchor: number; readonly zone: Zone };

export interface Slot {
  /** Epoch milliseconds. */
  readonly at: number;
  /** The wall-clock time that names it, in milliseconds as if it were UTC. */
  readonly nominal: number;
  /** shifted: the nominal time is in a gap. first, second: the nominal time comes twice. */
  readonly change?: 'shifted' | 'first' | 'second';
}

/** A clock change is at most this big: Apia left out a whole day. */
const CHANGE_MS_MAX = DAY_MS + 3_600_000;
/** The rarest day, a fifth Monday in February, may be 40 years away. */
const SEARCH_DAYS_MAX = 41 * 366;

/** Slots later than `after`, ascending, without end; ends when none comes within SEARCH_DAYS_MAX. */
export function* slotsAfter(timetable: Timetable, after: number): Generator<Slot> {
  if (timetable.kind === 'every') return yield* everySlots(timetable, after);
  const { fields, zone } = timetable;
  let from = after + 1;
  let idle = 0;
  while (idle <= SEARCH_DAYS_MAX) {
    const day = Math.floor(from / DAY_MS);
    const dayEnd = (day + 1) * DAY_MS;
    let found = false;
    // A local day may begin a day before or after the UTC day of the same date, but no further away.
    if (matchesDay(fields, day - 1) || matchesDay(fields, day) || matchesDay(fields, day + 1)) {
      for (const slot of slotsWithin(fields, zone, from, dayEnd)) {
        found = true;
        yield slot;
      }
    }
    idle = found ? 0 : idle + 1;
    from = dayEnd;
  }
}

/** Slots in (after, until], at most `limit`, ascending. */
export function slotsBetween(timetable: Timetable, after: number, until: number, limit: number): readonly Slot[] {
  const slots: Slot[] = [];
  for (const slot of slotsAfter(timetable, after)) {
    if (slot.at > until || slots.length >= limit) break;
    slots.push(slot);
  }
  return slots;
}

export function nextSlot(timetable: Timetable, after: number): Slot | undefined {
  const { value } = slotsAfter(timetable, after).next();
  return value ?? undefined;
}

function* everySlots({ everyMs, anchor, zone }: Timetable & { kind: 'every' }, after: number): Generator<Slot> {
  for (let count = Math.max(1, Math.floor((after - anchor) / everyMs) + 1); ; count++) {
    const at = anchor + count * everyMs;
    yield { at, nominal: at + zone.offsetAt(at) };
  }
}

/** Ascending, at most one an instant. */
function* slotsWithin(fields: CronFields, zone: Zone, from: number, to: number): Generator<Slot> {
  const spans = zone.spansOver(from - CHANGE_MS_MAX, to + CHANGE_MS_MAX);
  for (const [i, span] of spans.entries()) {
    const window = { from: Math.max(from, i === 0 ? from : span.from), to: Math.min(to, spans[i + 1]?.from ?? to) };
    if (window.from >= window.to) continue;
    const [before, after] = [spans[i - 1], spans[i + 1]];
    const real = realSlots(fields, { before, span, after }, window);
    const isGap = before !== undefined && before.offset < span.offset;
    yield* isGap && !fields.everyHour ? merged(shiftedSlots(fields, before, span, window), real) : real;
  }
}

interface Window {
  readonly from: number;
  readonly to: number;
}

interface Neighbours {
  readonly before: Span | undefined;
  readonly span: Span;
  readonly after: Span | undefined;
}

/** Wall-clock times that the clocks do show in this span. */
function* realSlots(fields: CronFields, { before, span, after }: Neighbours, { from, to }: Window): Generator<Slot> {
  const { offset } = span;
  const seenUntil = before === undefined ? Number.NEGATIVE_INFINITY : span.from + before.offset;
  const againFrom = after === undefined ? Number.POSITIVE_INFINITY : after.from + after.offset;
  for (const nominal of wallTimes(fields, from + offset, to + offset)) {
    const at = nominal - offset;
    if (nominal >= againFrom) yield { at, nominal, change: 'first' };
    else if (nominal >= seenUntil) yield { at, nominal };
    else if (fields.everyHour) yield { at, nominal, change: 'second' };
  }
}

/** Wall-clock times left out when `span` began: due as if the clocks had not been put forward yet. */
function* shiftedSlots(fields: CronFields, before: Span, span: Span, { from, to }: Window): Generator<Slot> {
  const end = Math.min(to, span.from + span.offset - before.offset);
  for (const nominal of wallTimes(fields, from + before.offset, end + before.offset)) {
    yield { at: nominal - before.offset, nominal, change: 'shifted' };
  }
}

/** Two ascending sequences as one; where both have an instant, the one of `first` stands for both. */
function* merged(first: Generator<Slot>, second: Generator<Slot>): Generator<Slot> {
  let [a, b] = [first.next().value as Slot | undefined, second.next().value as Slot | undefined];
  while (a !== undefined || b !== undefined) {
    const takesA = a !== undefined && (b === undefined || a.at <= b.at);
    const slot = takesA ? a : b;
    if (slot === undefined) return;
    if (b?.at === slot.at) b = second.next().value as Slot | undefined;
    if (takesA) a = first.next().value as Slot | undefined;
    yield slot;
  }
}
