// Decisions whose run has yet to begin → runs, as far as places are free and `overlap` allows. The same rules hold when a slot was missed.
import { AppError } from '../core/errors.ts';
import { formatDuration } from '../core/units.ts';
import type { Job } from '../job/job.ts';
import { writeSnapshot } from '../job/snapshot.ts';
import type { Decision, RunRecord, SchedulerRecord, Store } from '../stores/store.ts';
import type { ActiveRuns } from './active-runs.ts';
import type { Agenda } from './agenda.ts';
import { pausedDetail } from './planner.ts';

/** Decisions looked at in one pass; those beyond come when these have begun. */
const WAITING_READ_MAX = 10_000;

export interface DispatchOptions {
  readonly store: Store;
  readonly agenda: Agenda;
  readonly active: ActiveRuns;
  readonly me: Pick<SchedulerRecord, 'owner' | 'host' | 'pid'>;
  /** Runs that may begin now. */
  readonly room: () => number;
  readonly holds: (run: RunRecord) => boolean;
  /** Asks a run to end, whoever has it. */
  readonly endRun: (run: RunRecord) => Promise<void>;
  /** Told of every decision that was waiting and comes to nothing. */
  readonly skipped: (decision: Decision) => void;
}

export interface Dispatched {
  /** When the next decision that only waits for its jitter may begin; Infinity without any. */
  readonly nextAt: number;
  /** Some wait for another run, or for a place. */
  readonly blocked: boolean;
}

export async function dispatch(options: DispatchOptions, now: number): Promise<Dispatched> {
  const { store, agenda } = options;
  const waiting = await store.slots.waiting(WAITING_READ_MAX);
  if (waiting.length === 0) return { nextAt: Number.POSITIVE_INFINITY, blocked: false };
  const { running: busy } = await store.unended();
  const pauses = new Map((await store.slots.pauses()).map(pause => [pause.job, pause]));
  const heads = new Set<string>();
  let [nextAt, blocked] = [Number.POSITIVE_INFINITY, false];
  for (const decision of waiting) {
    const job = agenda.job(decision.job);
    // Of another scheduler's folder, or of a file that is gone for a moment.
    if (job === undefined) continue;
    const startAt = startOf(decision, agenda);
    const pause = pauses.get(job.name);
    if (pause !== undefined) await withdraw(decision, 'paused', pausedDetail(pause.reason), options);
    else if (startAt > now) nextAt = Math.min(nextAt, startAt);
    else if (heads.has(job.name) && job.overlap !== 'allow') blocked = true;
    else if (busy.has(job.name) && waitsItsTurn(decision, job)) blocked = true;
    else {
      const begun = await consider({ decision, job, now, waiting }, options);
      if (begun === 'waits') [blocked] = [true, heads.add(job.name)];
      if (begun === 'begun') heads.add(job.name);
    }
  }
  return { nextAt, blocked };
}

/** The jitter comes on top of the slot: a run that waits for it is not late. */
function startOf(decision: Decision, agenda: Agenda): number {
  return decision.slot + (agenda.entry(decision)?.jitterMs ?? 0);
}

/** Nothing but the end of the run that is going helps; under the other rules something happens at once. */
function waitsItsTurn({ action }: Decision, { overlap }: Job): boolean {
  return overlap === 'queue' || (action === 'queued' && overlap !== 'allow');
}

interface Candidate {
  readonly decision: Decision;
  readonly job: Job;
  readonly now: number;
  readonly waiting: readonly Decision[];
}

async function consider(candidate: Candidate, options: DispatchOptions): Promise<'begun' | 'waits' | 'over'> {
  const { decision, job, now } = candidate;
  const late = now - startOf(decision, options.agenda);
  const maxAgeMs = options.agenda.entry(decision)?.schedule.maxAgeMs;
  if (maxAgeMs !== undefined && late > maxAgeMs)
    return withdraw(decision, 'too-old', `${formatDuration(late)} late, more than max-age allows`, options);
  const newer = replacementOf(candidate);
  if (newer !== undefined) return withdraw(decision, 'overlap', `replaced by run ${newer} before it began`, options);
  if (options.room() <= 0) return 'waits';
  try {
    await begin(candidate, options);
    return 'begun';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    if (error.code === 'run-exists' || error.code === 'slot-withdrawn') return 'over';
    if (error.code !== 'job-held') throw error;
    if (decision.action === 'started' && job.overlap === 'skip')
      return withdraw(decision, 'overlap', `${error.message}, and \`overlap: skip\``, options);
    if (decision.action === 'started' && job.overlap === 'replace') await endRivals(job.name, options);
    return 'waits';
  }
}

/** The decision that waits becomes a skipped one, unless its run has begun meanwhile. */
async function withdraw(
  decision: Decision,
  reason: string,
  detail: string,
  { store, skipped }: Pick<DispatchOptions, 'store' | 'skipped'>,
): Promise<'over'> {
  const { run: _, ...rest } = decision;
  if (await store.slots.withdraw(decision, reason, detail)) skipped({ ...rest, action: 'skipped', reason, detail, open: false });
  return 'over';
}

async function begin({ decision, job, now }: Candidate, { store, active, me, holds }: DispatchOptions): Promise<void> {
  const record: RunRecord = {
    id: decision.run ?? '',
    job: job.name,
    file: job.file,
    trigger: 'schedule',
    startedAt: now,
    status: 'running',
    ...{ host: me.host, pid: me.pid, owner: me.owner, slot: decision.slot },
  };
  const definition = writeSnapshot({ job });
  await store.begin(record, [], { definition, decided: true, ...(job.overlap === 'allow' ? {} : { holds }) });
  active.start(record, job);
}

async function endRivals(job: string, { store, endRun }: DispatchOptions): Promise<void> {
  for (const run of await store.runs({ job, status: 'running', limit: 100 })) await endRun(run);
}

/** Under `overlap: replace`, the newer run that is wanted instead. */
function replacementOf({ decision, job, waiting }: Candidate): string | undefined {
  if (job.overlap !== 'replace' || decision.action !== 'started') return undefined;
  return waiting.findLast(other => other.job === decision.job && other.action === 'started' && other.slot > decision.slot)?.run;
}
