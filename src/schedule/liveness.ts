// Which schedulers of a store live: their beat is a counter, and its silence is timed by this machine's steady clock, so that neither a
// clock step nor clocks that differ between machines make a living one look dead.
import type { Clock } from '../core/clock.ts';
import type { RunRecord, SchedulerRecord, Store } from '../stores/store.ts';

export interface LivenessOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly me: Pick<SchedulerRecord, 'owner' | 'host'>;
  /** A scheduler that does not beat for this long is dead. */
  readonly leaseMs: number;
  /** Whether a process of this machine, alive at `since`, still is. */
  readonly isAlive: (pid: number, since: number) => boolean;
}

interface Seen {
  readonly beat: number;
  /** On the steady clock. */
  readonly at: number;
}

export class Liveness {
  readonly #options: LivenessOptions;
  readonly #seen = new Map<string, Seen>();

  constructor(options: LivenessOptions) {
    this.#options = options;
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
    for (const owner of this.#seen.keys()) if (!all.some(other => other.owner === owner)) this.#seen.delete(owner);
    return living;
  }

  /** Whether the process of a run may still be at work, as far as this machine can tell at once. */
  holds({ owner, host, pid, startedAt }: RunRecord): boolean {
    const { me, isAlive } = this.#options;
    return owner === me.owner || host !== me.host || isAlive(pid, startedAt);
  }

  #lives({ owner, host, pid, startedAt, beat }: SchedulerRecord): boolean {
    const { clock, me, leaseMs, isAlive } = this.#options;
    if (host === me.host && !isAlive(pid, startedAt)) return false;
    const seen = this.#seen.get(owner);
    if (seen?.beat === beat) return clock.elapsed() - seen.at < leaseMs;
    this.#seen.set(owner, { beat, at: clock.elapsed() });
    return true;
  }
}
