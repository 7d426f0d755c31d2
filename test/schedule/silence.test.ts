// Silence is not success: whom a scheduler tells of slots that nothing stands for, of late ones, and of runs that take too long.
import { describe, expect, it } from 'vitest';
import { OVERDUE_MS_MIN } from '../../src/schedule/usual.ts';
import { jobOf, MINUTE, pass, T0, type World, world } from './world.ts';

const told = ({ reports }: World, event: string) => reports.filter(report => report.event === event);

describe('slots', () => {
  /** A scheduler that is there for half a minute, and another one ten minutes later. */
  async function absence(schedule: object): Promise<World> {
    const w = await world();
    const jobs = [jobOf('a', { schedule: { cron: '*/5 * * * *', timezone: 'UTC', ...schedule } })];
    await pass(w, await w.scheduler(1, jobs), MINUTE / 2);
    w.dead.add(1);
    await w.clock.advance(11 * MINUTE);
    await pass(w, await w.scheduler(2, jobs), 1);
    return w;
  }

  it('that are skipped for their age, or because `misfire` says so, raise an alert each', async () => {
    const w = await absence({ misfire: 'skip' });
    const why = 'nothing was running when it was due, and `misfire: skip`';
    expect(w.alerts).toEqual([
      `a: missed its slot at 2026-11-22T12:05:00.000Z: ${why}`,
      `a: missed its slot at 2026-11-22T12:10:00.000Z: ${why}`,
    ]);
    expect(told(w, 'slot-skipped')).toMatchObject([{ level: 'warning', job: 'a', slot: T0 + 5 * MINUTE }, { message: why }]);
    const old = await absence({ maxAgeMs: 2 * MINUTE });
    expect(old.alerts).toEqual(['a: missed its slot at 2026-11-22T12:05:00.000Z: 6m 30s late, more than max-age allows']);
    expect(old.begun).toHaveLength(1);
  });

  it('that another run stands for raise none, but the late run is told of', async () => {
    const w = await absence({ misfire: 'one' });
    expect(w.alerts).toEqual([]);
    expect(told(w, 'slot-skipped')).toMatchObject([{ facts: { reason: 'coalesced' } }]);
    expect(told(w, 'slot-late')).toMatchObject([
      {
        level: 'warning',
        job: 'a',
        message: 'missed while nothing was running; its run begins 1m 30s late',
        facts: { 'late-ms': 90_000 },
      },
    ]);
  });

  it('of a paused job raise none', async () => {
    const w = await world();
    await w.store.slots.pause({ job: 'a', since: T0 });
    await pass(
      w,
      await w.scheduler(1, [jobOf('a', { schedule: { cron: '* * * * *', timezone: 'UTC', misfire: 'skip' } })]),
      3 * MINUTE,
    );
    expect([w.alerts, told(w, 'slot-skipped').length]).toEqual([[], 3]);
  });
});

describe('runs', () => {
  /** `before` runs that took as long as given, then one that does not end. */
  async function longRun(before: readonly number[], waitMs: number): Promise<World> {
    const w = await world();
    const lasts = [...before, 1_000 * MINUTE];
    w.lasts = ({ id }) => lasts[w.begun.findIndex(run => run.id === id)] ?? 0;
    await pass(w, await w.scheduler(1, [jobOf('a')]), (before.length + 1) * MINUTE + waitMs);
    expect(w.begun).toHaveLength(before.length + 1);
    return w;
  }

  it('that take more than three times the median of earlier ones are told of, once', async () => {
    const w = await longRun([20_000, 1_000, 30_000], 5 * MINUTE);
    expect(told(w, 'run-overdue')).toHaveLength(1);
    expect(w.alerts).toEqual([expect.stringMatching(/^a: runs for 1m( 0\ds| 1\ds)?; usual are 20\.0 s$/)]);
    expect(told(await longRun([20_000, 1_000, 30_000], MINUTE), 'run-overdue')).toEqual([]);
  });

  it('that are short are left in peace for a while, however much shorter others were', async () => {
    const quick = [10, 10, 10];
    expect((await longRun(quick, OVERDUE_MS_MIN - 1)).alerts).toEqual([]);
    expect((await longRun(quick, OVERDUE_MS_MIN + 15_000)).alerts).toHaveLength(1);
  });

  it('of a job that has hardly run have no usual time', async () => {
    expect((await longRun([10, 10], 60 * MINUTE)).alerts).toEqual([]);
  });
});
