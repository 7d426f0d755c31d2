// What a scheduler does besides its ticks, each at its own pace: looks for changed job files, chores, the watchdog of systemd.
import type { Clock, Timer } from '../../core/clock.ts';
import { reportOf } from '../../core/errors.ts';
import type { Say } from '../../schedule/report.ts';
import type { Scheduler } from '../../schedule/scheduler.ts';
import type { JobsFolder, Scan } from './jobs-folder.ts';
import type { Notifier } from './notify.ts';

/** An editor writes a file in several steps; the last one counts. */
const SETTLE_MS = 300;
/** For folders that tell nobody when they change. */
const LOOK_MS = 60_000;

export interface PulseOptions {
  readonly scheduler: Pick<Scheduler, 'setJobs' | 'wake'>;
  readonly folder: Pick<JobsFolder, 'scan' | 'watch'>;
  readonly clock: Clock;
  readonly notify: Notifier;
  readonly say: Say;
  /** Each at once and then after every `everyMs`; one at a time. */
  readonly chores: readonly { readonly everyMs: number; readonly work: () => Promise<void> }[];
}

export class Pulse {
  readonly #options: PulseOptions;
  readonly #timers = new Set<Timer>();
  #settling: Timer | undefined;
  #scan: Promise<void> = Promise.resolve();
  /** Jobs that the scheduler has not been told of yet: it may find its store busy just then. */
  #untold: readonly string[] = [];
  #over = false;
  readonly #chores = new Set<Promise<void>>();

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Until `work` ends. */
  async beatWhile(work: Promise<void>): Promise<void> {
    const { folder, notify } = this.#options;
    const watcher = folder.watch(() => this.#soon());
    // For what changed between the first scan and the watch.
    this.reload();
    this.#every(LOOK_MS, () => this.reload());
    for (const { everyMs, work } of this.#options.chores) this.#chore(everyMs, work);
    if (notify.watchdogMs !== undefined) this.#every(notify.watchdogMs, () => notify.tell('WATCHDOG=1'));
    try {
      await work;
    } finally {
      this.#over = true;
      watcher.close();
      this.#settling?.cancel();
      for (const timer of this.#timers) timer.cancel();
      await Promise.all([this.#scan, ...this.#chores]);
    }
  }

  /** One after the other; a second wish while one waits is the same wish. */
  reload(): void {
    this.#scan = this.#scan.then(() => (this.#over ? undefined : this.#look()));
  }

  async #look(): Promise<void> {
    const { folder, scheduler, say } = this.#options;
    try {
      const scan = await folder.scan();
      tellProblems(scan, say);
      const changed = [...new Set([...this.#untold, ...scan.changed])];
      if (changed.length === 0) return;
      this.#untold = changed;
      await scheduler.setJobs(scan.jobs);
      this.#untold = [];
      scheduler.wake();
      const message = `read again: ${changed.slice(0, 5).join(', ')}${changed.length > 5 ? ', …' : ''}`;
      say({ level: 'info', event: 'jobs-changed', message, facts: { jobs: scan.jobs.length, changed: changed.length } });
    } catch (error) {
      say({ level: 'error', event: 'jobs-unreadable', message: reportOf(error).message });
    }
  }

  #soon(): void {
    this.#settling?.cancel();
    this.#settling = this.#options.clock.after(SETTLE_MS, () => this.reload());
  }

  /** The next turn is counted from the end of this one. */
  #chore(ms: number, work: () => Promise<void>): void {
    const going = work().finally(() => {
      this.#chores.delete(going);
      if (this.#over) return;
      const timer = this.#options.clock.after(ms, () => {
        this.#timers.delete(timer);
        this.#chore(ms, work);
      });
      this.#timers.add(timer);
    });
    this.#chores.add(going);
  }

  #every(ms: number, act: () => void): void {
    const timer = this.#options.clock.after(ms, () => {
      this.#timers.delete(timer);
      act();
      this.#every(ms, act);
    });
    this.#timers.add(timer);
  }
}

/** What is wrong with files, each said once. */
export function tellProblems({ fresh }: Scan, say: Say): void {
  for (const { file, message, keepsOld } of fresh) {
    const rest = keepsOld ? '; its last good version goes on' : '; it does not run';
    say({ level: 'error', event: 'job-invalid', message: `${message}${rest}`, facts: { file, 'keeps-old': keepsOld } });
  }
}
