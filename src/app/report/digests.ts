// Digests that no run of their job has sent: the job has no schedule, or its run failed before it, or was left out while no scheduler was up.
//
// One that is due is sent by the step itself, alone, in a run that is not on record; the outbox lets nobody write it twice (digestName).
import type { Clock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { Redactor } from '../../core/secret.ts';
import type { Job, JobStep } from '../../job/job.ts';
import type { RunListener } from '../../run/events.ts';
import type { Say } from '../../schedule/report.ts';
import { DIGEST_KEY, DIGEST_MS, DIGEST_SLACK_MS, type DigestPeriod } from '../../steps/smtp-report/digest-due.ts';
import type { Ledger } from '../../steps/step.ts';
import type { Store } from '../../stores/store.ts';
import { executeRun } from '../run/execute-run.ts';
import { newRunId } from '../run/run-id.ts';
import type { Workspace } from '../workspace.ts';

export interface DigestPlace {
  readonly workspace: Workspace;
  readonly store: Store;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly say: Say;
}

export interface Digests {
  readonly jobs: () => readonly Job[];
  /** By job and step, when one that failed is tried again (epoch milliseconds). */
  readonly notBefore: Map<string, number>;
}

interface DigestStep {
  readonly job: Job;
  readonly step: JobStep;
  readonly period: DigestPeriod;
}

/** What a run of the job has from its slot on to send the digest itself; less than the slack, so that the next one is not put off. */
const GRACE_MS = DIGEST_SLACK_MS / 2;
const AGAIN_MS = 3_600_000;
/** Slots since the last digest that are looked at. */
const SLOTS_MAX = 100;
/** When a digest without a first one was first seen. */
const SEEN_KEY = 'digest-seen';

/** Sends every digest that is due now. Rejects only when the store fails or `signal` aborts. */
export async function sendDueDigests(place: DigestPlace, { jobs, notBefore }: Digests): Promise<void> {
  const { store, clock, signal } = place;
  const digests = jobs().flatMap(digestsOf);
  if (digests.length === 0) return;
  const { running, waiting, interrupted } = await store.unended();
  const paused = new Set((await store.slots.pauses()).map(({ job }) => job));
  const left = [running, waiting, interrupted, paused];
  for (const digest of digests) {
    const { job, step } = digest;
    const key = JSON.stringify([job.name, step.id]);
    if (left.some(names => names.has(job.name)) || clock.now() < (notBefore.get(key) ?? 0)) continue;
    if (!(await isDue(digest, store, clock.now()))) continue;
    notBefore.set(key, clock.now() + AGAIN_MS);
    if (await sendAlone(digest, place)) notBefore.delete(key);
    signal.throwIfAborted();
  }
}

/** A condition that asks about other steps can be answered by a run alone. */
function digestsOf(job: Job): readonly DigestStep[] {
  return job.steps.flatMap(step => {
    const period = step.with['digest'];
    const plain = step.condition === 'success()' || step.condition === 'always()';
    return step.uses === 'smtp/report' && plain && (period === 'daily' || period === 'weekly') ? [{ job, step, period }] : [];
  });
}

async function isDue({ job, step, period }: DigestStep, store: Store, now: number): Promise<boolean> {
  const ledger = store.ledger(job.name, step.id);
  const last = pastTime(await ledger.get(DIGEST_KEY), now);
  const from = last ?? (await firstSeen(ledger, now));
  if (job.schedules.length === 0) return now - from >= DIGEST_MS[period];
  // The schedule says when: weekdays alone, or on the first of the month.
  const since = last === undefined ? from : last + DIGEST_MS[period] - DIGEST_SLACK_MS;
  const until = now - GRACE_MS;
  if (since > until) return false;
  const slots = await store.slots.decisions({ job: job.name, since, until, limit: SLOTS_MAX });
  return slots.some(({ reason, open }) => reason !== 'paused' && !open);
}

async function firstSeen(ledger: Ledger, now: number): Promise<number> {
  const seen = pastTime(await ledger.get(SEEN_KEY), now);
  if (seen === undefined) await ledger.put(SEEN_KEY, now);
  return seen ?? now;
}

/** A time that a clock gone wrong has put into the future is none. */
function pastTime(value: unknown, now: number): number | undefined {
  return typeof value === 'number' && value <= now ? value : undefined;
}

/** False when it could not even be written; one that waits in the outbox is written. */
async function sendAlone({ job, step, period }: DigestStep, place: DigestPlace): Promise<boolean> {
  const { clock, workspace } = place;
  const id = newRunId(clock, systemRandom);
  const say = (level: 'info' | 'warning' | 'error', message: string) =>
    place.say({ level, event: 'digest', job: job.name, message: `${step.id}: ${message}`, facts: { step: step.id, period } });
  const notes: RunListener = {
    name: 'digest',
    on: event => (event.type === 'step-note' && event.level !== 'info' ? say(event.level, event.message) : undefined),
  };
  const { name, file } = job;
  const { status, steps, error } = await executeRun({
    ...{ ...place, redactor: new Redactor(), listeners: [notes], say: (line: string) => say('warning', line) },
    record: {
      id,
      job: name,
      file,
      trigger: 'schedule',
      startedAt: clock.now(),
      status: 'running',
      host: workspace.host,
      pid: process.pid,
    },
    snapshot: { job: aloneIn(job, step), only: step.id },
  });
  const outcome = steps.find(facts => facts.id === step.id)?.outputs['outcome'] ?? null;
  if (outcome !== null) say('info', `the ${period} digest is ${outcome}`);
  if (status === 'failed' && error !== undefined) say('error', `the ${period} digest was not sent: ${error.message}`);
  return status === 'succeeded';
}

/** Nobody is pinged or alarmed about it, and what fails is tried again at a later look. */
function aloneIn({ ping: _, ...job }: Job, { id }: JobStep): Job {
  const steps = job.steps.map(step => (step.id === id ? { ...step, retry: { ...step.retry, attempts: 1 } } : step));
  return { ...job, steps, onFailure: [] };
}
