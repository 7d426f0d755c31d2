// Every clock change of 40 zones from 2020 to 2040 under 30 expressions: slots ascend, asking again from anywhere gives the same ones,
// and a fixed time is due exactly once a day.
import { beforeAll, describe, expect, it } from 'vitest';
import { DAY_MS } from '../../src/schedule/cron-fields.ts';
import { nextSlot, type Slot, slotsBetween } from '../../src/schedule/slots.ts';
import { zoneNamed } from '../../src/schedule/zone.ts';
import { timetable } from './ask.ts';
import { type Change, changesOf, offsetIn, ZONES } from './zones.ts';

const FIXED = [
  ...['0 0 * * *', '30 0 * * *', '59 0 * * *', '0 1 * * *', '15 1 * * *', '30 1 * * *', '0 2 * * *', '15 2 * * *', '30 2 * * *'],
  ...[
    '59 2 * * *',
    '0 3 * * *',
    '30 3 * * *',
    '45 1 * * *',
    '0 12 * * *',
    '59 23 * * *',
    '30 23 * * *',
    '0 23 * * *',
    'H H * * *',
  ],
];
const SEVERAL = ['0,30 1-3 * * *', '*/20 0-23 * * *', '0 2 * * 0', '30 1 L,1 * *', '15 2 * * sun#2'];
const INTERVALS = ['0 * * * *', '30 * * * *', '*/15 * * * *', '0 */2 * * *', '7 */3 * * *', '59 * * * 6,0', '* * * * *'];
const EXPRESSIONS = [...FIXED, ...SEVERAL, ...INTERVALS];
const AROUND_MS = 30 * 3_600_000;
const LIMIT = 10_000;

let changes: readonly Change[] = [];
beforeAll(() => {
  changes = ZONES.flatMap(zone => changesOf(zone, Date.UTC(2020, 0, 1), Date.UTC(2041, 0, 1)));
  // The one that left out a day is older.
  changes = [...changes, ...changesOf('Pacific/Apia', Date.UTC(2011, 11, 1), Date.UTC(2012, 0, 31))];
});

it('there is something to test', () => {
  expect(ZONES.length).toBe(40);
  expect(EXPRESSIONS.length).toBe(30);
  expect(changes.length).toBeGreaterThan(900);
});

it('our offsets are those of Intl on both sides of every change', () => {
  const wrong = changes.filter(({ zone, at, before, after }) => {
    const ours = zoneNamed(zone);
    return ours.offsetAt(at - 1) !== before || ours.offsetAt(at) !== after || offsetIn(zone)(at) !== after;
  });
  expect(wrong).toEqual([]);
});

describe.each(EXPRESSIONS)('%s', expression => {
  it('ascends and is stateless at every change', () => {
    const wrong = changes.filter(change => !isStateless(expression, change));
    expect(wrong.slice(0, 3)).toEqual([]);
  });
});

describe.each(FIXED)('%s', expression => {
  it('is due once a local day', () => {
    const wrong = changes.filter(({ zone, at, before, after }) => {
      // The 31st of Apia has the slot of the 30th, which never was, at the same instant as its own.
      if (after - before === DAY_MS) return false;
      const { zone: ours } = timetable(expression, zone);
      const first = Math.floor((at + ours.offsetAt(at)) / DAY_MS) - 2;
      const days = around(expression, { zone, at }, 3.5 * DAY_MS).map(slot => Math.floor(slot.nominal / DAY_MS));
      const wanted = [first, first + 1, first + 2, first + 3, first + 4];
      return wanted.some(day => days.filter(other => other === day).length !== 1);
    });
    expect(wrong).toEqual([]);
  });
});

describe.each(['0 * * * *', '30 * * * *', '0 */2 * * *'])('%s', expression => {
  it('is due at every instant whose wall clock matches, and at no other', () => {
    const minutes = expression.startsWith('30') ? 30 : 0;
    const wrong = changes.filter(({ zone, at }) => {
      const offset = offsetIn(zone);
      const wanted: number[] = [];
      for (let t = Math.floor((at - AROUND_MS) / 900_000) * 900_000 + 900_000; t <= at + AROUND_MS; t += 900_000) {
        const wall = new Date(t + offset(t));
        if (wall.getUTCMinutes() === minutes && (!expression.includes('*/2') || wall.getUTCHours() % 2 === 0)) wanted.push(t);
      }
      const got = around(expression, { zone, at }, AROUND_MS).map(slot => slot.at);
      return JSON.stringify(got) !== JSON.stringify(wanted);
    });
    expect(wrong).toEqual([]);
  });
});

it('a day that was left out brings one slot for itself and the day after', () => {
  for (const expression of FIXED) {
    const [start, end] = [Date.parse('2011-12-29T10:00Z'), Date.parse('2012-01-01T10:00Z')];
    const slots = slotsBetween(timetable(expression, 'Pacific/Apia'), start - 1, end - 1, LIMIT);
    const days = slots.map(({ nominal }) => new Date(nominal).toISOString().slice(0, 10));
    expect(days, expression).toEqual(['2011-12-29', '2011-12-30', '2012-01-01']);
    expect(slots.map(({ at }) => at - (slots[0]?.at ?? 0))).toEqual([0, DAY_MS, 2 * DAY_MS]);
  }
});

it.each([
  ['Europe/Zurich', '2026-03-29T00:30Z'],
  ['Europe/Zurich', '2026-10-25T00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:00Z'],
  ['Antarctica/Troll', '2026-10-25T00:00Z'],
  ['America/Havana', '2026-11-01T03:00Z'],
])('a scheduler in %s that restarts at each minute from %s neither loses nor doubles', (zone, start) => {
  const from = Date.parse(start);
  for (const expression of EXPRESSIONS) {
    const table = timetable(expression, zone);
    const whole = slotsBetween(table, from, from + 4 * 3_600_000, LIMIT).map(slot => slot.at);
    const pieces: number[] = [];
    for (let at = from; at < from + 4 * 3_600_000; at += 60_000)
      pieces.push(...slotsBetween(table, at, at + 60_000, LIMIT).map(s => s.at));
    expect(pieces, expression).toEqual(whole);
  }
});

function around(expression: string, { zone, at }: Pick<Change, 'zone' | 'at'>, reachMs: number): readonly Slot[] {
  return slotsBetween(timetable(expression, zone), at - reachMs, at + reachMs, LIMIT);
}

function isStateless(expression: string, change: Change): boolean {
  const table = timetable(expression, change.zone);
  const slots = slotsBetween(table, change.at - AROUND_MS, change.at + AROUND_MS, LIMIT).map(slot => slot.at);
  if (slots.some((at, i) => i > 0 && at <= (slots[i - 1] ?? 0))) return false;
  const size = Math.abs(change.after - change.before);
  const near = slots.filter(at => Math.abs(at - change.at) <= 2 * size).filter((_, i) => i % 7 === 0);
  const moments = [-size - 1, -size, -1, 0, 1, size / 2 + 60_000, size, 2 * size + 720_000].map(ms => change.at + ms);
  return [...moments, ...near, ...near.map(at => at - 1)].every(moment => {
    const wanted = slots.find(at => at > moment);
    return wanted === undefined || nextSlot(table, moment)?.at === wanted;
  });
}
