import { expect, it } from 'vitest';
import type { Scan } from '../../../src/app/schedule/jobs-folder.ts';
import { Pulse } from '../../../src/app/schedule/pulse.ts';
import { AppError } from '../../../src/core/errors.ts';
import type { Job } from '../../../src/job/job.ts';
import type { Report } from '../../../src/schedule/report.ts';
import { jobOf } from '../../schedule/world.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('a changed file reaches the scheduler also when its store was busy at first', async () => {
  const clock = new VirtualClock();
  const scan = (changed: readonly string[]): Scan => ({ jobs: [jobOf('a')], changed, problems: [], fresh: [] });
  const scans = [scan(['a']), scan(['b'])];
  const told: (readonly Job[])[] = [];
  const reports: Report[] = [];
  let busy = true;
  const pulse = new Pulse({
    scheduler: {
      setJobs: async jobs => {
        if (busy) throw new AppError('store-unusable', 'somebody writes', { retry: 'later' });
        told.push(jobs);
      },
      wake: () => undefined,
    },
    folder: { scan: async () => scans.shift() ?? scan([]), watch: () => ({ close: () => undefined }) },
    ...{ clock, notify: { tell: () => undefined, watchdogMs: undefined }, chores: [], say: report => void reports.push(report) },
  });
  const work = clock.sleep(10 * 60_000);
  const beating = pulse.beatWhile(work);
  await clock.advance(90_000);
  expect(told).toEqual([]);
  busy = false;
  await clock.advance(60_000);
  expect(told.map(jobs => jobs.map(({ name }) => name))).toEqual([['a']]);
  expect(reports.at(-1)).toMatchObject({ event: 'jobs-changed', message: 'read again: a, b' });
  await clock.advance(120_000);
  expect(told).toHaveLength(1);
  await clock.advance(600_000);
  await beating;
});
