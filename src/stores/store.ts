// What is remembered between runs. No SQL, connection or transaction shows here; test/stores/contract.ts runs against every adapter.
import type { ErrorReport } from '../core/errors.ts';
import type { Outbox } from '../mail/outbox.ts';
import type { RunEvent, RunStatus } from '../run/events.ts';
import type { Ledger, Outputs, StepProgress, StepStatus } from '../steps/step.ts';

export interface RunRecord {
  readonly id: string;
  readonly job: string;
  readonly file: string;
  readonly trigger: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly finishedAt?: number;
  /**
   * `running` until finished. `waiting`: its process waits for another run of the job. `interrupted`: a scheduler began it and left it
   * unfinished; a scheduler takes it up again.
   */
  readonly status: RunStatus | 'running' | 'waiting' | 'interrupted';
  readonly host: string;
  readonly pid: number;
  readonly error?: ErrorReport;
  /** The scheduler that runs it; absent for runs in the foreground. */
  readonly owner?: string;
  /** Grows whenever the run changes hands; what an earlier owner still says is refused. Given by the store. */
  readonly fence?: number;
  /** How often the process that ran it died. */
  readonly crashes?: number;
  /** The slot that started it, epoch milliseconds. */
  readonly slot?: number;
  /** The run that it repeats. */
  readonly retryOf?: string;
  /** In the foreground: how often its process has said that it lives. Given by the store. */
  readonly beat?: number;
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
  /** The newest that was said while it runs; lags a little. */
  readonly progress?: StepProgress;
}

export interface RunQuery {
  readonly job?: string;
  readonly status?: string;
  /** Epoch milliseconds; runs that started at or after it. */
  readonly since?: number;
  readonly limit: number;
}

export interface UnendedJobs {
  readonly running: ReadonlySet<string>;
  readonly waiting: ReadonlySet<string>;
  readonly interrupted: ReadonlySet<string>;
}

export interface BeginOptions {
  /**
   * Asked about every other run of the job that says it is running. True: it really is, and the new run is refused with
   * `job-held`. False: its process is gone; bury() says what becomes of it.
   */
  readonly holds?: (other: RunRecord) => boolean;
  /** What the run was begun with, as text: kept as long as a run has it. */
  readonly definition?: string;
  /** The run is the one of a waiting decision, and refused with `slot-withdrawn` when that waits no longer. */
  readonly decided?: true;
}

/** A scheduler at work. Its beat is a counter: others time its silence by their own steady clocks, so that no clock step ends it. */
export interface SchedulerRecord {
  readonly owner: string;
  readonly host: string;
  readonly pid: number;
  readonly jobsDir: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly beat: number;
}

/** A run in the hands of one scheduler. */
export interface HeldRun {
  readonly run: string;
  readonly fence: number;
  /** Somebody wants it ended. */
  readonly cancel: boolean;
}

/** Who runs what, and what becomes of runs whose scheduler is gone. */
export interface OwnerStore {
  /** Says that a scheduler lives; the first call announces it. */
  beat(scheduler: Omit<SchedulerRecord, 'beat'>): Promise<void>;
  /** The scheduler ends in order. */
  dismiss(owner: string): Promise<void>;
  schedulers(): Promise<readonly SchedulerRecord[]>;
  held(owner: string): Promise<readonly HeldRun[]>;
  /** Takes an interrupted run up again. Undefined when another was faster, or when another run holds the job. */
  claim(run: RunRecord, by: Pick<SchedulerRecord, 'owner' | 'host' | 'pid'>, alone: boolean): Promise<RunRecord | undefined>;
  /** Leaves a run unfinished, for a scheduler to take up; false when it was no longer in these hands. */
  handBack(run: string, fence: number): Promise<boolean>;
  /** A run in the foreground, going or waiting, says that its process lives. True when somebody wants it ended. */
  beatRun(run: string): Promise<boolean>;
  /** Ends an interrupted run, or asks who runs it to end it: a scheduler, or a process that beats for it. False when it is over. */
  requestCancel(run: string): Promise<boolean>;
}

/** How long what is kept. */
export interface Retention {
  /** Runs that ended before, and decisions about slots before; epoch milliseconds. The newest runs of each job stay. */
  readonly runsBefore: number;
  readonly runsKeptMin: number;
  /** Logs of runs that ended before. */
  readonly logsBefore: number;
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

export interface DecideRequest {
  readonly cursor: Cursor;
  readonly to: number;
  readonly decisions: readonly Decision[];
  readonly seenWaiting?: number;
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
  /** Opens many at once, in the same order. */
  openAll(cursors: readonly Cursor[]): Promise<readonly Cursor[]>;
  /**
   * Records decisions and moves the cursor on, all or nothing; false when another scheduler has moved it meanwhile, or when not just as
   * many decisions of the job are waiting as `seenWaiting` says.
   */
  decide(cursor: Cursor, to: number, decisions: readonly Decision[], seenWaiting?: number): Promise<boolean>;
  /** The same for many cursors, each for itself. */
  decideAll(requests: readonly DecideRequest[]): Promise<readonly boolean[]>;
  /**
   * Takes a cursor back from a time that has yet to come: what is decided beyond `to`, and has not begun, is open again, and nothing
   * counts from more than a day later than `to`. False when another scheduler has moved the cursor meanwhile.
   */
  takeBack(cursor: Cursor, to: number): Promise<boolean>;
  /** How many decisions of each job wait; jobs without any are left out. */
  waitingByJob(): Promise<ReadonlyMap<string, number>>;
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
  readonly owners: OwnerStore;
  /** Opens a run, all or nothing; rejects with AppError `run-exists` when the id is taken, `job-held` and `slot-withdrawn` as BeginOptions says. */
  begin(run: RunRecord, steps: readonly StepRecord[], options?: BeginOptions): Promise<void>;
  /**
   * Registers a run that waits for another of its job; begin() of the same id ends the wait. Rejects with AppError `job-held` when one
   * waits already; waiting ones that do not hold are buried.
   */
  enqueue(run: RunRecord, holds: (other: RunRecord) => boolean): Promise<void>;
  /** Ends the wait of a run that is not to begin: it is cancelled. */
  leaveQueue(run: string): Promise<void>;
  /** What begin() was given. */
  definition(run: string): Promise<string | undefined>;
  /**
   * Records one event: appends it to the log (progress excepted) and moves run and step rows along.
   * Durable when it resolves; a note survives a power cut at the latest once the next event that is none is recorded.
   * With a `fence` it rejects with AppError `run-lost` when the run has changed hands since.
   */
  record(event: RunEvent, fence?: number): Promise<void>;
  /**
   * Closes every run that says it is running or waiting but that nobody holds: one that a scheduler owned becomes interrupted, its
   * crash counted; any other ends as failed with the error `crashed`. Gives them back as they are then.
   */
  bury(holds: (run: RunRecord) => boolean): Promise<readonly RunRecord[]>;
  /** Newest first. */
  runs(query: RunQuery): Promise<readonly RunRecord[]>;
  /** Jobs that have a run which has not ended, by the state that it is in. */
  unended(): Promise<UnendedJobs>;
  /** How long the newest runs of a job that succeeded took, in milliseconds. */
  durations(job: string, limit: number): Promise<readonly number[]>;
  /** By id, or by a prefix of it that only one run has. */
  run(idOrPrefix: string): Promise<RunRecord | undefined>;
  steps(run: string): Promise<readonly StepRecord[]>;
  /** In order; everything but progress; those with a number above `after` alone. */
  events(run: string, step?: string, after?: number): Promise<readonly RunEvent[]>;
  /** Names of all jobs that ever ran. */
  jobs(): Promise<readonly string[]>;
  /** The sequence number of the last event of a run; 0 without any. */
  lastSeq(run: string): Promise<number>;
  /** Drops what is too old, a bounded number at a time; true when there is more. */
  prune(retention: Retention): Promise<boolean>;
  /** The memory of one step of one job. */
  ledger(job: string, step: string): Ledger;
  close(): Promise<void>;
}
