// Rows of the tables as the records of the contract.
import type { ErrorReport } from '../../core/errors.ts';
import type { RunEvent } from '../../run/events.ts';
import type { Outputs, StepProgress, StepStatus } from '../../steps/step.ts';
import type { RunRecord, StepRecord } from '../store.ts';
import type { Database, Row } from './database.ts';

export function runOf(row: Row, db: Database): RunRecord {
  const finishedAt = row['finished_at'];
  return {
    id: String(row['id']),
    job: String(row['job']),
    file: String(row['file']),
    trigger: String(row['trigger']),
    startedAt: Number(row['started_at']),
    ...(finishedAt === null ? {} : { finishedAt: Number(finishedAt) }),
    status: row['status'] as RunRecord['status'],
    host: String(row['host']),
    pid: Number(row['pid']),
    ...errorOf(row, db),
    ...ownershipOf(row),
  };
}

function ownershipOf(row: Row): Partial<RunRecord> {
  const { owner, fence, crashes, slot, beat, retry_of: retryOf } = row;
  return {
    ...(owner === null ? {} : { owner: String(owner) }),
    ...(fence === 1 ? {} : { fence: Number(fence) }),
    ...(crashes === 0 ? {} : { crashes: Number(crashes) }),
    ...(slot === null ? {} : { slot: Number(slot) }),
    ...(beat === 0 ? {} : { beat: Number(beat) }),
    ...(retryOf === null ? {} : { retryOf: String(retryOf) }),
  };
}

export function stepOf(row: Row, db: Database): StepRecord {
  const [startedAt, durationMs] = [row['started_at'], row['duration_ms']];
  return {
    step: String(row['step']),
    uses: String(row['uses']),
    status: row['status'] as StepStatus,
    attempts: Number(row['attempts']),
    ...(startedAt === null ? {} : { startedAt: Number(startedAt) }),
    ...(durationMs === null ? {} : { durationMs: Number(durationMs) }),
    outputs: db.parse(row['outputs']) as Outputs,
    ...errorOf(row, db),
    ...(row['progress'] === null ? {} : { progress: db.parse(row['progress']) as StepProgress }),
  };
}

export function eventOf(row: Row, db: Database): RunEvent {
  const head = { seq: Number(row['seq']), at: Number(row['at']), run: String(row['run']) };
  return { ...head, ...(db.parse(row['body']) as object) } as RunEvent;
}

function errorOf(row: Row, db: Database): { error?: ErrorReport } {
  return row['error'] === null ? {} : { error: db.parse(row['error']) as ErrorReport };
}
