// The one timer: rings to the millisecond, however far away a slot is, and is looked at again in between for clocks that jump.
import { expect, it } from 'vitest';
import { jobOf, MINUTE, pass, T0, type World, world } from './world.ts';

const DAY = 1_440 * MINUTE;

/** What the loop asks its clock for, in milliseconds. */
function sleepsOf({ clock }: World): number[] {
  const sleeps: number[] = [];
  const sleep = clock.sleep.bind(clock);
  clock.sleep = (ms, signal) => {
    sleeps.push(ms);
    return sleep(ms, signal);
  };
  return sleeps;
}

it('begins runs at the very millisecond of their slots', async () => {
  const w = await world();
  const jobs = [
    jobOf('a', { schedule: { cron: '7,23 * * * * *', seconds: true, timezone: 'UTC' } }),
    jobOf('b', { schedule: { everyMs: 12_345 } }),
    jobOf('c', { schedule: { cron: '*/2 * * * *', timezone: 'UTC' } }),
  ];
  await pass(w, await w.scheduler(1, jobs), 5 * MINUTE);
  expect(w.begun.filter(({ startedAt, slot }) => startedAt !== slot)).toEqual([]);
  expect(new Set(w.begun.map(({ job }) => job))).toEqual(new Set(['a', 'b', 'c']));
});

it('adds jitter to the millisecond', async () => {
  const w = await world();
  const job = (name: string) => jobOf(name, { schedule: { cron: '* * * * *', timezone: 'UTC', jitterMs: 40_000 } });
  const scheduler = await w.scheduler(1, ['a', 'b', 'c'].map(job));
  await pass(w, scheduler, 5 * MINUTE);
  for (const { job: name, startedAt, slot = 0 } of w.begun) {
    const entry = scheduler.agenda.entry({ job: name, schedule: '* * * * * UTC' });
    expect(startedAt - slot).toBe(entry?.jitterMs);
  }
  expect(new Set(w.begun.map(({ startedAt, slot = 0 }) => startedAt - slot)).size).toBe(3);
});

it('never sleeps longer than a minute, and meets a slot that is further away than a timer reaches', async () => {
  const w = await world();
  const sleeps = sleepsOf(w);
  const due = T0 + 40 * DAY;
  const job = jobOf('a', { schedule: { cron: '0 12 1 1 *', timezone: 'UTC' } });
  expect(new Date(due).toISOString()).toBe('2027-01-01T12:00:00.000Z');
  // Nobody was there for most of it.
  await pass(w, await w.scheduler(1, [job]), MINUTE);
  w.dead.add(1);
  await w.clock.advance(due - w.clock.now() - 3 * MINUTE - 1);
  await pass(w, await w.scheduler(2, [job]), 5 * MINUTE);
  expect(w.begun.map(({ startedAt }) => startedAt)).toEqual([due]);
  expect(Math.max(...sleeps)).toBeLessThanOrEqual(MINUTE);
});

it.each([
  ['a clock that is set forward', 10 * MINUTE],
  ['a machine that slept for a night', 480 * MINUTE],
])('%s: a slot that passed meanwhile begins within a minute', async (_, jump) => {
  const w = await world();
  const scheduler = await w.scheduler(1, [jobOf('a', { schedule: { cron: '5 12 * * *', timezone: 'UTC' } })]);
  await pass(w, scheduler, MINUTE);
  const stop = new AbortController();
  const running = scheduler.run(stop.signal);
  await w.clock.advance(1_000);
  w.clock.step(jump);
  const after = w.clock.now();
  await w.clock.advance(2 * MINUTE);
  stop.abort();
  await running;
  expect(w.begun).toHaveLength(1);
  expect((w.begun[0]?.startedAt ?? Number.NaN) - after).toBeLessThanOrEqual(MINUTE);
});

it('looks at a free place at once when a run ends', async () => {
  const w = await world();
  w.lasts = () => 90_000;
  await pass(w, await w.scheduler(1, [jobOf('a')]), 5 * MINUTE);
  expect(w.begun.map(({ startedAt }) => startedAt - T0)).toEqual([MINUTE, MINUTE + 90_000, MINUTE + 180_000]);
});
