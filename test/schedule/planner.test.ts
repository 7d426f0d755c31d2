// Misfire × overlap × what the job is doing × live or missed: every combination, one line each.
import { describe, expect, it } from 'vitest';
import { CATCH_UP_MAX, LATE_MS, LATE_MS_MIN, type PlanRequest, planSlots } from '../../src/schedule/planner.ts';

const NOW = Date.UTC(2026, 10, 22, 12);
const HOUR = 3_600_000;
/** Two missed an hour apart, or one just due. */
const MISSED = [NOW - 2 * HOUR, NOW - HOUR];
const LIVE = [NOW - 1_000];

const SHORT = { started: 'start', queued: 'queue', skipped: 'skip' } as const;

function plan(
  overrides: Partial<PlanRequest> & { misfire?: 'one' | 'all' | 'skip'; overlap?: PlanRequest['rules']['overlap'] },
): string {
  const { misfire = 'one', overlap = 'queue', ...rest } = overrides;
  const request = { now: NOW, slots: LIVE, rules: { misfire, overlap }, jitterMs: 0, busy: false, waiting: false, ...rest };
  return planSlots(request)
    .map(v => (v.action === 'skipped' ? `skip:${v.reason}` : `${SHORT[v.action]}${v.replaces ? '+replace' : ''}`))
    .join(' ');
}

const STATES = {
  idle: { busy: false, waiting: false },
  busy: { busy: true, waiting: false },
  waiting: { busy: true, waiting: true },
} as const;

type Row = readonly [
  misfire: 'one' | 'all' | 'skip',
  overlap: 'queue' | 'skip' | 'replace' | 'allow',
  state: keyof typeof STATES,
];

/** live slot · two missed · two missed and a live one */
const TABLE: readonly (readonly [...Row, live: string, missed: string, both: string])[] = [
  ['one', 'queue', 'idle', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['one', 'queue', 'busy', 'queue', 'skip:coalesced queue', 'skip:coalesced skip:coalesced queue'],
  ['one', 'queue', 'waiting', 'skip:overlap', 'skip:coalesced skip:overlap', 'skip:coalesced skip:coalesced skip:overlap'],
  ['one', 'skip', 'idle', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['one', 'skip', 'busy', 'skip:overlap', 'skip:coalesced skip:overlap', 'skip:coalesced skip:coalesced skip:overlap'],
  ['one', 'skip', 'waiting', 'skip:overlap', 'skip:coalesced skip:overlap', 'skip:coalesced skip:coalesced skip:overlap'],
  ['one', 'replace', 'idle', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['one', 'replace', 'busy', 'start+replace', 'skip:coalesced start+replace', 'skip:coalesced skip:coalesced start+replace'],
  ['one', 'replace', 'waiting', 'start+replace', 'skip:coalesced start+replace', 'skip:coalesced skip:coalesced start+replace'],
  ['one', 'allow', 'idle', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['one', 'allow', 'busy', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['one', 'allow', 'waiting', 'start', 'skip:coalesced start', 'skip:coalesced skip:coalesced start'],
  ['all', 'queue', 'idle', 'start', 'start queue', 'start queue queue'],
  ['all', 'queue', 'busy', 'queue', 'queue queue', 'queue queue queue'],
  ['all', 'queue', 'waiting', 'skip:overlap', 'queue queue', 'queue queue queue'],
  ['all', 'skip', 'idle', 'start', 'start queue', 'start queue queue'],
  ['all', 'skip', 'busy', 'skip:overlap', 'skip:overlap skip:overlap', 'skip:overlap skip:overlap skip:overlap'],
  ['all', 'skip', 'waiting', 'skip:overlap', 'skip:overlap skip:overlap', 'skip:overlap skip:overlap skip:overlap'],
  ['all', 'replace', 'idle', 'start', 'start queue', 'start queue queue'],
  ['all', 'replace', 'busy', 'start+replace', 'start+replace queue', 'start+replace queue queue'],
  ['all', 'replace', 'waiting', 'start+replace', 'start+replace queue', 'start+replace queue queue'],
  ['all', 'allow', 'idle', 'start', 'start start', 'start start start'],
  ['all', 'allow', 'busy', 'start', 'start start', 'start start start'],
  ['all', 'allow', 'waiting', 'start', 'start start', 'start start start'],
  ['skip', 'queue', 'idle', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
  ['skip', 'queue', 'busy', 'queue', 'skip:missed skip:missed', 'skip:missed skip:missed queue'],
  ['skip', 'queue', 'waiting', 'skip:overlap', 'skip:missed skip:missed', 'skip:missed skip:missed skip:overlap'],
  ['skip', 'skip', 'idle', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
  ['skip', 'skip', 'busy', 'skip:overlap', 'skip:missed skip:missed', 'skip:missed skip:missed skip:overlap'],
  ['skip', 'skip', 'waiting', 'skip:overlap', 'skip:missed skip:missed', 'skip:missed skip:missed skip:overlap'],
  ['skip', 'replace', 'idle', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
  ['skip', 'replace', 'busy', 'start+replace', 'skip:missed skip:missed', 'skip:missed skip:missed start+replace'],
  ['skip', 'replace', 'waiting', 'start+replace', 'skip:missed skip:missed', 'skip:missed skip:missed start+replace'],
  ['skip', 'allow', 'idle', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
  ['skip', 'allow', 'busy', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
  ['skip', 'allow', 'waiting', 'start', 'skip:missed skip:missed', 'skip:missed skip:missed start'],
];

it('the table holds every combination once', () => {
  expect(new Set(TABLE.map(([misfire, overlap, state]) => `${misfire} ${overlap} ${state}`)).size).toBe(3 * 4 * 3);
});

describe.each(TABLE)('misfire %s, overlap %s, %s', (misfire, overlap, state, live, missed, both) => {
  const around = { misfire, overlap, ...STATES[state] };
  it(`a live slot: ${live}`, () => expect(plan(around)).toBe(live));
  it(`two missed: ${missed}`, () => expect(plan({ ...around, slots: MISSED })).toBe(missed));
  it(`two missed and a live one: ${both}`, () => expect(plan({ ...around, slots: [...MISSED, ...LIVE] })).toBe(both));
  it('paused: all skipped', () => expect(plan({ ...around, slots: MISSED, paused: 'holidays' })).toBe('skip:paused skip:paused'));
});

describe('bounds', () => {
  it('a slot is late one millisecond after the grace, jitter not counted', () => {
    expect(plan({ slots: [NOW - LATE_MS], misfire: 'skip' })).toBe('start');
    expect(plan({ slots: [NOW - LATE_MS - 1], misfire: 'skip' })).toBe('skip:missed');
    expect(plan({ slots: [NOW - LATE_MS - 500], misfire: 'skip', jitterMs: 500 })).toBe('start');
  });

  it('a slot with a next one is late once that is due, but not before ten seconds', () => {
    const every = (periodMs: number, count: number, misfire: 'one' | 'skip' = 'skip', ms = 0) =>
      plan({ slots: Array.from({ length: count }, (_, i) => NOW - ms - (count - 1 - i) * periodMs), misfire, overlap: 'allow' });
    expect(every(20_000, 3)).toBe('skip:missed start start');
    expect(every(20_000, 3, 'skip', 1)).toBe('skip:missed skip:missed start');
    expect(every(20_000, 4, 'one', 1)).toBe('skip:coalesced skip:coalesced skip:coalesced start');
    expect(every(1_000, LATE_MS_MIN / 1_000 + 1)).not.toContain('skip');
    expect(every(1_000, LATE_MS_MIN / 1_000 + 2)).toMatch(/^skip:missed start/);
    expect(every(45_000, 2)).toBe('start start');
    expect(every(90_000, 2)).toBe('skip:missed start');
  });

  it('max-age skips what is older, and only that', () => {
    const rules = (maxAgeMs: number) => ({ rules: { misfire: 'all', overlap: 'allow', maxAgeMs } as const, slots: MISSED });
    expect(plan(rules(2 * HOUR))).toBe('start start');
    expect(plan(rules(2 * HOUR - 1))).toBe('skip:too-old start');
    expect(plan(rules(1_000))).toBe('skip:too-old skip:too-old');
    expect(plan({ ...rules(2 * HOUR - 1), jitterMs: 1 })).toBe('start start');
  });

  it('all takes up the newest, up to a limit', () => {
    const slots = Array.from({ length: CATCH_UP_MAX + 2 }, (_, i) => NOW - (CATCH_UP_MAX + 2 - i) * HOUR);
    const words = plan({ slots, misfire: 'all' }).split(' ');
    expect(words.slice(0, 3)).toEqual(['skip:missed', 'skip:missed', 'start']);
    expect(words.slice(3)).toEqual(Array(CATCH_UP_MAX - 1).fill('queue'));
  });

  it('several live slots heed each other', () => {
    const slots = [NOW - 3_000, NOW - 2_000, NOW - 1_000];
    expect(plan({ slots })).toBe('start queue skip:overlap');
    expect(plan({ slots, overlap: 'skip' })).toBe('start skip:overlap skip:overlap');
    expect(plan({ slots, overlap: 'replace' })).toBe('start start+replace start+replace');
  });

  it('nothing due, nothing decided', () => expect(planSlots({ ...base(), slots: [] })).toEqual([]));
});

function base(): PlanRequest {
  return { now: NOW, slots: [], rules: { misfire: 'one', overlap: 'queue' }, jitterMs: 0, busy: false, waiting: false };
}
