// Which steps a plan runs, in which waves, and what --only and --from leave out.
import { describe, expect, it } from 'vitest';
import type { Job, JobStep } from '../../src/job/job.ts';
import { planJob } from '../../src/plan/plan.ts';

const step = (id: string, needs: readonly string[]) => ({ id, needs }) as unknown as JobStep;

const job = {
  name: 'sample',
  steps: [
    step('build', []),
    step('deploy', ['build']),
    step('mail', []),
    step('check', ['deploy']),
    step('report', ['check', 'mail']),
  ],
  onFailure: [step('alarm', [])],
} as unknown as Job;

const included = (options: Parameters<typeof planJob>[1]) =>
  planJob(job, options)
    .steps.filter(({ excluded }) => !excluded)
    .map(({ step: { id } }) => id);

describe('planJob', () => {
  it('puts steps side by side that do not wait for each other', () => {
    expect(planJob(job).waves).toEqual([['build', 'mail'], ['deploy'], ['check'], ['report']]);
    expect(planJob(job).onFailure.map(planned => planned.step.id)).toEqual(['alarm']);
  });

  it('keeps one step with --only, and it waits for nobody', () => {
    expect(included({ only: 'check' })).toEqual(['check']);
    expect(planJob(job, { only: 'check' }).waves).toEqual([['check']]);
  });

  it('keeps a step and all that follow from it with --from', () => {
    expect(included({ from: 'deploy' })).toEqual(['deploy', 'check', 'report']);
    expect(planJob(job, { from: 'deploy' }).waves).toEqual([['deploy'], ['check'], ['report']]);
  });

  it('names the nearest step', () => {
    expect(() => planJob(job, { only: 'biuld' })).toThrow(
      expect.objectContaining({ code: 'unknown-step', hint: expect.stringContaining('build') }),
    );
    expect(() => planJob(job, { from: 'zzzzzz' })).toThrow(
      expect.objectContaining({ code: 'unknown-step', hint: expect.stringContaining('report') }),
    );
    expect(() => planJob(job, { only: 'build', from: 'build' })).toThrow(/exclude/);
  });
});
