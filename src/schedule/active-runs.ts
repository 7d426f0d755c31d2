// The runs in the hands of this scheduler: started, watched for a wish to cancel and for a loss of the lease, drained at the end.
import { CancelledError, reportOf } from '../core/errors.ts';
import type { Job } from '../job/job.ts';
import type { RunRecord, Store } from '../stores/store.ts';
import type { Say } from './report.ts';

/** The scheduler ends: what a run has not finished is left for the next one. */
export class Handover extends CancelledError {
  constructor() {
    super('the scheduler ends; the run is left for the next one');
  }
}

/** Another scheduler has the run: whatever this one still did would be done twice. */
export class Lost extends CancelledError {
  constructor() {
    super('another scheduler has taken up the run');
  }
}

export interface RunOrder {
  /** Begun or claimed: it is ours. */
  readonly record: RunRecord;
  /** Of a run that has just been begun; one that goes on has its definition in the store. */
  readonly job?: Job;
  /** Its reason is a Handover, a Lost, or a plain CancelledError. */
  readonly signal: AbortSignal;
  /** Call when the run has taken its first place to work. */
  readonly settled: () => void;
}

/** Runs it to its end. Never rejects for what a step does. */
export type Execute = (order: RunOrder) => Promise<void>;

interface Active {
  readonly record: RunRecord;
  readonly control: AbortController;
  readonly done: Promise<void>;
}

export interface ActiveRunsOptions {
  readonly store: Store;
  readonly owner: string;
  readonly execute: Execute;
  readonly say: Say;
  /** Called after each end: a place is free, and perhaps a job. */
  readonly onEnd: () => void;
}

export class ActiveRuns {
  readonly #options: ActiveRunsOptions;
  readonly #active = new Map<string, Active>();
  /** Begun, but not at work yet: each is about to take a place. */
  readonly #opening = new Set<string>();

  constructor(options: ActiveRunsOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#active.size;
  }

  has(run: string): boolean {
    return this.#active.has(run);
  }

  get opening(): number {
    return this.#opening.size;
  }

  get records(): readonly RunRecord[] {
    return [...this.#active.values()].map(({ record }) => record);
  }

  start(record: RunRecord, job?: Job): void {
    const control = new AbortController();
    const settled = () => void this.#opening.delete(record.id);
    this.#opening.add(record.id);
    const order = { record, signal: control.signal, settled, ...(job === undefined ? {} : { job }) };
    const done = this.#run(order);
    this.#active.set(record.id, { record, control, done });
  }

  /** Compares with the store: ends what somebody wants ended, and what has been taken away. */
  async check(): Promise<void> {
    if (this.#active.size === 0) return;
    const held = new Map((await this.#options.store.owners.held(this.#options.owner)).map(run => [run.run, run]));
    for (const { record, control } of [...this.#active.values()]) {
      const now = held.get(record.id);
      if (now?.cancel === true) control.abort(new CancelledError());
      // A run that has just ended is in nobody's hands either.
      if (now !== undefined && now.fence !== (record.fence ?? 1)) this.#lose(record, control);
      if (now === undefined && (await this.#isInOtherHands(record))) this.#lose(record, control);
    }
  }

  abortAll(reason: CancelledError): void {
    for (const { control } of this.#active.values()) control.abort(reason);
  }

  /** Resolves when none is left. */
  async ended(): Promise<void> {
    while (this.#active.size > 0) await Promise.all([...this.#active.values()].map(({ done }) => done));
  }

  async #run(order: RunOrder): Promise<void> {
    const { execute, say, onEnd } = this.#options;
    const { id, job } = order.record;
    try {
      await execute(order);
    } catch (error) {
      say({ level: 'error', event: 'run-broken', job, run: id, message: reportOf(error).message });
    }
    this.#active.delete(id);
    this.#opening.delete(id);
    onEnd();
  }

  async #isInOtherHands({ id, fence = 1 }: RunRecord): Promise<boolean> {
    const stored = await this.#options.store.run(id);
    return stored !== undefined && (stored.fence ?? 1) !== fence;
  }

  #lose({ id, job }: RunRecord, control: AbortController): void {
    if (control.signal.aborted) return;
    this.#options.say({ level: 'warning', event: 'run-lost', job, run: id, message: 'another scheduler has taken up the run' });
    control.abort(new Lost());
  }
}
