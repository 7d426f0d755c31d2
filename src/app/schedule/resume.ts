// What is known of a run that goes on, or of one that is tried again: which steps have ended, and how.
import type { EndedStep, Resume } from '../../run/resume.ts';
import type { RunRecord, StepRecord, Store } from '../../stores/store.ts';

/** Of a run that was interrupted. */
export async function resumeOf(store: Store, run: RunRecord, maxCrashes: number): Promise<Resume> {
  const { id, startedAt, crashes = 0 } = run;
  const steps = await store.steps(id);
  return {
    ended: new Map(steps.flatMap(step => endedStep(step))),
    interrupted: new Set(steps.filter(({ status }) => status === 'running').map(({ step }) => step)),
    mayRepeat: crashes <= maxCrashes,
    lastSeq: await store.lastSeq(id),
    startedAt,
    note:
      crashes === 0 ? 'the run goes on where its scheduler left it' : `the run goes on after crash ${crashes} of its scheduler`,
  };
}

/** The pair for a map; nothing for a step that has not ended. */
export function endedStep(record: StepRecord): readonly (readonly [id: string, ended: EndedStep])[] {
  const { step, status, outputs, attempts, durationMs = 0, error } = record;
  if (status === 'pending' || status === 'running') return [];
  return [[step, { status, outputs, attempts, durationMs, ...(error === undefined ? {} : { error }) }]];
}
