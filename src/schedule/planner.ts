// What becomes of due slots: a pure function of the slots, the schedule's wishes and what the job is doing.
//
//   A slot is live until the next one is due (at least LATE_MS_MIN, at most LATE_MS), else it was missed. Paused: every slot is skipped. Older than max-age: skipped.
//   misfire   one (missed slots become one run)   all (each runs, oldest first, one after the other)   skip
//   overlap   while a run of the job is going or waits:
//     queue     one may wait; more are skipped       skip      skipped
//     replace   ends the run that is going           allow     starts beside it
import { formatDuration } from '../core/units.ts';
import type { Job, Schedule } from '../job/job.ts';

/** A slot decided later than this after it was due was missed, whatever its schedule. */
export const LATE_MS = 60_000;
/** A scheduler may be busy for so long without having missed anything. */
export const LATE_MS_MIN = 10_000;
/** `misfire: all` takes up at most this many, the newest; the others are skipped. */
export const CATCH_UP_MAX = 10;

export interface PlanRequest {
  readonly now: number;
  /** Due and undecided, ascending. */
  readonly slots: readonly number[];
  readonly rules: Pick<Schedule, 'misfire' | 'maxAgeMs'> & Pick<Job, 'overlap'>;
  /** How much later than its slot a run starts. */
  readonly jitterMs: number;
  /** A run of the job is going. */
  readonly busy: boolean;
  /** A decided run of the job has yet to begin. */
  readonly waiting: boolean;
  /** Why the job is paused; absent when it is not. */
  readonly paused?: string;
}

export type SkipReason = 'paused' | 'too-old' | 'missed' | 'coalesced' | 'overlap';

export type Verdict =
  | { readonly slot: number; readonly action: 'started' | 'queued'; readonly replaces: boolean }
  | { readonly slot: number; readonly action: 'skipped'; readonly reason: SkipReason; readonly detail: string };

/** One verdict a slot, in the same order. */
export function planSlots(request: PlanRequest): readonly Verdict[] {
  const { slots, paused, now, rules } = request;
  if (paused !== undefined) return slots.map(slot => skip(slot, 'paused', pausedDetail(paused)));
  const { maxAgeMs } = rules;
  const lateBy = (slot: number) => now - slot - request.jitterMs;
  const isOld = (slot: number) => maxAgeMs !== undefined && lateBy(slot) > maxAgeMs;
  const isMissed = (slot: number, index: number) => lateBy(slot) > graceMs(slot, slots[index + 1]);
  const old = slots.filter(isOld);
  const missed = slots.filter((slot, index) => !isOld(slot) && isMissed(slot, index));
  const live = slots.filter((slot, index) => !isOld(slot) && !isMissed(slot, index));
  return [
    ...old.map(slot => skip(slot, 'too-old', `${formatDuration(lateBy(slot))} late, more than max-age allows`)),
    ...(missed.length === 0 ? goLive(live, request) : catchUp(missed, live, request)),
  ];
}

/** While no next one is due, a slot is not even as late as its period. */
function graceMs(slot: number, next = Number.POSITIVE_INFINITY): number {
  return Math.min(LATE_MS, Math.max(LATE_MS_MIN, next - slot));
}

/** Verdicts for slots so long missed that too many came after them: none of them runs, whatever `misfire` says. */
export function passOver(request: PlanRequest): readonly Verdict[] {
  if (request.paused !== undefined) return planSlots(request);
  const { misfire } = request.rules;
  const detail = 'missed, as so many after it that they are not looked at together';
  return request.slots.map(slot => skip(slot, misfire === 'one' ? 'coalesced' : 'missed', detail));
}

export function pausedDetail(reason: string | undefined): string {
  return reason === undefined || reason === '' ? 'the job is paused' : `paused: ${reason}`;
}

function catchUp(missed: readonly number[], live: readonly number[], request: PlanRequest): readonly Verdict[] {
  switch (request.rules.misfire) {
    case 'skip':
      return [
        ...missed.map(slot => skip(slot, 'missed', 'nothing was running when it was due, and `misfire: skip`')),
        ...goLive(live, request),
      ];
    case 'one': {
      const [chosen = missed.at(-1) ?? 0, ...later] = live;
      const gone = missed.filter(slot => slot !== chosen);
      const detail = `missed; one run at ${new Date(chosen).toISOString()} stands for all`;
      return [...gone.map(slot => skip(slot, 'coalesced', detail)), ...goLive([chosen, ...later], request)];
    }
    case 'all': {
      const all = [...missed, ...live];
      const spare = all.slice(0, -CATCH_UP_MAX);
      const detail = `missed; \`misfire: all\` takes up the last ${CATCH_UP_MAX}`;
      return [...spare.map(slot => skip(slot, 'missed', detail)), ...inTurn(all.slice(-CATCH_UP_MAX), request)];
    }
  }
}

/** Each slot for itself, as it comes. */
function goLive(slots: readonly number[], { rules, busy, waiting }: PlanRequest): readonly Verdict[] {
  let [going, queued] = [busy, waiting];
  return slots.map(slot => {
    const verdict = oneSlot(slot, rules.overlap, going, queued);
    if (verdict.action === 'started') going = true;
    if (verdict.action === 'queued') queued = true;
    return verdict;
  });
}

function oneSlot(slot: number, overlap: Job['overlap'], busy: boolean, waiting: boolean): Verdict {
  if (overlap === 'allow' || (!busy && !waiting)) return { slot, action: 'started', replaces: false };
  switch (overlap) {
    case 'queue':
      if (waiting) return skip(slot, 'overlap', 'a run is going and another waits already');
      return { slot, action: 'queued', replaces: false };
    case 'skip':
      return skip(slot, 'overlap', 'a run of the job was going, and `overlap: skip`');
    case 'replace':
      return { slot, action: 'started', replaces: true };
  }
}

/** Runs that make good what was missed do not overlap each other, but do heed what is going already. */
function inTurn(slots: readonly number[], request: PlanRequest): readonly Verdict[] {
  const { overlap } = request.rules;
  const [first, ...others] = slots;
  if (first === undefined) return [];
  if (overlap === 'allow') return goLive(slots, request);
  const occupied = request.busy || request.waiting;
  if (overlap === 'skip' && occupied) return goLive(slots, request);
  const opening: Verdict =
    overlap === 'queue' && occupied
      ? { slot: first, action: 'queued', replaces: false }
      : { slot: first, action: 'started', replaces: occupied };
  return [opening, ...others.map((slot): Verdict => ({ slot, action: 'queued', replaces: false }))];
}

function skip(slot: number, reason: SkipReason, detail: string): Verdict {
  return { slot, action: 'skipped', reason, detail };
}
