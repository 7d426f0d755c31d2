// The loop: decide what is due, begin what was decided, take up what was left, sleep until the next moment that matters.
//
//   tick    beat ─► recover ─► decide due slots ─► dispatch ─► how long to sleep
//   stop    fire no more ─► drain ─► hand the rest over ─► dismiss
//
// Nothing is remembered that a crash would lose: a tick may end anywhere, and the next one, of whichever scheduler, goes on.
import type { Clock } from '../core/clock.ts';
import { CancelledError, reportOf } from '../core/errors.ts';
import type { Job } from '../job/job.ts';
import type { Places } from '../run/places.ts';
import type { RunRecord, SchedulerRecord, Store } from '../stores/store.ts';
import { ActiveRuns, type Execute, Handover } from './active-runs.ts';
import { Agenda } from './agenda.ts';
import { decideDue, takeBackEarly } from './decide.ts';
import { dispatch } from './dispatch.ts';
import { Liveness } from './liveness.ts';
import { recover } from './recover.ts';
import type { Say } from './report.ts';
import { type Alert, Silence } from './silence.ts';

/** Nothing to do: look again after this long, for a clock that was set, a machine that slept, a scheduler that died. */
export const IDLE_MS = 15_000;
/** Something waits for another process: a run to end, a place to be free. */
const BLOCKED_MS = 1_000;
/** How often runs are compared with their usual time. */
const WATCH_MS = 10_000;
export const LEASE_MS = 30_000;
/** Beats in the time of one lease. */
const BEATS = 6;

export interface SchedulerOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly me: Omit<SchedulerRecord, 'beat'>;
  readonly places: Places;
  readonly execute: Execute;
  readonly isAlive: (pid: number, since: number) => boolean;
  readonly endRun: (run: RunRecord) => Promise<void>;
  readonly say: Say;
  readonly alert?: Alert;
  readonly leaseMs?: number;
}

export class Scheduler {
  readonly agenda: Agenda;
  readonly active: ActiveRuns;
  readonly #options: SchedulerOptions;
  readonly #liveness: Liveness;
  readonly #silence: Silence;
  readonly #leaseMs: number;
  #wake = new AbortController();
  #beatAt = Number.NEGATIVE_INFINITY;
  #recoveredAt = Number.NEGATIVE_INFINITY;
  #watchedAt = Number.NEGATIVE_INFINITY;
  /** Something waits for another process: a run to end, a place to be free. */
  #blocked = false;
  /** Interrupted runs wait to be taken up. */
  #left = false;

  constructor(options: SchedulerOptions) {
    const { store, clock, me, execute, isAlive, say, leaseMs = LEASE_MS } = options;
    this.#options = options;
    this.#leaseMs = leaseMs;
    this.#silence = new Silence({ store, say, alert: options.alert ?? (() => undefined) });
    this.agenda = new Agenda(store.slots);
    this.active = new ActiveRuns({ store, owner: me.owner, execute, say, onEnd: () => this.wake() });
    this.#liveness = new Liveness({ store, clock, me, leaseMs, isAlive });
  }

  setJobs(jobs: readonly Job[]): Promise<void> {
    return this.agenda.set(jobs, this.#options.clock.now());
  }

  /** Ticks again at once. */
  wake(): void {
    this.#wake.abort(new CancelledError());
  }

  /** Ticks until `stop` aborts. Rejects with what the store says when it cannot be used. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      this.#wake = new AbortController();
      const ms = await this.tick();
      await this.#options.clock.sleep(ms, AbortSignal.any([stop, this.#wake.signal])).catch(() => undefined);
    }
  }

  /** Does all that is due now; gives back for how many milliseconds there is nothing to do. */
  async tick(): Promise<number> {
    const { clock, store, me } = this.#options;
    await this.beat();
    await this.active.check();
    if (this.#left || clock.elapsed() - this.#recoveredAt >= this.#leaseMs / BEATS) await this.#recover();
    const now = clock.now();
    await this.#heedClock(now);
    for (const decision of await decideDue(this.agenda, store, now)) this.#silence.decided(decision);
    await this.#watch(now);
    const { nextAt, blocked } = await dispatch(
      {
        ...{ store, me, agenda: this.agenda, active: this.active, endRun: this.#options.endRun },
        skipped: decision => this.#silence.decided(decision),
        room: () => this.#room(),
        holds: run => this.#liveness.holds(run),
      },
      now,
    );
    this.#blocked = blocked || this.#left;
    const next = Math.min(this.agenda.nextDue(), nextAt) - clock.now();
    const idle = this.active.size > 0 || this.#blocked ? BLOCKED_MS : Math.min(IDLE_MS, this.#leaseMs / BEATS);
    return Math.max(0, Math.min(next, idle));
  }

  /** Ends within `drainMs` in order; what still works then is handed over. `hurry` ends the wait. */
  async stop(drainMs: number, hurry: AbortSignal): Promise<void> {
    const { clock, store, me } = this.#options;
    const drained = new AbortController();
    const ended = this.active.ended().then(() => drained.abort());
    const until = clock.elapsed() + drainMs;
    for (let left = drainMs; left > 0 && !drained.signal.aborted && !hurry.aborted; left = until - clock.elapsed()) {
      await clock.sleep(Math.min(left, BLOCKED_MS), AbortSignal.any([drained.signal, hurry])).catch(() => undefined);
      await this.#despite(async () => {
        await this.beat();
        await this.active.check();
      });
    }
    this.active.abortAll(new Handover());
    await ended;
    await this.#despite(() => store.owners.dismiss(me.owner));
  }

  /** A store in trouble is no reason to break off what runs, nor to hang about: others see that this process is gone. */
  async #despite(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#options.say({ level: 'error', event: 'store-trouble', message: reportOf(error).message });
    }
  }

  /** Tells the others that this scheduler lives. */
  async beat(): Promise<void> {
    const { clock, store, me } = this.#options;
    if (clock.elapsed() - this.#beatAt < this.#leaseMs / BEATS) return;
    await store.owners.beat(me);
    this.#beatAt = clock.elapsed();
  }

  async #recover(): Promise<void> {
    const { clock, store, me, say } = this.#options;
    this.#left = await recover({
      ...{ store, me, say, liveness: this.#liveness, active: this.active },
      room: () => this.#room(),
      allowsOverlap: job => this.agenda.job(job)?.overlap === 'allow',
    });
    this.#recoveredAt = clock.elapsed();
  }

  async #heedClock(now: number): Promise<void> {
    const { store, say } = this.#options;
    const schedules = await takeBackEarly(this.agenda, store, now);
    if (schedules === 0) return;
    const message = `the clock was ahead and has been put right: what was decided for later is decided anew`;
    say({ level: 'warning', event: 'clock-back', message, facts: { schedules } });
  }

  #room(): number {
    return this.#options.places.free - this.active.opening;
  }

  async #watch(now: number): Promise<void> {
    const { clock } = this.#options;
    if (clock.elapsed() - this.#watchedAt < WATCH_MS) return;
    this.#watchedAt = clock.elapsed();
    await this.#silence.look(this.active.records, now);
  }
}
