// Tries a run again as a new one: same definition, same variables, and what went well is kept when that is wanted.

import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { ancestorsOf } from '../../job/graph.ts';
import type { Job } from '../../job/job.ts';
import { readSnapshot, type Snapshot } from '../../job/snapshot.ts';
import { stepTypes } from '../../steps/registry.ts';
import type { RunRecord, StepRecord, Store } from '../../stores/store.ts';
import { OPEN, runDetails } from '../history.ts';
import { jobByName, readJob } from '../jobs.ts';
import { endedStep } from '../schedule/resume.ts';
import { withStore } from '../state.ts';
import { type Beginning, type RunRequest, type RunResult, runSnapshot } from './run-job.ts';

export interface RetryRequest extends Pick<RunRequest, 'workspace' | 'renderer' | 'io' | 'signal'> {
  /** By id, unique prefix, or `last`. */
  readonly run: string;
  /** Keep the steps that succeeded, but for those that need one that did not. */
  readonly fromFailed: boolean;
  /** This step and all that need it; the others stay as they ended. */
  readonly step?: string | undefined;
}

/** Throws AppError `run-missing`, `run-going`, `unknown-step`; afterwards as runJob(). */
export async function retryRun(request: RetryRequest): Promise<RunResult> {
  const { workspace } = request;
  const { run } = await runDetails(workspace, request.run);
  if (OPEN.has(run.status)) {
    throw new AppError('run-going', `run ${run.id} has not ended: it is ${run.status}`, {
      hint: `Wait for its end, or end it with: postrider cancel ${run.id}`,
    });
  }
  const text = await withStore(workspace, store => store.definition(run.id));
  const today = await currentJob(run);
  const snapshot = text === undefined ? undefined : readSnapshot(text, stepTypes, today);
  const chosen: Snapshot = snapshot ?? { job: today ?? (await jobByName(run.file, workspace)).job };
  checkStep(chosen.job, request.step);
  return runSnapshot(request, chosen, store => beginning(store, run.id, chosen.job, request));
}

/** As its file says now; undefined when that cannot be used any more. */
async function currentJob({ file }: Pick<RunRecord, 'file'>): Promise<Job | undefined> {
  const result = await readJob(file).catch(() => undefined);
  return result?.ok ? result.value : undefined;
}

async function beginning(store: Store, run: string, job: Job, request: RetryRequest): Promise<Beginning> {
  const before = new Map((await store.steps(run)).map(step => [step.step, step]));
  const kept = keptSteps(job, before, request);
  if (kept.size === 0) return { trigger: 'retry', retryOf: run };
  const steps = job.steps.map(({ id, uses }): StepRecord => {
    const step = before.get(id);
    if (step !== undefined && kept.has(id)) return step;
    return { step: id, uses, status: 'pending', attempts: 0, outputs: {} };
  });
  const resume = {
    ended: new Map(steps.flatMap(endedStep)),
    interrupted: new Set<string>(),
    mayRepeat: true,
    lastSeq: 0,
    noteLevel: 'info' as const,
    note: `kept from run ${run}: ${[...kept].join(', ')}`,
  };
  return { trigger: 'retry', retryOf: run, steps, resume };
}

function keptSteps(job: Job, before: ReadonlyMap<string, StepRecord>, { fromFailed, step }: RetryRequest): ReadonlySet<string> {
  const ancestors = ancestorsOf(job.steps);
  const needs = (id: string, other: string) => ancestors.get(id)?.has(other) === true;
  const ids = job.steps.map(({ id }) => id).filter(id => before.has(id));
  if (step !== undefined) return new Set(ids.filter(id => id !== step && !needs(id, step)));
  if (!fromFailed) return new Set();
  // Where nothing failed nothing is tried again, also of a run of `--only` some steps.
  if (ids.every(id => FINE.has(before.get(id)?.status ?? ''))) return new Set(ids);
  const bad = ids.filter(id => before.get(id)?.status !== 'succeeded');
  return new Set(ids.filter(id => !bad.includes(id) && !bad.some(other => needs(id, other))));
}

const FINE: ReadonlySet<string> = new Set(['succeeded', 'skipped']);

function checkStep(job: Job, step: string | undefined): void {
  const ids = job.steps.map(({ id }) => id);
  if (step === undefined || ids.includes(step)) return;
  const near = didYouMean(step, ids);
  throw new AppError('unknown-step', `--step ${step}: the run has no such step`, {
    hint: near === undefined ? `Its steps: ${ids.join(', ')}.` : `Did you mean ${near}?`,
  });
}
