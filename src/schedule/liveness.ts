// Which schedulers of a store live, and which processes of runs: by their beat, and on this machine by their process.
import type { Clock } from '../core/clock.ts';
import type { RunRecord, SchedulerRecord, Store } from '../stores/store.ts';
import { Heartbeats, RUN_SILENCE_MS } from './heartbeats.ts';

export interface LivenessOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly me: Pick<SchedulerRecord, 'owner' | 'host'>;
  /** A scheduler that does not beat for this long is dead. */
  readonly leaseMs: number;
  /** Whether a process of this machine, alive at `since`, still is. */
  readonly isAlive: (pid: number, since: number) => boolean;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #schedulers: Heartbeats;
  readonly #runs: Heartbeats;

  constructor(options: LivenessOptions) {
    this.#options = options;
    this.#schedulers = new Heartbeats(options.clock, options.leaseMs);
    this.#runs = new Heartbeats(options.clock, RUN_SILENCE_MS);
  }

  /** Dismisses the dead, and gives back the owners that live, this one included. */
  async living(): Promise<ReadonlySet<string>> {
    const { store, me } = this.#options;
    const living = new Set([me.owner]);
    const all = await store.owners.schedulers();
    for (const other of all) {
      if (other.owner === me.owner || this.#lives(other)) living.add(other.owner);
      else await store.owners.dismiss(other.owner);
    }
    this.#schedulers.keep(new Set(all.map(({ owner }) => owner)));
    return living;
  }

  /** Whether the process of a run may still be at work, as far as this machine can tell. */
  holds({ id, owner, host, pid, startedAt, beat = 0 }: RunRecord): boolean {
    const { me, isAlive } = this.#options;
    if (host === me.host) return owner === me.owner || isAlive(pid, startedAt);
    return owner !== undefined || this.#runs.lives(id, beat);
  }

  #lives({ owner, host, pid, startedAt, beat }: SchedulerRecord): boolean {
    const { me, isAlive } = this.#options;
    return (host !== me.host || isAlive(pid, startedAt)) && this.#schedulers.lives(owner, beat);
  }
}
