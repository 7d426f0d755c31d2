// What a step may know of earlier runs: of its own job, and for digests of all jobs.
import type { History } from '../../steps/step.ts';
import type { RunRecord, Store } from '../../stores/store.ts';

/** Runs of all jobs that a digest looks at. */
const ALL_RUNS_MAX = 5_000;

export function historyOf(store: Store, job: string, runId: string): History {
  return {
    async recent(count: number) {
      const runs = await store.runs({ job, limit: count + 1 });
      return runs
        .filter(run => run.id !== runId && run.finishedAt !== undefined)
        .slice(0, count)
        .map(pastRun);
    },
    async since(epochMs: number) {
      const runs = await store.runs({ since: epochMs, limit: ALL_RUNS_MAX });
      return runs
        .filter(run => run.id !== runId && run.finishedAt !== undefined)
        .map(run => ({ ...pastRun(run), job: run.job, ...(run.error === undefined ? {} : { error: run.error.message }) }));
    },
    async stepsOf(run: string) {
      const steps = await store.steps(run);
      return steps.map(({ step, status, durationMs }) => ({ id: step, status, durationMs: durationMs ?? 0 }));
    },
    async log() {
      const events = await store.events(runId);
      return events.flatMap(event =>
        event.type === 'step-note' ? [{ at: event.at, step: event.step, level: event.level, message: event.message }] : [],
      );
    },
  };
}

function pastRun({ id, startedAt, finishedAt, status }: RunRecord) {
  return { id, startedAt, durationMs: (finishedAt ?? startedAt) - startedAt, status };
}
