// What became of a slot: the decision about it and its run, or why there is none.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { headline, printable } from '../../core/text.ts';
import { formatDuration } from '../../core/units.ts';
import type { Job, Schedule } from '../../job/job.ts';
import { localShort, noteOf, readTime, shownAgain } from '../../schedule/local-time.ts';
import { nextSlot, type Slot, slotsBetween, type Timetable } from '../../schedule/slots.ts';
import { scheduleId, timetableOf } from '../../schedule/timetable.ts';
import { machineZone, zoneNamed } from '../../schedule/zone.ts';
import type { Cursor, Decision, RunRecord, Store } from '../../stores/store.ts';
import { jobByName } from '../jobs.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';

export interface Explanation {
  /** Epoch milliseconds; absent when there is no slot. */
  readonly slot?: number;
  readonly shown?: string;
  readonly action: Decision['action'] | 'to-come' | 'not-decided' | 'before-schedule' | 'no-slot';
  /** For people. */
  readonly text: string;
  readonly reason?: string;
  readonly run?: string;
  readonly status?: string;
}

const DAY = /^\d{4}-\d\d-\d\d$/;
const SECOND = /:\d\d:\d\d/;
const EXACT = /(Z|[+-]\d\d:\d\d)$/i;
const DAY_MS = 86_400_000;
/** Slots of one schedule explained at once: every minute of the longest day, one of 25 hours. */
export const SLOTS_MAX = 1_500;

export interface Explanations {
  /** Ascending; never empty. */
  readonly slots: readonly Explanation[];
  /** Whether a schedule is due more often than SLOTS_MAX times then; the rest is not among the slots. */
  readonly more: boolean;
}

/**
 * TIME is a day, a minute or a second, local to the schedule unless it says otherwise; one that a clock change makes come twice means both.
 * Throws AppError `usage`, `job-missing`.
 */
export async function whySlot(place: Workspace, nameOrPath: string, time: string): Promise<Explanations> {
  const { job } = await jobByName(nameOrPath, place);
  const spans = spansOf(time, job);
  return withStore(place, async store => {
    const found: Explanation[] = [];
    let more = false;
    for (const span of spans) {
      const part = await explainAll(span, job, store);
      found.push(...part.slots);
      more ||= part.more;
    }
    const slots = found.sort((a, b) => (a.slot ?? 0) - (b.slot ?? 0));
    return { slots: slots.length > 0 ? slots : [noSlot(job, spans[0]?.from ?? 0)], more };
  });
}

interface Span {
  readonly from: number;
  readonly to: number;
}

async function explainAll({ from, to }: Span, job: Job, store: Store): Promise<Explanations> {
  const cursors = await store.slots.cursors(job.name);
  const found: Explanation[] = [];
  const told = new Set<string>();
  let more = false;
  for (const schedule of job.schedules) {
    const cursor = cursors.find(each => each.schedule === scheduleId(schedule));
    const timetable = timetableOf(schedule, { job: job.name, anchor: cursor?.anchor ?? systemClock.now() });
    const slots = slotsBetween(timetable, from - 1, to - 1, SLOTS_MAX + 1);
    more ||= slots.length > SLOTS_MAX;
    for (const slot of slots.slice(0, SLOTS_MAX)) {
      found.push(await explain(slot, { job, schedule, cursor, timetable, store }));
      told.add(`${scheduleId(schedule)} ${slot.at}`);
    }
  }
  const others = await store.slots.decisions({ job: job.name, since: from, until: to - 1, limit: SLOTS_MAX });
  for (const decision of others.filter(({ schedule, slot }) => !told.has(`${schedule} ${slot}`))) {
    const zone = zoneNamed(zoneOf(job));
    found.push(await ofDecision(decision, { slot: decision.slot, shown: localShort(decision.slot, zone) }, store));
  }
  return { slots: found, more };
}

function spansOf(time: string, job: Job): readonly Span[] {
  const zone = zoneNamed(zoneOf(job));
  const from = readTime(time, zone);
  if (from === undefined) {
    throw new AppError('usage', `${printable(time)}: this is no time`, {
      hint: 'Write 2026-10-25, 2026-10-25T02:30 or 2026-10-25T00:30:00Z.',
    });
  }
  if (DAY.test(time)) {
    const next = new Date(Date.parse(`${time}T00:00:00Z`) + DAY_MS).toISOString().slice(0, 10);
    return [{ from, to: readTime(next, zone) ?? from + DAY_MS }];
  }
  const again = EXACT.test(time) ? undefined : shownAgain(from, zone);
  return [from, ...(again === undefined ? [] : [again])].map(at => ({ from: at, to: at + (SECOND.test(time) ? 1_000 : 60_000) }));
}

function zoneOf(job: Job): string {
  return job.schedules[0]?.timezone ?? machineZone();
}

interface Around {
  readonly job: Job;
  readonly schedule: Schedule;
  readonly cursor: Cursor | undefined;
  readonly timetable: Timetable;
  readonly store: Store;
}

async function explain(slot: Slot, { job, schedule, cursor, timetable, store }: Around): Promise<Explanation> {
  const note = noteOf(slot, timetable);
  const shown = `${localShort(slot.at, timetable.zone)}${note === undefined ? '' : ` (${note})`}`;
  const place = { slot: slot.at, shown };
  const near = await store.slots.decisions({ job: job.name, since: slot.at, until: slot.at, limit: SLOTS_MAX });
  const decision = near.find(each => each.schedule === scheduleId(schedule));
  if (decision !== undefined) return ofDecision(decision, place, store);
  const now = systemClock.now();
  if (slot.at > now) return { ...place, action: 'to-come', text: `to come, in ${formatDuration(slot.at - now)}` };
  if (cursor === undefined) {
    return {
      ...place,
      action: 'not-decided',
      text: 'no scheduler has looked at this schedule yet; start one with: postrider schedule',
    };
  }
  if (slot.at <= cursor.anchor) {
    const since = localShort(cursor.anchor, timetable.zone);
    return {
      ...place,
      action: 'before-schedule',
      text: `before this schedule was first seen, ${since}: nothing fires for the past`,
    };
  }
  if (slot.at <= cursor.decidedTo) return { ...place, action: 'not-decided', text: 'its decision is no longer kept' };
  const alive = (await store.owners.schedulers()).length > 0;
  return { ...place, action: 'not-decided', text: alive ? 'about to be decided' : 'not decided yet: no scheduler is running' };
}

async function ofDecision(decision: Decision, place: { slot: number; shown: string }, store: Store): Promise<Explanation> {
  const { action, reason, detail, run, open, decidedAt, slot } = decision;
  const common = { ...place, action, ...(reason === undefined ? {} : { reason }), ...(run === undefined ? {} : { run }) };
  if (action === 'skipped') return { ...common, text: `skipped: ${detail ?? reason ?? ''}` };
  const record = run === undefined ? undefined : await store.run(run);
  if (record !== undefined) return { ...common, status: record.status, text: `run ${record.id} ${runText(record, slot)}` };
  if (open)
    return { ...common, text: `decided ${formatDuration(decidedAt - slot)} after it was due; run ${run} has yet to begin` };
  return { ...common, text: `run ${run} began, and is no longer kept` };
}

function runText({ startedAt, finishedAt, status, error }: RunRecord, slot: number): string {
  const late = startedAt - slot >= 1_000 ? `, ${formatDuration(startedAt - slot)} after it was due` : '';
  const took = finishedAt === undefined ? '' : ` after ${formatDuration(finishedAt - startedAt)}`;
  return `began${late}; ${status}${took}${error === undefined ? '' : `: ${headline(error.message)}`}`;
}

function noSlot(job: Job, from: number): Explanation {
  if (job.schedules.length === 0) return { action: 'no-slot', text: 'the job has no schedule: it runs only by hand' };
  const next = job.schedules.flatMap(schedule => {
    const timetable = timetableOf(schedule, { job: job.name, anchor: from });
    const slot = nextSlot(timetable, from);
    return slot === undefined ? [] : [{ at: slot.at, shown: localShort(slot.at, timetable.zone) }];
  });
  const [first] = next.sort((a, b) => a.at - b.at);
  return { action: 'no-slot', text: `no slot then${first === undefined ? '' : `; the next one after it is ${first.shown}`}` };
}
