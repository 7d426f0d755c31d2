// Records that the tests of stores put in.
import type { RunEvent, RunEventBody } from '../../src/run/events.ts';
import type { RunRecord, StepRecord } from '../../src/stores/store.ts';

export const T0 = Date.UTC(2026, 10, 22, 2, 30);

export function runRecord(id: string, overrides: Partial<RunRecord> = {}): RunRecord {
  const facts = { job: 'nightly', file: '/jobs/nightly.yaml', trigger: 'manual', startedAt: T0, host: 'here', pid: 42 };
  return { id, ...facts, status: 'running', ...overrides };
}

export function stepRecord(step: string): StepRecord {
  return { step, uses: 'shell', status: 'pending', attempts: 0, outputs: {} };
}

export function event(run: string, seq: number, body: RunEventBody): RunEvent {
  return { seq, at: T0 + seq * 1_000, run, ...body };
}
