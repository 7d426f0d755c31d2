// The loop on a virtual clock: what is due is decided and begun once, whatever dies, sleeps or is set back in between.
import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/errors.ts';
import { jobOf, MINUTE, pass, T0, world } from './world.ts';

const minutes = (times: readonly (number | undefined)[]) => times.map(at => ((at ?? Number.NaN) - T0) / MINUTE);

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i);

describe('slots', () => {
  it('run at their time, each once', async () => {
    const w = await world();
    await pass(w, await w.scheduler(1, [jobOf('a')]), 3 * MINUTE + 1);
    expect(w.begun.map(({ startedAt, slot }) => [startedAt, slot])).toEqual(
      [1, 2, 3].map(n => [T0 + n * MINUTE, T0 + n * MINUTE]),
    );
    expect((await w.store.runs({ limit: 9 })).map(({ status }) => status)).toEqual(['succeeded', 'succeeded', 'succeeded']);
    expect(await w.store.slots.waiting(9)).toEqual([]);
  });

  it('a new schedule never fires for the past, nor does an edited one', async () => {
    const w = await world();
    const scheduler = await w.scheduler(1, [jobOf('a', { schedule: { cron: '0 11 * * *', timezone: 'UTC' } })]);
    await pass(w, scheduler, 5 * MINUTE);
    await scheduler.setJobs([jobOf('a', { schedule: { cron: '2 * * * *', timezone: 'UTC' } })]);
    await pass(w, scheduler, 5 * MINUTE);
    expect(w.begun).toEqual([]);
    expect((await w.store.slots.cursors('a')).map(({ schedule }) => schedule)).toEqual(['2 * * * * UTC']);
  });

  it('every: counts from when it was first seen, also after a restart', async () => {
    const w = await world();
    const job = jobOf('a', { schedule: { everyMs: 10 * MINUTE } });
    await pass(w, await w.scheduler(1, [job]), 13 * MINUTE);
    w.dead.add(1);
    await pass(w, await w.scheduler(2, [job]), 10 * MINUTE);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([10, 20]);
  });

  it('jitter starts later, and the slot stays', async () => {
    const w = await world();
    const job = jobOf('a', { schedule: { cron: '1 * * * *', timezone: 'UTC', jitterMs: 50_000 } });
    await pass(w, await w.scheduler(1, [job]), 2 * MINUTE);
    const [run] = w.begun;
    expect(run?.slot).toBe(T0 + MINUTE);
    expect(run?.startedAt).toBeGreaterThan(T0 + MINUTE);
    expect(run?.startedAt).toBeLessThan(T0 + MINUTE + 50_000);
  });

  it('a paused job is skipped with its reason', async () => {
    const w = await world();
    await w.store.slots.pause({ job: 'a', since: T0, reason: 'server moves' });
    await pass(w, await w.scheduler(1, [jobOf('a')]), MINUTE + 1);
    expect(w.begun).toEqual([]);
    expect(w.reports).toMatchObject([{ event: 'slot-skipped', message: 'paused: server moves', facts: { reason: 'paused' } }]);
  });

  it('three days of sleep become one run, and every slot has its decision', async () => {
    const w = await world();
    const job = jobOf('a');
    await pass(w, await w.scheduler(1, [job]), MINUTE);
    w.dead.add(1);
    await w.clock.advance(3 * 1_440 * MINUTE + 30_000);
    await pass(w, await w.scheduler(2, [job]), 1);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([1, 4_321]);
    const decisions = await w.store.slots.decisions({ limit: 10_000 });
    expect(decisions).toHaveLength(4_321);
    expect(new Set(decisions.map(({ action, reason }) => reason ?? action))).toEqual(new Set(['started', 'coalesced']));
  });

  it('a month of minutes away is more than is looked at together, and loses nothing', async () => {
    const w = await world();
    const job = jobOf('a');
    await w.scheduler(1, [job]);
    w.dead.add(1);
    await w.clock.advance(31 * 1_440 * MINUTE + 30_000);
    await pass(w, await w.scheduler(2, [job]), 1);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([31 * 1_440]);
    const [last, first] = [
      await w.store.slots.decisions({ limit: 1 }),
      await w.store.slots.decisions({ until: T0 + MINUTE, limit: 1 }),
    ];
    expect([last[0]?.action, first[0]?.reason]).toEqual(['started', 'coalesced']);
  });

  it('a clock that is set back decides nothing twice', async () => {
    const w = await world();
    const scheduler = await w.scheduler(1, [jobOf('a')]);
    await pass(w, scheduler, 10 * MINUTE);
    w.clock.step(-5 * MINUTE);
    await pass(w, scheduler, 7 * MINUTE);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });
});

describe('what waits to begin', () => {
  it('is not too old while it waits for its jitter', async () => {
    const w = await world();
    const schedule = { cron: '1 12 * * *', timezone: 'UTC', jitterMs: 50_000, maxAgeMs: 1 };
    await pass(w, await w.scheduler(1, [jobOf('a', { schedule })]), 2 * MINUTE);
    expect(w.begun).toHaveLength(1);
    expect(w.begun[0]?.startedAt).toBeGreaterThan(T0 + MINUTE + 1);
  });

  it('does not begin when its job is paused meanwhile', async () => {
    const w = await world();
    w.lasts = () => 5 * MINUTE;
    const scheduler = await w.scheduler(1, [jobOf('a')]);
    await pass(w, scheduler, 2 * MINUTE + 1);
    expect(await w.store.slots.waiting(9)).toHaveLength(1);
    await w.store.slots.pause({ job: 'a', since: w.clock.now(), reason: 'server moves' });
    await pass(w, scheduler, 8 * MINUTE);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([1]);
    const [, second] = (await w.store.slots.decisions({ limit: 99 })).toReversed();
    expect(second).toMatchObject({ slot: T0 + 2 * MINUTE, action: 'skipped', reason: 'paused', open: false });
    expect(second).not.toHaveProperty('run');
  });

  it('does not begin when it is cancelled at that very moment', async () => {
    const w = await world();
    const { begin } = w.store;
    w.store.begin = async (run, steps, options) => {
      for (const waiting of await w.store.slots.waiting(9)) await w.store.slots.withdraw(waiting, 'cancelled', 'by hand');
      return begin.call(w.store, run, steps, options);
    };
    await pass(w, await w.scheduler(1, [jobOf('a')]), MINUTE + 1);
    expect([w.begun, await w.store.runs({ limit: 9 })]).toEqual([[], []]);
    expect(await w.store.slots.decisions({ limit: 9 })).toMatchObject([{ action: 'skipped', reason: 'cancelled' }]);
  });
});

describe('a clock that was ahead', () => {
  const DAY = 1_440 * MINUTE;

  it('by years: once it is right again, slots are due at their time', async () => {
    const w = await world();
    const scheduler = await w.scheduler(1, [jobOf('a', { schedule: { cron: '5 * * * *', timezone: 'UTC' } })]);
    w.clock.step(500 * DAY);
    await pass(w, scheduler, 10 * MINUTE);
    w.clock.step(-500 * DAY);
    await pass(w, scheduler, 60 * MINUTE);
    const slots = w.begun.map(({ slot = 0 }) => new Date(slot).toISOString().slice(0, 16));
    expect(slots).toEqual(['2028-04-05T11:05', '2028-04-05T12:05', '2026-11-22T13:05']);
    expect(w.reports).toContainEqual(expect.objectContaining({ event: 'clock-back', facts: { schedules: 1 } }));
    const later = await w.store.slots.decisions({ since: w.clock.now(), limit: 9 });
    expect(later.map(({ action }) => action)).toEqual(['started', 'started']);
  });

  it('when the job was first seen: it does not begin in the future', async () => {
    const w = await world(T0 + 1_000 * DAY);
    const job = jobOf('a', { schedule: { everyMs: 10 * MINUTE } });
    const scheduler = await w.scheduler(1, [job]);
    w.clock.step(-1_000 * DAY);
    await pass(w, scheduler, 21 * MINUTE);
    expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([10, 20]);
  });

  it('while a run waited: it begins no earlier than its slot says', async () => {
    const w = await world();
    w.lasts = () => 90_000;
    const scheduler = await w.scheduler(1, [jobOf('a')]);
    w.clock.step(60 * MINUTE);
    await pass(w, scheduler, 2 * MINUTE);
    w.clock.step(-60 * MINUTE);
    w.lasts = () => 0;
    await pass(w, scheduler, 70 * MINUTE);
    const slots = minutes(w.begun.map(({ slot }) => slot));
    expect(new Set(slots).size).toBe(slots.length);
    expect(slots.filter(slot => slot >= 3)).toEqual([59, 60, ...range(3, 58), ...range(61, 72)]);
    for (const { slot = 0, startedAt } of w.begun) expect(startedAt).toBeGreaterThanOrEqual(slot);
  });
});

describe('two schedulers on one store', () => {
  it('begin each slot once', async () => {
    const w = await world();
    const jobs = [jobOf('a'), jobOf('b'), jobOf('c', { overlap: 'allow' })];
    const [one, two] = [await w.scheduler(1, jobs), await w.scheduler(2, jobs)];
    const stop = new AbortController();
    const running = [one.run(stop.signal), two.run(stop.signal)];
    await w.clock.advance(20 * MINUTE + 1);
    stop.abort();
    await Promise.all(running);
    expect(w.begun).toHaveLength(60);
    expect(new Set(w.begun.map(({ id }) => id)).size).toBe(60);
  });

  it('one takes up what the other left when it died, and counts the crash', async () => {
    const w = await world();
    w.lasts = () => 90_000;
    const job = jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } });
    const [one, two] = [await w.scheduler(1, [job]), await w.scheduler(2, [])];
    await pass(w, one, 2 * MINUTE);
    expect(w.begun).toHaveLength(1);
    w.dead.add(1);
    await pass(w, two, 3 * MINUTE);
    expect(w.begun.map(({ owner, crashes, fence }) => ({ owner, crashes, fence }))).toEqual([
      { owner: 'host:1', crashes: undefined, fence: undefined },
      { owner: 'host:2', crashes: 1, fence: 3 },
    ]);
    expect(await w.store.runs({ limit: 9 })).toMatchObject([{ status: 'succeeded', crashes: 1 }]);
  });

  it('a silent one loses its runs after the lease, and what it says afterwards is refused', async () => {
    const w = await world();
    w.lasts = () => 10 * MINUTE;
    const job = jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } });
    const [one, two] = [await w.scheduler(1, [job]), await w.scheduler(2, [])];
    await pass(w, one, MINUTE + 1);
    // It sleeps now; its run goes on without its beat.
    await pass(w, two, MINUTE);
    expect(w.begun.map(({ owner }) => owner)).toEqual(['host:1', 'host:2']);
    const [run] = w.begun;
    const late = {
      type: 'run-finished',
      status: 'succeeded',
      steps: {},
      durationMs: 1,
      seq: 9,
      at: 1,
      run: run?.id ?? '',
    } as const;
    await expect(w.store.record(late, 1)).rejects.toMatchObject({ code: 'run-lost' });
    await one.tick();
    expect(w.reports).toContainEqual(expect.objectContaining({ event: 'run-lost', job: 'a' }));
  });

  it('a run in the foreground of another machine holds its job as long as it beats', async () => {
    const w = await world();
    const job = jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } });
    const there = { id: 'there', job: 'a', file: '/jobs/a.yaml', trigger: 'manual', startedAt: T0 } as const;
    await w.store.begin({ ...there, host: 'elsewhere', pid: 1, status: 'running' }, []);
    const scheduler = await w.scheduler(1, [job]);
    for (let minute = 0; minute < 5; minute++) {
      await w.store.owners.beatRun('there');
      await pass(w, scheduler, MINUTE - 10_000);
    }
    expect(w.begun).toEqual([]);
    await pass(w, scheduler, 2 * MINUTE);
    expect(w.begun).toHaveLength(1);
    expect(await w.store.run('there')).toMatchObject({ status: 'failed', error: { code: 'crashed' } });
  });

  it('a clock that jumps three days makes nobody look dead', async () => {
    const w = await world();
    w.lasts = () => 10 * MINUTE;
    const job = jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } });
    const [one, two] = [await w.scheduler(1, [job]), await w.scheduler(2, [])];
    const stop = new AbortController();
    const running = [one.run(stop.signal), two.run(stop.signal)];
    await w.clock.advance(2 * MINUTE);
    w.clock.step(3 * 1_440 * MINUTE);
    await w.clock.advance(2 * MINUTE);
    stop.abort();
    await Promise.all(running);
    expect(w.begun.filter(({ crashes = 0 }) => crashes > 0)).toEqual([]);
  });
});

describe('the end', () => {
  it('waits for what runs, then hands the rest over; the next scheduler goes on without counting a crash', async () => {
    const w = await world();
    w.lasts = ({ job }) => (job === 'short' ? 20_000 : 200_000);
    const at = { cron: '1 12 * * *', timezone: 'UTC' };
    const jobs = [jobOf('short', { schedule: at }), jobOf('long', { schedule: at })];
    const scheduler = await w.scheduler(1, jobs);
    await pass(w, scheduler, MINUTE + 1);
    await w.clock.until(scheduler.stop(30_000, new AbortController().signal));
    expect(w.clock.now() - T0 - MINUTE - 1).toBe(30_000);
    expect((await w.store.runs({ limit: 9 })).map(({ job, status }) => `${job} ${status}`).sort()).toEqual([
      'long interrupted',
      'short succeeded',
    ]);
    expect(await w.store.owners.schedulers()).toEqual([]);
    await pass(w, await w.scheduler(2, jobs), 5 * MINUTE);
    expect(await w.store.runs({ job: 'long', limit: 9 })).toMatchObject([{ status: 'succeeded' }]);
    expect(w.begun.at(-1)?.crashes).toBeUndefined();
  });

  it('in a hurry does not wait', async () => {
    const w = await world();
    w.lasts = () => 200_000;
    const scheduler = await w.scheduler(1, [jobOf('a')]);
    await pass(w, scheduler, MINUTE + 1);
    const hurry = new AbortController();
    const stopped = scheduler.stop(30_000, hurry.signal);
    await w.clock.advance(1_000);
    hurry.abort();
    await w.clock.until(stopped);
    expect(w.clock.now() - T0 - MINUTE - 1).toBe(1_000);
    expect(await w.store.runs({ limit: 9 })).toMatchObject([{ status: 'interrupted' }]);
  });

  it('waits for what runs although the store is in trouble', async () => {
    const w = await world();
    w.lasts = () => 20_000;
    const scheduler = await w.scheduler(1, [jobOf('a')]);
    await pass(w, scheduler, MINUTE + 1);
    w.store.owners.held = () => Promise.reject(new AppError('store-unusable', 'somebody writes', { retry: 'later' }));
    await w.clock.until(scheduler.stop(30_000, new AbortController().signal));
    expect(await w.store.runs({ limit: 9 })).toMatchObject([{ status: 'succeeded' }]);
    expect(w.reports).toContainEqual(expect.objectContaining({ event: 'store-trouble', message: 'somebody writes' }));
  });

  it('of a run that could not be written down: the run is taken up again, not left as running', async () => {
    const w = await world();
    w.lasts = ({ crashes = 0 }) => (crashes === 0 ? 1_000 : 0);
    const scheduler = await w.scheduler(1, [jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } })]);
    const { record } = w.store;
    w.store.record = () => Promise.reject(new Error('no room'));
    await pass(w, scheduler, MINUTE + 2_000);
    w.store.record = record;
    await pass(w, scheduler, MINUTE);
    expect(w.reports).toContainEqual(expect.objectContaining({ event: 'run-broken', message: 'no room' }));
    expect(await w.store.runs({ limit: 9 })).toMatchObject([{ status: 'succeeded', crashes: 1 }]);
  });

  it('a run is cancelled from elsewhere', async () => {
    const w = await world();
    w.lasts = () => 200_000;
    const scheduler = await w.scheduler(1, [jobOf('a', { schedule: { cron: '1 12 * * *', timezone: 'UTC' } })]);
    await pass(w, scheduler, MINUTE + 1);
    expect(await w.store.owners.requestCancel(w.begun[0]?.id ?? '')).toBe(true);
    await pass(w, scheduler, 2_000);
    expect(await w.store.runs({ limit: 9 })).toMatchObject([{ status: 'cancelled' }]);
  });
});

it('a schedule that another scheduler dropped and took up again counts from there', async () => {
  const w = await world();
  const job = jobOf('a', { schedule: { everyMs: 10 * MINUTE } });
  const [one, two] = [await w.scheduler(1, [job]), await w.scheduler(2, [job])];
  await pass(w, one, 5 * MINUTE);
  await two.setJobs([jobOf('a', { schedule: { everyMs: 7 * MINUTE } })]);
  await two.setJobs([job]);
  await pass(w, one, 16 * MINUTE);
  expect(minutes(w.begun.map(({ slot }) => slot))).toEqual([15]);
});
