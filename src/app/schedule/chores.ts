// What a scheduler does beside running jobs: sends mails of the outbox and digests that are due, and drops what is too old.
import type { Clock } from '../../core/clock.ts';
import { reportOf } from '../../core/errors.ts';
import type { Say } from '../../schedule/report.ts';
import type { Store } from '../../stores/store.ts';
import { sendDueMails } from '../outbox/flush.ts';
import { type Digests, sendDueDigests } from '../report/digests.ts';
import type { Workspace } from '../workspace.ts';

export interface ChoresOptions {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly clock: Clock;
  readonly say: Say;
  readonly signal: AbortSignal;
  /** How long runs and decisions are kept, and how long logs. */
  readonly keepMs: number;
  readonly keepLogsMs: number;
}

/** Of each job, whatever their age. */
const RUNS_KEPT_MIN = 10;

/** Never rejects. */
export async function sendMails({ workspace, store, clock, signal, say }: ChoresOptions): Promise<void> {
  const tell = (message: string) => say({ level: 'info', event: 'outbox', message });
  await sendDueMails({ workspace, store, clock, signal, say: tell }).catch((error: unknown) => {
    if (!signal.aborted) say({ level: 'warning', event: 'outbox', message: reportOf(error).message });
  });
}

/** Never rejects. */
export async function sendDigests(options: Omit<ChoresOptions, 'keepMs' | 'keepLogsMs'>, digests: Digests): Promise<void> {
  const { signal, say } = options;
  await sendDueDigests(options, digests).catch((error: unknown) => {
    if (!signal.aborted) say({ level: 'warning', event: 'digest', message: reportOf(error).message });
  });
}

/** Never rejects. Gives runs their turn between two portions. */
export async function dropOld({ store, clock, signal, say, keepMs, keepLogsMs }: ChoresOptions): Promise<void> {
  const now = clock.now();
  const retention = { runsBefore: now - keepMs, runsKeptMin: RUNS_KEPT_MIN, logsBefore: now - keepLogsMs };
  try {
    while (!signal.aborted && (await store.prune(retention))) await clock.sleep(PORTION_MS, signal);
  } catch (error) {
    if (!signal.aborted) say({ level: 'warning', event: 'retention', message: reportOf(error).message });
  }
}

const PORTION_MS = 100;
