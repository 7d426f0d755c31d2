// What is remembered between runs. No SQL, connection or transaction shows here; test/stores/contract.ts runs against every adapter.
import type { ErrorReport } from '../core/errors.ts';
import type { RunEvent, RunStatus } from '../run/events.ts';
import type { Ledger, Outputs, StepStatus } from '../steps/step.ts';

export interface RunRecord {
  readonly id: string;
  readonly job: string;
  readonly file: string;
  readonly trigger: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly finishedAt?: number;
  /** `running` until finished. */
  readonly status: RunStatus | 'running';
  readonly host: string;
  readonly pid: number;
  readonly error?: ErrorReport;
}

export interface StepRecord {
  readonly step: string;
  readonly uses: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly startedAt?: number;
  readonly durationMs?: number;
  readonly outputs: Outputs;
  readonly error?: ErrorReport;
}

export interface RunQuery {
  readonly job?: string;
  readonly status?: string;
  /** Epoch milliseconds; runs that started at or after it. */
  readonly since?: number;
  readonly limit: number;
}

export interface BeginOptions {
  /**
   * Asked about every other run of the job that says it is running. True: it really is, and the new run is refused with
   * `job-held`. False: its process is gone, and it ends as failed with the error `crashed`.
   */
  readonly holds?: (other: RunRecord) => boolean;
}

export interface Store {
  /** Opens a run, all or nothing; rejects with AppError `run-exists` when the id is taken, `job-held` as BeginOptions says. */
  begin(run: RunRecord, steps: readonly StepRecord[], options?: BeginOptions): Promise<void>;
  /**
   * Records one event: appends it to the log (progress excepted) and moves run and step rows along.
   * Durable when it resolves; a note survives a power cut at the latest once the next event that is none is recorded.
   */
  record(event: RunEvent): Promise<void>;
  /** Newest first. */
  runs(query: RunQuery): Promise<readonly RunRecord[]>;
  /** By id, or by a prefix of it that only one run has. */
  run(idOrPrefix: string): Promise<RunRecord | undefined>;
  steps(run: string): Promise<readonly StepRecord[]>;
  /** In order; everything but progress. */
  events(run: string, step?: string): Promise<readonly RunEvent[]>;
  /** Names of all jobs that ever ran. */
  jobs(): Promise<readonly string[]>;
  /** The memory of one step of one job. */
  ledger(job: string, step: string): Ledger;
  close(): Promise<void>;
}
