// Schedulers, jobs and misfortune on a clock of their own, drawn from a seed.
import type { Clock, Timer } from '../../src/core/clock.ts';
import { CancelledError } from '../../src/core/errors.ts';
import type { Job, Schedule } from '../../src/job/job.ts';
import { Places } from '../../src/run/places.ts';
import { type Execute, Lost } from '../../src/schedule/active-runs.ts';
import { Scheduler } from '../../src/schedule/scheduler.ts';
import { scheduleId } from '../../src/schedule/timetable.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import type { Store } from '../../src/stores/store.ts';
import { mulberry } from '../support/chance.ts';
import { jobOf } from './world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
export const DAY = 24 * HOUR;
const START = Date.UTC(2026, 0, 1);
const SCHEDULERS = 2;
const LEASE_MS = 2 * HOUR;
const ZONES = ['UTC', 'Europe/Zurich', 'America/New_York', 'Australia/Lord_Howe', 'Africa/Cairo', 'America/Nuuk'];

/** A time in which a schedule was in force: every slot in (from, until] must have its decision. */
export interface Lifetime {
  readonly job: string;
  readonly schedule: Schedule;
  readonly id: string;
  readonly anchor: number;
  readonly from: number;
  until: number;
}

/** A process: the scheduler in it, and how many more calls of the store it lives to make. */
interface Process {
  readonly pid: number;
  readonly scheduler: Scheduler;
  fuse: number;
  dead: boolean;
  /** Stopped until then, on the steady clock. */
  asleep: number;
  jobs: readonly Job[] | undefined;
}

class SimClock implements Clock {
  #elapsed = 0;
  #offset = START;
  readonly #alarms: { at: number; fire: () => void; cancelled: boolean }[] = [];

  now = () => this.#elapsed + this.#offset;
  elapsed = () => this.#elapsed;
  step(ms: number): void {
    this.#offset += ms;
  }

  after(ms: number, fire: () => void): Timer {
    const alarm = { at: this.#elapsed + Math.max(0, ms), fire, cancelled: false };
    const index = this.#alarms.findIndex(({ at }) => at > alarm.at);
    this.#alarms.splice(index < 0 ? this.#alarms.length : index, 0, alarm);
    const cancel = () => {
      alarm.cancelled = true;
    };
    return { cancel };
  }

  sleep(): Promise<void> {
    throw new Error('nobody sleeps here');
  }

  /** When the next alarm rings, on the steady clock. */
  next(): number {
    while (this.#alarms[0]?.cancelled) this.#alarms.shift();
    return this.#alarms[0]?.at ?? Number.POSITIVE_INFINITY;
  }

  moveTo(elapsed: number): void {
    this.#elapsed = Math.max(this.#elapsed, elapsed);
    while (this.next() <= this.#elapsed) this.#alarms.shift()?.fire();
  }
}

export class Simulation {
  readonly store: Store;
  readonly lifetimes: Lifetime[] = [];
  /** How often a run began from nothing, by id. */
  readonly begun = new Map<string, number>();
  readonly #clock: SimClock;
  readonly #chance: () => number;
  readonly #counts: Record<string, number> = {};
  #jobs: Job[] = [];
  #processes: Process[] = [];
  #pids = 0;
  #troubled = false;
  /** How far the clock is ahead by mistake; put right at the next trouble. */
  #aheadMs = 0;

  private constructor(store: Store, clock: SimClock, seed: number) {
    this.store = store;
    this.#clock = clock;
    this.#chance = mulberry(seed);
  }

  static async start({ jobs, seed }: { jobs: number; seed: number }): Promise<Simulation> {
    const clock = new SimClock();
    const sim = new Simulation(await openSqliteStore(':memory:', { clock }), clock, seed);
    sim.#jobs = Array.from({ length: jobs }, (_, i) => sim.#randomJob(`job-${i}`));
    return sim;
  }

  get names(): readonly string[] {
    return this.#jobs.map(({ name }) => name);
  }

  /** `12 crash, 3 edit`. */
  told(): string {
    return Object.entries(this.#counts)
      .map(([what, times]) => `${times} ${what}`)
      .join(', ');
  }

  async run(ms: number, { troubled }: { troubled: boolean }): Promise<void> {
    this.#troubled = troubled;
    if (!troubled) await this.#calm();
    const end = this.#clock.elapsed() + ms;
    let trouble = troubled ? this.#clock.elapsed() + this.#between(0, 6 * HOUR) : Number.POSITIVE_INFINITY;
    while (this.#clock.elapsed() < end) {
      while (this.#processes.length < SCHEDULERS) await this.#boot();
      const due = Math.min(...this.#awake().map(({ scheduler }) => scheduler.agenda.nextDue())) - this.#clock.now();
      const next = Math.min(
        this.#clock.elapsed() + Math.max(1, due),
        this.#clock.next(),
        trouble,
        this.#clock.elapsed() + HOUR,
        end,
      );
      this.#clock.moveTo(next);
      await turn();
      if (this.#clock.elapsed() >= trouble) {
        await this.#trouble();
        trouble = this.#clock.elapsed() + this.#between(MINUTE, 12 * HOUR);
      }
      await Promise.all(this.#awake().map(process => this.#tick(process)));
    }
  }

  #awake(): readonly Process[] {
    return this.#processes.filter(({ asleep }) => asleep <= this.#clock.elapsed());
  }

  async #tick(process: Process): Promise<void> {
    try {
      if (process.jobs !== undefined) await process.scheduler.setJobs(process.jobs);
      process.jobs = undefined;
      await process.scheduler.tick();
    } catch (error) {
      if (!process.dead) throw error;
      this.#processes = this.#processes.filter(other => other !== process);
    }
  }

  async #boot(): Promise<void> {
    const pid = ++this.#pids;
    const process = { pid, dead: false, fuse: this.#fuse(), asleep: 0, jobs: undefined } as unknown as Process & {
      scheduler: Scheduler;
    };
    const store = mortal(this.store, process, this.#chance);
    const alive = (other: number) => this.#processes.some(each => each.pid === other && !each.dead);
    Object.assign(process, {
      scheduler: new Scheduler({
        ...{ store, clock: this.#clock, leaseMs: LEASE_MS, say: () => undefined },
        me: { owner: `here:${pid}`, host: 'here', pid, jobsDir: '/jobs', startedAt: this.#clock.now() },
        places: new Places({ total: 10_000, limitOf: () => 10_000 }),
        isAlive: alive,
        endRun: async run => void (await store.owners.requestCancel(run.id)),
        execute: this.#executor(process, store),
      }),
    });
    this.#processes.push(process);
    process.jobs = this.#jobs;
    await this.#tick(process);
    if (this.#processes.includes(process)) await this.#enforce(this.#jobs);
  }

  #executor(process: Process, store: Store): Execute {
    return async ({ record, job, signal, settled }) => {
      settled();
      if (job !== undefined) this.begun.set(record.id, (this.begun.get(record.id) ?? 0) + 1);
      const lasts = this.#between(0, 49) === 0 ? this.#between(HOUR, 30 * HOUR) : this.#between(0, 3) * 15 * MINUTE;
      const cancelled = await new Promise<boolean>(resolve => {
        const timer = this.#clock.after(lasts, () => resolve(false));
        signal.addEventListener('abort', () => resolve(true), { once: true });
        signal.addEventListener('abort', () => timer.cancel(), { once: true });
      });
      if (process.dead || signal.reason instanceof Lost) return;
      if (cancelled && !(signal.reason instanceof CancelledError)) throw new Error('ended by nobody');
      const status = cancelled ? 'cancelled' : 'succeeded';
      const head = { seq: 1 + (await store.lastSeq(record.id)), at: this.#clock.now(), run: record.id };
      const event = { ...head, type: 'run-finished', status, steps: {}, durationMs: lasts } as const;
      await store.record(event, record.fence ?? 1).catch((error: { code?: string }) => {
        if (error.code !== 'run-lost' && !process.dead) throw error;
      });
    };
  }

  async #trouble(): Promise<void> {
    this.#putClockRight();
    const [kind] = [
      this.#pick([
        'crash',
        'crash',
        'edit',
        'edit',
        'pause',
        'resume',
        'step back',
        'step ahead',
        'wrong clock',
        'suspend',
        'stop',
      ]),
    ];
    this.#counts[kind] = (this.#counts[kind] ?? 0) + 1;
    switch (kind) {
      case 'crash':
        for (const process of this.#processes) if (this.#chance() < 0.6) process.fuse = this.#between(0, 40);
        return;
      case 'edit':
        return this.#edit();
      case 'pause':
        return this.store.slots.pause({ job: this.#pick(this.#jobs).name, since: this.#clock.now(), reason: 'chance' });
      case 'resume':
        for (const { job } of await this.store.slots.pauses()) if (this.#chance() < 0.7) await this.store.slots.resume(job);
        return;
      case 'step back':
        return this.#clock.step(-2 * HOUR);
      case 'step ahead':
        return this.#chance() < 0.3 ? this.#clock.step(3 * DAY) : this.#clock.step(this.#between(1, 120) * 1_000);
      case 'wrong clock':
        this.#aheadMs = this.#between(1, 3 * 24) * HOUR;
        return this.#clock.step(this.#aheadMs);
      case 'suspend':
        return this.#clock.step(8 * HOUR);
      case 'stop': {
        const process = this.#pick(this.#processes);
        process.asleep = this.#clock.elapsed() + this.#between(MINUTE, 3 * LEASE_MS);
      }
    }
  }

  #putClockRight(): void {
    this.#clock.step(-this.#aheadMs);
    this.#aheadMs = 0;
  }

  async #edit(): Promise<void> {
    const index = this.#between(0, this.#jobs.length - 1);
    const old = this.#jobs[index] as Job;
    this.#close(old);
    this.#jobs = this.#jobs.map((job, i) => (i === index ? this.#randomJob(old.name) : job));
    for (const process of this.#processes) process.jobs = this.#jobs;
    await Promise.all(this.#awake().map(process => this.#tick(process)));
    await this.#enforce(this.#jobs.slice(index, index + 1));
  }

  /** What the store has a cursor for is in force from that cursor on. */
  async #enforce(jobs: readonly Job[]): Promise<void> {
    for (const job of jobs) {
      const cursors = await this.store.slots.cursors(job.name);
      for (const schedule of job.schedules) {
        const id = scheduleId(schedule);
        const cursor = cursors.find(each => each.schedule === id);
        const open = this.lifetimes.some(
          life => life.job === job.name && life.id === id && life.until === Number.POSITIVE_INFINITY,
        );
        if (cursor === undefined || open) continue;
        const { anchor, decidedTo } = cursor;
        this.lifetimes.push({ ...{ job: job.name, schedule, id, anchor }, from: decidedTo, until: Number.POSITIVE_INFINITY });
      }
    }
  }

  #close(job: Job): void {
    // The schedulers may not have ticked since the last slot: an edit drops what they have not decided yet.
    for (const life of this.lifetimes) {
      if (life.job === job.name && life.until === Number.POSITIVE_INFINITY)
        life.until = this.#clock.now() - 4 * LEASE_MS - 3 * DAY;
    }
  }

  async #calm(): Promise<void> {
    this.#putClockRight();
    for (const { job } of await this.store.slots.pauses()) await this.store.slots.resume(job);
    for (const process of this.#processes) Object.assign(process, { fuse: Number.POSITIVE_INFINITY, asleep: 0 });
    await this.#enforce(this.#jobs);
    const until = this.#clock.now();
    for (const life of this.lifetimes) if (life.until === Number.POSITIVE_INFINITY) life.until = until;
    // From here on nothing new is due: what was begun comes to its end.
    this.#jobs = this.#jobs.map(job => ({ ...job, schedules: [] }));
    for (const process of this.#processes) await this.#tick(process);
    for (const process of this.#processes) process.jobs = this.#jobs;
  }

  #fuse(): number {
    return this.#troubled && this.#chance() < 0.3 ? this.#between(0, 200) : Number.POSITIVE_INFINITY;
  }

  #randomJob(name: string): Job {
    const minute = this.#pick(['0', '15', '30', '45']);
    const hour = String(this.#between(0, 23));
    const cron = this.#pick([
      `${minute} ${hour} * * *`,
      `${minute} ${hour} * * *`,
      `${minute} ${hour} * * 1-5`,
      `${minute} ${hour} 1,L * *`,
      `${minute} */12 * * 6`,
    ]);
    const every = this.#chance() < 0.05 ? { everyMs: this.#pick([8 * HOUR, DAY]) } : { cron, timezone: this.#pick(ZONES) };
    return jobOf(name, {
      overlap: this.#pick(['queue', 'queue', 'skip', 'replace', 'allow']),
      schedule: {
        ...every,
        misfire: this.#pick(['one', 'one', 'all', 'skip']),
        jitterMs: this.#pick([0, 0, 10 * MINUTE]),
        ...(this.#chance() < 0.2 ? { maxAgeMs: DAY } : {}),
      },
    });
  }

  #between(low: number, high: number): number {
    return low + Math.floor(this.#chance() * (high - low + 1));
  }

  #pick<T>(of: readonly T[]): T {
    return of[this.#between(0, of.length - 1)] as T;
  }
}

/** A store whose calls fail for ever once the fuse of their process has burnt down: before or after the work was done. */
function mortal(store: Store, process: Process, chance: () => number): Store {
  const wrap = <T extends object>(target: T): T =>
    new Proxy(target, {
      get(object, key) {
        const value = Reflect.get(object, key) as unknown;
        if (typeof value === 'object' && value !== null) return wrap(value);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]) => {
          process.fuse -= 1;
          if (process.dead || process.fuse <= 0) {
            if (!process.dead && chance() < 0.5) await value.apply(object, args);
            process.dead = true;
            throw new Error(`process ${process.pid} died in ${String(key)}`);
          }
          return value.apply(object, args);
        };
      },
    });
  return wrap(store);
}

/** Runs that have ended say so before anything else happens. */
async function turn(): Promise<void> {
  await new Promise(resolve => setImmediate(resolve));
}
