// Due slots → decisions in the store: each slot exactly one, however many schedulers look at it and whenever they die.
import { createHash } from 'node:crypto';
import type { Decision, Pause, Store } from '../stores/store.ts';
import type { Agenda, Entry } from './agenda.ts';
import { passOver, planSlots, type Verdict } from './planner.ts';
import { slotsBetween } from './slots.ts';

/** More slots of one schedule than this are never looked at together; after a longer absence the oldest are passed over first. */
const SLOTS_TOGETHER_MAX = 20_000;
/** Schedules decided in one transaction. */
const BATCH_MAX = 200;
/** A cursor this far in the future was moved by a clock that was wrong; a clock that is only put right a little is waited for. */
const AHEAD_MS = 60_000;
/** Rounds in which another scheduler may be faster before the slots are left for the next tick. */
const ROUNDS_MAX = 5;

/** Decides every due slot. Gives back the decisions that this scheduler made. */
export async function decideDue(agenda: Agenda, store: Store, now: number): Promise<readonly Decision[]> {
  const made: Decision[] = [];
  for (let round = 0; round < ROUNDS_MAX; round++) {
    const due = agenda.due(now);
    if (due.length === 0) break;
    for (let from = 0; from < due.length; from += BATCH_MAX) {
      made.push(...(await decideBatch(agenda, store, due.slice(from, from + BATCH_MAX), now)));
    }
  }
  return made;
}

/**
 * After a clock that was ahead, and decided about slots that have yet to come, has been put right. A run that began for such a slot stands
 * for it; everything else about them is decided when they come. Gives back how many schedules that were.
 */
export async function takeBackEarly(agenda: Agenda, store: Store, now: number): Promise<number> {
  let count = 0;
  for (const entry of agenda.ahead(now + AHEAD_MS)) {
    if (await store.slots.takeBack(entry.cursor, now)) count += 1;
    agenda.move(entry, await storedCursor(store, entry));
  }
  return count;
}

async function decideBatch(agenda: Agenda, store: Store, entries: readonly Entry[], now: number): Promise<readonly Decision[]> {
  const facts = await factsOf(store);
  const requests = entries.map(entry => {
    const decided = decisionsOf(entry, facts, now);
    // Schedules of one job in the same batch see each other.
    const seenWaiting = facts.waiting.get(entry.job.name) ?? 0;
    facts.waiting.set(entry.job.name, seenWaiting + decided.decisions.filter(({ open }) => open).length);
    return { cursor: entry.cursor, ...decided, seenWaiting };
  });
  const accepted = await store.slots.decideAll(requests);
  for (const [i, entry] of entries.entries()) {
    if (accepted[i]) agenda.move(entry, { ...entry.cursor, decidedTo: requests[i]?.to ?? entry.cursor.decidedTo });
    else agenda.move(entry, await storedCursor(store, entry));
  }
  return requests.flatMap(({ decisions }, i) => (accepted[i] ? decisions : []));
}

async function storedCursor(store: Store, { cursor }: Entry): Promise<Entry['cursor']> {
  const cursors = await store.slots.cursors(cursor.job);
  return cursors.find(({ schedule }) => schedule === cursor.schedule) ?? store.slots.open(cursor);
}

interface Facts {
  readonly busy: ReadonlySet<string>;
  readonly waiting: Map<string, number>;
  /** Runs that wait without a decision: in the foreground, or interrupted. */
  readonly queued: ReadonlySet<string>;
  readonly pauses: ReadonlyMap<string, Pause>;
}

async function factsOf(store: Store): Promise<Facts> {
  const { running, waiting, interrupted } = await store.unended();
  return {
    busy: running,
    queued: new Set([...waiting, ...interrupted]),
    waiting: new Map(await store.slots.waitingByJob()),
    pauses: new Map((await store.slots.pauses()).map(pause => [pause.job, pause])),
  };
}

function decisionsOf(entry: Entry, facts: Facts, now: number): { to: number; decisions: readonly Decision[] } {
  const { job, schedule, timetable, cursor, jitterMs } = entry;
  const slots = slotsBetween(timetable, cursor.decidedTo, now, SLOTS_TOGETHER_MAX + 1).map(({ at }) => at);
  const pause = facts.pauses.get(job.name);
  const request = {
    ...{ now, jitterMs },
    slots: slots.slice(0, SLOTS_TOGETHER_MAX),
    rules: {
      misfire: schedule.misfire,
      overlap: job.overlap,
      ...(schedule.maxAgeMs === undefined ? {} : { maxAgeMs: schedule.maxAgeMs }),
    },
    busy: facts.busy.has(job.name),
    waiting: (facts.waiting.get(job.name) ?? 0) > 0 || facts.queued.has(job.name),
    ...(pause === undefined ? {} : { paused: pause.reason ?? '' }),
  };
  const verdicts = slots.length > SLOTS_TOGETHER_MAX ? passOver(request) : planSlots(request);
  // A cursor between two slots would only grow the store: it stands on the last one.
  const to = request.slots.at(-1) ?? now;
  return { to, decisions: verdicts.map(verdict => decisionOf(verdict, entry, now)) };
}

function decisionOf(verdict: Verdict, { cursor }: Entry, now: number): Decision {
  const { job, schedule } = cursor;
  const key = { job, schedule, slot: verdict.slot, decidedAt: now };
  if (verdict.action === 'skipped') {
    return { ...key, action: 'skipped', reason: verdict.reason, detail: verdict.detail, open: false };
  }
  return { ...key, action: verdict.action, run: slotRunId(key), open: true };
}

/** Named by the slot alone, so that nobody can begin it twice: `20261123-023000-4f2a9c81d07e`. */
function slotRunId({ job, schedule, slot }: Pick<Decision, 'job' | 'schedule' | 'slot'>): string {
  const stamp = new Date(slot)
    .toISOString()
    .replace(/[-:]|\.\d+Z$/g, '')
    .replace('T', '-');
  return `${stamp}-${createHash('sha256').update(`${job}\n${schedule}\n${slot}`).digest('hex').slice(0, 12)}`;
}
