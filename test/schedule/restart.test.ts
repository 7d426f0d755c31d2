// A scheduler that is replaced in every minute of the hours in which the clocks change: no slot is lost, none runs twice.
import { expect, it } from 'vitest';
import { slotsBetween } from '../../src/schedule/slots.ts';
import { timetableOf } from '../../src/schedule/timetable.ts';
import { jobOf, MINUTE, pass, world } from './world.ts';

const HOURS = 3;
const EXPRESSIONS = [
  '0 0 * * *',
  '30 0 * * *',
  '30 1 * * *',
  '15 2 * * *',
  '30 2 * * *',
  '45 23 * * *',
  '0 * * * *',
  '*/20 * * * *',
];

/** Each change is in the second of the three hours. */
it.each([
  ['Europe/Zurich', '2026-03-29T00:00Z'],
  ['Europe/Zurich', '2026-10-25T00:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T14:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T14:30Z'],
  ['Antarctica/Troll', '2026-03-29T00:00Z'],
  ['Antarctica/Troll', '2026-10-25T00:00Z'],
  ['Asia/Beirut', '2026-03-28T21:00Z'],
  ['Africa/Cairo', '2026-04-23T21:00Z'],
  ['America/Havana', '2026-11-01T04:00Z'],
  ['America/Nuuk', '2026-03-29T00:00Z'],
  ['Pacific/Apia', '2011-12-30T09:00Z'],
])('%s from %s', async (timezone, start) => {
  const from = Date.parse(start);
  const w = await world(from);
  const jobs = EXPRESSIONS.map((cron, i) => jobOf(`job-${i}`, { schedule: { cron, timezone } }));
  for (let pid = 1; pid <= HOURS * 60; pid++) {
    // Between two of them nobody is there: a third of each minute, from one millisecond on.
    await pass(w, await w.scheduler(pid, jobs), 40_000 + (pid % 20) * 1_000);
    w.dead.add(pid);
    await w.clock.advance(from + pid * MINUTE + (pid % 3) - w.clock.now());
  }
  await pass(w, await w.scheduler(999, jobs), 1);
  for (const { name, schedules } of jobs) {
    const [schedule] = schedules;
    if (schedule === undefined) throw new Error('a schedule expected');
    const due = slotsBetween(timetableOf(schedule, { job: name, anchor: from }), from, w.clock.now(), 1_000).map(({ at }) => at);
    const ran = w.begun.filter(({ job }) => job === name).map(({ slot }) => slot);
    expect(ran, schedule.cron).toEqual(due);
  }
  expect(w.begun.length).toBeGreaterThanOrEqual(10);
});
