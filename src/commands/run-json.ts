// A run and its steps as `--json` prints them: kebab-case keys, ISO times.
import type { RunView } from '../app/history.ts';
import { formatDuration } from '../core/units.ts';
import type { StepRecord } from '../stores/store.ts';

export function runJson(run: RunView): Record<string, unknown> {
  return {
    run: run.id,
    job: run.job,
    file: run.file,
    trigger: run.trigger,
    status: run.status,
    'started-at': isoTime(run.startedAt),
    'finished-at': isoTime(run.finishedAt),
    'duration-ms': run.durationMs ?? null,
    host: run.host,
    pid: run.pid,
    ...(run.crashes === undefined ? {} : { crashes: run.crashes }),
    ...(run.slot === undefined ? {} : { slot: isoTime(run.slot) }),
    ...(run.retryOf === undefined ? {} : { 'retry-of': run.retryOf }),
    ...(run.error === undefined ? {} : { error: run.error }),
  };
}

export function stepJson(step: StepRecord): Record<string, unknown> {
  return {
    step: step.step,
    uses: step.uses,
    status: step.status,
    attempts: step.attempts,
    'started-at': isoTime(step.startedAt),
    'duration-ms': step.durationMs ?? null,
    outputs: step.outputs,
    ...(step.error === undefined ? {} : { error: step.error }),
  };
}

/** Empty for a run that has not worked, or whose process died at nobody knows what time. */
export function tookText(run: Pick<RunView, 'durationMs'> | undefined): string {
  return run?.durationMs === undefined ? '' : formatDuration(run.durationMs);
}

export function isoTime(epochMs: number | undefined): string | null {
  return epochMs === undefined ? null : new Date(epochMs).toISOString();
}
