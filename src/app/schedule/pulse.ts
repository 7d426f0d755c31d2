// What a scheduler does besides its ticks: looks for changed job files, and tells systemd's watchdog that it lives.
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
}

export class Pulse {
  readonly #options: PulseOptions;
  readonly #timers = new Set<Timer>();
  #settling: Timer | undefined;
  #scan: Promise<void> = Promise.resolve();
  #over = false;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Until `work` ends. */
  async beatWhile(work: Promise<void>): Promise<void> {
    const { folder, notify } = this.#options;
    const watcher = folder.watch(() => this.#soon());
    this.#every(LOOK_MS, () => this.reload());
    if (notify.watchdogMs !== undefined) this.#every(notify.watchdogMs, () => notify.tell('WATCHDOG=1'));
    try {
      await work;
    } finally {
      this.#over = true;
      watcher.close();
      this.#settling?.cancel();
      for (const timer of this.#timers) timer.cancel();
      await this.#scan;
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
      if (scan.changed.length === 0) return;
      await scheduler.setJobs(scan.jobs);
      scheduler.wake();
      const message = `read again: ${scan.changed.slice(0, 5).join(', ')}${scan.changed.length > 5 ? ', …' : ''}`;
      say({ level: 'info', event: 'jobs-changed', message, facts: { jobs: scan.jobs.length, changed: scan.changed.length } });
    } catch (error) {
      say({ level: 'error', event: 'jobs-unreadable', message: reportOf(error).message });
    }
  }

  #soon(): void {
    this.#settling?.cancel();
    this.#settling = this.#options.clock.after(SETTLE_MS, () => this.reload());
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
