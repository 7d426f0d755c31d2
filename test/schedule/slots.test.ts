// Slots written by hand for the oddest clock changes, and everything an expression can say about days.
import { describe, expect, it } from 'vitest';
import { slotsAfter, slotsBetween } from '../../src/schedule/slots.ts';
import { zoneNamed } from '../../src/schedule/zone.ts';
import { minute, take, timetable } from './ask.ts';

/**
 * zone, expression, the slots later than the first time: in UTC, by hand from the tz database. Each has been worked out once more with
 * Python's zoneinfo, where `fold=0` means the same: in a gap the offset before it, in an overlap the first of both.
 */
const GOLDEN: readonly (readonly [zone: string, expression: string, after: string, slots: readonly string[]])[] = [
  // Zurich: forward 2026-03-29 02:00 → 03:00 at 01:00Z; back 2026-10-25 03:00 → 02:00 at 01:00Z.
  ['Europe/Zurich', '30 2 * * *', '2026-03-27T12:00Z', ['2026-03-28T01:30', '2026-03-29T01:30', '2026-03-30T00:30']],
  ['Europe/Zurich', '30 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
  ['Europe/Zurich', '30 2 * * *', '2026-10-25T01:12Z', ['2026-10-26T01:30']],
  ['Europe/Zurich', '30 2 * * *', '2026-03-29T01:14Z', ['2026-03-29T01:30', '2026-03-30T00:30']],
  ['Europe/Zurich', '0 * * * *', '2026-03-28T23:30Z', ['2026-03-29T00:00', '2026-03-29T01:00', '2026-03-29T02:00']],
  ['Europe/Zurich', '0 * * * *', '2026-10-24T23:30Z', ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00']],
  [
    'Europe/Zurich',
    '0 */2 * * *',
    '2026-10-24T21:30Z',
    ['2026-10-24T22:00', '2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T03:00'],
  ],
  ['Europe/Zurich', '0 */2 * * *', '2026-03-28T22:30Z', ['2026-03-28T23:00', '2026-03-29T02:00', '2026-03-29T04:00']],
  ['Europe/Zurich', '0,30 2,3 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-29T01:30', '2026-03-30T00:00']],
  // Lord Howe changes by half an hour: back 2026-04-05 02:00 → 01:30 at 2026-04-04T15:00Z; forward 2026-10-04 02:00 → 02:30 at 2026-10-03T15:30Z.
  ['Australia/Lord_Howe', '45 1 * * *', '2026-04-03T18:00Z', ['2026-04-04T14:45', '2026-04-05T15:15']],
  ['Australia/Lord_Howe', '15 2 * * *', '2026-10-02T18:00Z', ['2026-10-03T15:45', '2026-10-04T15:15']],
  [
    'Australia/Lord_Howe',
    '*/15 * * * *',
    '2026-04-04T14:20Z',
    ['2026-04-04T14:30', '2026-04-04T14:45', '2026-04-04T15:00', '2026-04-04T15:15', '2026-04-04T15:30'],
  ],
  ['Australia/Lord_Howe', '15 * * * *', '2026-10-03T14:50Z', ['2026-10-03T16:15', '2026-10-03T17:15']],
  ['Australia/Lord_Howe', '0 2 * * *', '2026-10-02T18:00Z', ['2026-10-03T15:30', '2026-10-04T15:00']],
  ['Australia/Lord_Howe', '29 2 * * *', '2026-10-02T18:00Z', ['2026-10-03T15:59', '2026-10-04T15:29']],
  ['Australia/Lord_Howe', '30 2 * * *', '2026-10-02T18:00Z', ['2026-10-03T15:30', '2026-10-04T15:30']],
  ['Australia/Lord_Howe', '30 1 * * *', '2026-04-03T18:00Z', ['2026-04-04T14:30', '2026-04-05T15:00']],
  ['Australia/Lord_Howe', '0 2 * * *', '2026-04-03T18:00Z', ['2026-04-04T15:30', '2026-04-05T15:30']],
  [
    'Australia/Lord_Howe',
    '0 * * * *',
    '2026-04-04T13:30Z',
    ['2026-04-04T14:00', '2026-04-04T15:30', '2026-04-04T16:30', '2026-04-04T17:30'],
  ],
  // Troll changes by two hours: forward 2026-03-29 01:00 → 03:00, back 2026-10-25 03:00 → 01:00, both at 01:00Z.
  ['Antarctica/Troll', '30 1 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:30', '2026-03-29T23:30']],
  ['Antarctica/Troll', '30 2 * * *', '2026-03-28T12:00Z', ['2026-03-29T02:30', '2026-03-30T00:30']],
  ['Antarctica/Troll', '30 1 * * *', '2026-10-24T12:00Z', ['2026-10-24T23:30', '2026-10-26T01:30']],
  [
    'Antarctica/Troll',
    '30 * * * *',
    '2026-10-24T23:00Z',
    ['2026-10-24T23:30', '2026-10-25T00:30', '2026-10-25T01:30', '2026-10-25T02:30'],
  ],
  ['Antarctica/Troll', '0 1 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-29T23:00']],
  ['Antarctica/Troll', '0 3 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T01:00']],
  ['Antarctica/Troll', '59 2 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:59', '2026-10-26T02:59']],
  ['Antarctica/Troll', '0 * * * *', '2026-03-28T23:30Z', ['2026-03-29T00:00', '2026-03-29T01:00', '2026-03-29T02:00']],
  [
    'Antarctica/Troll',
    '0 */2 * * *',
    '2026-10-24T21:30Z',
    ['2026-10-24T22:00', '2026-10-25T00:00', '2026-10-25T02:00', '2026-10-25T04:00'],
  ],
  // Beirut: forward 2026-03-29 00:00 → 01:00 at 2026-03-28T22:00Z; back 2026-10-25 00:00 → 2026-10-24 23:00 at 2026-10-24T21:00Z.
  ['Asia/Beirut', '0 0 * * *', '2026-03-28T12:00Z', ['2026-03-28T22:00', '2026-03-29T21:00']],
  ['Asia/Beirut', '30 0 * * *', '2026-03-28T12:00Z', ['2026-03-28T22:30', '2026-03-29T21:30']],
  ['Asia/Beirut', '30 23 * * *', '2026-10-24T12:00Z', ['2026-10-24T20:30', '2026-10-25T21:30']],
  ['Asia/Beirut', '0 0 * * *', '2026-10-24T12:00Z', ['2026-10-24T22:00', '2026-10-25T22:00']],
  ['Asia/Beirut', '59 23 * * *', '2026-03-28T12:00Z', ['2026-03-28T21:59', '2026-03-29T20:59']],
  [
    'Asia/Beirut',
    '*/30 * * * *',
    '2026-10-24T20:10Z',
    ['2026-10-24T20:30', '2026-10-24T21:00', '2026-10-24T21:30', '2026-10-24T22:00', '2026-10-24T22:30', '2026-10-24T23:00'],
  ],
  // Cairo: forward Friday 2026-04-24 00:00 → 01:00 at 2026-04-23T22:00Z; back Friday 2026-10-30 00:00 → Thursday 23:00 at 2026-10-29T21:00Z.
  ['Africa/Cairo', '0 0 * * *', '2026-04-23T12:00Z', ['2026-04-23T22:00', '2026-04-24T21:00']],
  ['Africa/Cairo', '0 0 * * fri', '2026-04-20T12:00Z', ['2026-04-23T22:00', '2026-04-30T21:00']],
  ['Africa/Cairo', '15 23 * * *', '2026-10-29T12:00Z', ['2026-10-29T20:15', '2026-10-30T21:15']],
  ['Africa/Cairo', '0 0 * * *', '2026-10-29T12:00Z', ['2026-10-29T22:00', '2026-10-30T22:00']],
  [
    'Africa/Cairo',
    '0 * * * *',
    '2026-10-29T19:30Z',
    ['2026-10-29T20:00', '2026-10-29T21:00', '2026-10-29T22:00', '2026-10-29T23:00'],
  ],
  ['Africa/Cairo', '0 * * * *', '2026-04-23T20:30Z', ['2026-04-23T21:00', '2026-04-23T22:00', '2026-04-23T23:00']],
  ['Africa/Cairo', '59 0 * * *', '2026-04-23T12:00Z', ['2026-04-23T22:59', '2026-04-24T21:59']],
  // Havana: forward 2026-03-08 00:00 → 01:00 at 05:00Z; back 2026-11-01 01:00 → 00:00 at 05:00Z.
  ['America/Havana', '0 0 * * *', '2026-03-07T12:00Z', ['2026-03-08T05:00', '2026-03-09T04:00']],
  ['America/Havana', '30 0 * * *', '2026-10-31T12:00Z', ['2026-11-01T04:30', '2026-11-02T05:30']],
  ['America/Havana', '30 * * * *', '2026-11-01T04:00Z', ['2026-11-01T04:30', '2026-11-01T05:30', '2026-11-01T06:30']],
  ['America/Havana', '0 0 * * *', '2026-10-31T12:00Z', ['2026-11-01T04:00', '2026-11-02T05:00']],
  ['America/Havana', '59 0 * * *', '2026-03-07T12:00Z', ['2026-03-08T05:59', '2026-03-09T04:59']],
  ['America/Havana', '0 1 * * *', '2026-03-07T12:00Z', ['2026-03-08T05:00', '2026-03-09T05:00']],
  ['America/Havana', '0 1 * * *', '2026-10-31T12:00Z', ['2026-11-01T06:00', '2026-11-02T06:00']],
  // Nuuk, over midnight: forward Saturday 2026-03-28 23:00 → Sunday 00:00, back Sunday 2026-10-25 00:00 → Saturday 23:00, both at 01:00Z.
  ['America/Nuuk', '30 23 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:30', '2026-03-30T00:30']],
  ['America/Nuuk', '30 23 * * sat', '2026-03-28T12:00Z', ['2026-03-29T01:30', '2026-04-05T00:30']],
  ['America/Nuuk', '30 0 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:30', '2026-03-30T01:30']],
  ['America/Nuuk', '30 23 * * *', '2026-10-24T12:00Z', ['2026-10-25T00:30', '2026-10-26T01:30']],
  ['America/Nuuk', '0 0 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T01:00']],
  ['America/Nuuk', '0 0 * * *', '2026-10-24T12:00Z', ['2026-10-25T02:00', '2026-10-26T02:00']],
  ['America/Nuuk', '0 23 * * *', '2026-03-28T12:00Z', ['2026-03-29T01:00', '2026-03-30T00:00']],
  ['America/Nuuk', '59 23 * * sat', '2026-10-24T12:00Z', ['2026-10-25T00:59', '2026-11-01T01:59']],
  [
    'America/Nuuk',
    '0 * * * *',
    '2026-10-24T23:30Z',
    ['2026-10-25T00:00', '2026-10-25T01:00', '2026-10-25T02:00', '2026-10-25T03:00'],
  ],
  // Apia had no 2011-12-30: from the end of the 29th at -10:00 to the 31st at +14:00, at 2011-12-30T10:00Z.
  ['Pacific/Apia', '0 12 * * *', '2011-12-29T00:00Z', ['2011-12-29T22:00', '2011-12-30T22:00', '2011-12-31T22:00']],
  ['Pacific/Apia', '0 0 30 12 *', '2011-06-01T00:00Z', ['2011-12-30T10:00', '2012-12-29T10:00']],
  ['Pacific/Apia', '0 * * * *', '2011-12-30T08:30Z', ['2011-12-30T09:00', '2011-12-30T10:00', '2011-12-30T11:00']],
  ['Pacific/Apia', '59 23 * * *', '2011-12-29T00:00Z', ['2011-12-29T09:59', '2011-12-30T09:59', '2011-12-31T09:59']],
  ['Pacific/Apia', '0 0 * * *', '2011-12-29T00:00Z', ['2011-12-29T10:00', '2011-12-30T10:00', '2011-12-31T10:00']],
  ['Pacific/Apia', '30 6 * * fri', '2011-12-23T00:00Z', ['2011-12-23T16:30', '2011-12-30T16:30', '2012-01-05T16:30']],
  [
    'Pacific/Apia',
    '*/30 * * * *',
    '2011-12-30T08:40Z',
    ['2011-12-30T09:00', '2011-12-30T09:30', '2011-12-30T10:00', '2011-12-30T10:30'],
  ],
  ['Pacific/Apia', '0 0 31 * *', '2011-12-01T00:00Z', ['2011-12-30T10:00', '2012-01-30T10:00']],
  // Casablanca: back for Ramadan 2026-02-15 03:00 → 02:00 at 02:00Z, forward again 2026-03-22 02:00 → 03:00 at 02:00Z.
  ['Africa/Casablanca', '30 2 * * *', '2026-02-14T12:00Z', ['2026-02-15T01:30', '2026-02-16T02:30']],
  ['Africa/Casablanca', '30 2 * * *', '2026-03-21T12:00Z', ['2026-03-22T02:30', '2026-03-23T01:30']],
];

describe('golden', () => {
  it.each(GOLDEN)('%s %s after %s', (zone, expression, after, slots) => {
    const got = take(timetable(expression, zone), Date.parse(after), slots.length).map(slot => minute(slot.at));
    expect(got).toEqual(slots);
  });
});

/** In UTC, later than 2026-01-01T00:00Z. */
const DAYS: readonly (readonly [expression: string, slots: readonly string[]])[] = [
  ['0 0 L * *', ['2026-01-31T00:00', '2026-02-28T00:00', '2026-03-31T00:00']],
  ['0 0 L 2 *', ['2026-02-28T00:00', '2027-02-28T00:00', '2028-02-29T00:00']],
  ['0 0 29 2 *', ['2028-02-29T00:00', '2032-02-29T00:00']],
  ['0 0 31 * *', ['2026-01-31T00:00', '2026-03-31T00:00', '2026-05-31T00:00']],
  ['0 0 * * 5L', ['2026-01-30T00:00', '2026-02-27T00:00', '2026-03-27T00:00']],
  ['0 0 * * 1L,3', ['2026-01-07T00:00', '2026-01-14T00:00', '2026-01-21T00:00', '2026-01-26T00:00', '2026-01-28T00:00']],
  ['0 0 * * mon#2', ['2026-01-12T00:00', '2026-02-09T00:00']],
  ['0 0 * * fri#5', ['2026-01-30T00:00', '2026-05-29T00:00', '2026-07-31T00:00']],
  ['0 0 * 2 mon#5', ['2044-02-29T00:00', '2072-02-29T00:00']],
  ['0 0 * * 7', ['2026-01-04T00:00', '2026-01-11T00:00']],
  ['0 0 13 * fri', ['2026-01-02T00:00', '2026-01-09T00:00', '2026-01-13T00:00', '2026-01-16T00:00']],
  ['0 0 1-7 * *', ['2026-01-02T00:00', '2026-01-03T00:00']],
  ['0 9 * mar-apr mon-fri', ['2026-03-02T09:00', '2026-03-03T09:00']],
  ['@hourly', ['2026-01-01T01:00', '2026-01-01T02:00']],
  ['@daily', ['2026-01-02T00:00', '2026-01-03T00:00']],
  ['@weekly', ['2026-01-04T00:00', '2026-01-11T00:00']],
  ['@monthly', ['2026-02-01T00:00', '2026-03-01T00:00']],
  ['@yearly', ['2027-01-01T00:00', '2028-01-01T00:00']],
  ['@weekdays', ['2026-01-02T00:00', '2026-01-05T00:00']],
  ['@weekends', ['2026-01-03T00:00', '2026-01-04T00:00']],
];

describe('days', () => {
  it.each(DAYS)('%s', (expression, slots) => {
    const got = take(timetable(expression, 'UTC'), Date.UTC(2026, 0, 1), slots.length).map(slot => minute(slot.at));
    expect(got).toEqual(slots);
  });

  it('the slot asked at is not the next one; a millisecond before, it is', () => {
    const table = timetable('0 0 * * *', 'UTC');
    const at = Date.UTC(2026, 0, 2);
    expect(take(table, at, 1)[0]?.at).toBe(at + 86_400_000);
    expect(take(table, at - 1, 1)[0]?.at).toBe(at);
  });

  it('six fields count seconds', () => {
    const got = take(timetable('*/20 59 23 * * *', 'UTC', true), Date.UTC(2026, 0, 1), 4).map(slot => slot.at % 86_400_000);
    expect(got).toEqual([86_340_000, 86_360_000, 86_380_000, 86_340_000]);
  });

  it('an expression that no day fits has no slots, and the search ends', () => {
    const fields = { ...tableFields('0 0 31 1 *'), months: new Set([2]) };
    expect([...slotsAfter({ kind: 'cron', fields, zone: zoneNamed('UTC') }, 0)]).toEqual([]);
  });
});

describe('every', () => {
  const every = {
    kind: 'every',
    everyMs: 900_000,
    anchor: Date.UTC(2026, 0, 1, 0, 7),
    zone: zoneNamed('Europe/Zurich'),
  } as const;

  it('counts from its anchor in real time, wherever it is asked', () => {
    const got = take(every, every.anchor, 3).map(slot => minute(slot.at));
    expect(got).toEqual(['2026-01-01T00:22', '2026-01-01T00:37', '2026-01-01T00:52']);
    expect(minute(take(every, Date.parse('2026-03-29T01:00Z'), 1)[0]?.at ?? 0)).toBe('2026-03-29T01:07');
    expect(take(every, every.anchor - 5, 1)[0]?.at).toBe(every.anchor + 900_000);
  });

  it('is cut at a limit and an end', () => {
    expect(slotsBetween(every, every.anchor, every.anchor + 2_700_000, 10)).toHaveLength(3);
    expect(slotsBetween(every, every.anchor, every.anchor + 2_700_000, 2)).toHaveLength(2);
  });
});

function tableFields(expression: string) {
  const table = timetable(expression, 'UTC');
  if (table.kind !== 'cron') throw new Error('cron expected');
  return table.fields;
}
