// Points in time as a zone's wall clock shows them: written, read, and explained where the clocks change.
import { formatDuration } from '../core/units.ts';
import { DAY_MS } from './cron-fields.ts';
import type { Slot, Timetable } from './slots.ts';
import type { Zone } from './zone.ts';

/** `2026-03-29T03:30:00+02:00`. */
export function localIso(at: number, zone: Zone): string {
  const offset = zone.offsetAt(at);
  return `${new Date(at + offset).toISOString().slice(0, 19)}${offsetText(offset)}`;
}

/** `2026-03-29 03:30 +02:00`; with seconds where they are not 0. */
export function localShort(at: number, zone: Zone): string {
  const iso = localIso(at, zone);
  const time = iso.slice(17, 19) === '00' ? iso.slice(11, 16) : iso.slice(11, 19);
  return `${iso.slice(0, 10)} ${time} ${iso.slice(19)}`;
}

/** What a clock change does to a slot; undefined for all but a few a year. */
export function noteOf({ at, nominal, change }: Slot, timetable: Timetable): string | undefined {
  if (change === undefined) return undefined;
  const [, time = ''] = new Date(nominal).toISOString().split('T');
  const name = time.endsWith(':00.000Z') ? time.slice(0, 5) : time.slice(0, 8);
  switch (change) {
    case 'shifted': {
      const by = formatDuration(at + timetable.zone.offsetAt(at) - nominal).replace(/ 00[ms]\b/g, '');
      return `clocks go forward over ${name}: due ${by} later`;
    }
    case 'first': {
      const both = timetable.kind === 'cron' && timetable.fields.everyHour;
      return `clocks go back, ${name} comes twice: ${both ? 'the first' : 'due the first time'}`;
    }
    case 'second':
      return `clocks go back, ${name} comes twice: the second`;
  }
}

const TIME = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(?::(\d\d)(\.\d{1,3})?)?)?(?: ?(Z|[+-]\d\d:\d\d))?$/i;

/** ISO 8601 in epoch milliseconds; without Z or an offset the zone's wall clock is meant. Undefined when it is no time. */
export function readTime(text: string, zone: Zone): number | undefined {
  const match = TIME.exec(text.trim());
  if (match === null) return undefined;
  const [, date, time = '00:00', seconds = '00', fraction = '', offset] = match;
  const written = `${date}T${time}:${seconds}${fraction}`;
  const nominal = Date.parse(`${written}Z`);
  if (Number.isNaN(nominal) || !new Date(nominal).toISOString().startsWith(date ?? '')) return undefined;
  if (offset === undefined) return instantOf(nominal, zone);
  const exact = Date.parse(`${written}${offset.toUpperCase()}`);
  return Number.isNaN(exact) ? undefined : exact;
}

/** The first instant that a wall clock shows `nominal`; one that is left out counts as if the clocks had not changed yet. */
function instantOf(nominal: number, zone: Zone): number {
  const spans = zone.spansOver(nominal - 2 * DAY_MS, nominal + 2 * DAY_MS);
  const real = spans.map(({ offset }) => nominal - offset).filter((at, i) => zone.offsetAt(at) === spans[i]?.offset);
  return real[0] ?? nominal - zone.offsetAt(nominal - DAY_MS);
}

/** When the wall clock shows again what it shows at `at`, because it is put back; undefined when it does not. */
export function shownAgain(at: number, zone: Zone): number | undefined {
  const [now, later] = zone.spansOver(at, at + DAY_MS);
  if (now === undefined || later === undefined) return undefined;
  const again = at + now.offset - later.offset;
  return again > at && again >= later.from ? again : undefined;
}

/** Rounded to the minute: RFC 3339 has no seconds there. */
function offsetText(offset: number): string {
  const minutes = Math.round(Math.abs(offset) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
