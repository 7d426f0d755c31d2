// What is remembered between runs. No SQL, connection or transaction shows here; test/stores/contract.ts runs against every adapter.
import type { ErrorReport } from '../core/errors.ts';
import type { Outbox } from '../mail/outbox.ts';
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

/** Where deciding about the slots of one schedule has got to. */
export interface Cursor {
  readonly job: string;
  /** The schedule by what it says: an edited one is another one. */
  readonly schedule: string;
  /** When the schedule was first seen, epoch milliseconds: nothing before it is due, and `every` counts from it. */
  readonly anchor: number;
  /** Every slot up to here, this instant included, has its decision. */
  readonly decidedTo: number;
}

/** What became of one slot. (job, schedule, slot) is its key: there is never a second one. */
export interface Decision {
  readonly job: string;
  readonly schedule: string;
  /** Epoch milliseconds. */
  readonly slot: number;
  readonly decidedAt: number;
  readonly action: 'started' | 'queued' | 'skipped';
  /** Why it was skipped, as a stable code. */
  readonly reason?: string;
  /** The same in words. */
  readonly detail?: string;
  /** The run that it starts, named before that run begins. */
  readonly run?: string;
  /** True until that run begins or the decision is withdrawn. */
  readonly open: boolean;
}

export interface DecisionQuery {
  readonly job?: string;
  /** Slots at or after it, epoch milliseconds. */
  readonly since?: number;
  /** Slots at or before it. */
  readonly until?: number;
  readonly limit: number;
}

export interface Pause {
  readonly job: string;
  /** Epoch milliseconds. */
  readonly since: number;
  readonly reason?: string;
}

/** What schedulers remember. Safe with several of them on one store. */
export interface SlotStore {
  /** Adds the cursor unless its schedule has one, and gives back the one that is stored. */
  open(cursor: Cursor): Promise<Cursor>;
  cursors(job: string): Promise<readonly Cursor[]>;
  /** Drops the cursors of a job but those of these schedules; decisions stay. */
  forget(job: string, keep: readonly string[]): Promise<void>;
  /** Records decisions and moves the cursor on, all or nothing; false when another scheduler has moved it meanwhile. */
  decide(cursor: Cursor, to: number, decisions: readonly Decision[]): Promise<boolean>;
  /** Decisions whose run has yet to begin, oldest slot first. `begin` of that run closes them. */
  waiting(limit: number): Promise<readonly Decision[]>;
  /** Turns a waiting decision into a skipped one; false when it no longer waits. */
  withdraw(decision: Decision, reason: string, detail: string): Promise<boolean>;
  /** Newest slot first. */
  decisions(query: DecisionQuery): Promise<readonly Decision[]>;
  pause(pause: Pause): Promise<void>;
  /** False when it was not paused. */
  resume(job: string): Promise<boolean>;
  pauses(): Promise<readonly Pause[]>;
}

export interface Store {
  readonly slots: SlotStore;
  readonly outbox: Outbox;
  /** Opens a run, all or nothing; rejects with AppError `run-exists` when the id is taken, `job-held` as BeginOptions says. */
  begin(run: RunRecord, steps: readonly StepRecord[], options?: BeginOptions): Promise<void>;
  /**
   * Records one event: appends it to the log (progress excepted) and moves run and step rows along.
   * Durable when it resolves; a note survives a power cut at the latest once the next event that is none is recorded.
   */
  record(event: RunEvent): Promise<void>;
  /** Ends every run that says it is running but that nobody holds, as failed with the error `crashed`; gives those back. */
  bury(holds: (run: RunRecord) => boolean): Promise<readonly RunRecord[]>;
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
