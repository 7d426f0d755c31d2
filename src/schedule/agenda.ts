// What is to come: every schedule of every job with its cursor in the store and its next slot.
import type { Job, Schedule } from '../job/job.ts';
import type { Cursor, SlotStore } from '../stores/store.ts';
import { nextSlot, type Timetable } from './slots.ts';
import { jitterOf, scheduleId, timetableOf } from './timetable.ts';

export interface Entry {
  readonly job: Job;
  readonly schedule: Schedule;
  readonly jitterMs: number;
  timetable: Timetable;
  cursor: Cursor;
  /** The first slot after the cursor, epoch milliseconds; Infinity when none comes. */
  due: number;
}

export class Agenda {
  readonly #slots: SlotStore;
  #entries: ReadonlyMap<string, Entry> = new Map();
  #jobs: ReadonlyMap<string, Job> = new Map();
  /** The least `due` of all entries; undefined when it has to be looked for. */
  #nextDue: number | undefined;

  constructor(slots: SlotStore) {
    this.#slots = slots;
  }

  /** Undefined for a schedule of a job that is not, or no longer, in the folder. */
  entry({ job, schedule }: Pick<Cursor, 'job' | 'schedule'>): Entry | undefined {
    return this.#entries.get(keyOf(job, schedule));
  }

  job(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  jobs(): readonly Job[] {
    return [...this.#jobs.values()];
  }

  /** From now on these jobs and no others. What is new to the store begins at `now`; what is known goes on from its cursor. */
  async set(jobs: readonly Job[], now: number): Promise<void> {
    const entries = new Map<string, Entry>();
    const fresh: Wanted[] = [];
    for (const job of jobs) {
      const ids = distinct(job.schedules);
      const before = this.#jobs.get(job.name);
      const sameTimes = before !== undefined && (before === job || idsOf(before).join('\n') === idsOf(job).join('\n'));
      for (const [id, schedule] of ids) {
        const key = keyOf(job.name, id);
        const old = sameTimes ? this.#entries.get(key) : undefined;
        if (old === undefined) fresh.push({ job, id, schedule });
        else entries.set(key, before === job ? old : { ...old, job, schedule, jitterMs: jitterOf(schedule, job.name) });
      }
      if (!sameTimes)
        await this.#slots.forget(
          job.name,
          ids.map(([id]) => id),
        );
    }
    const cursors = await this.#slots.openAll(
      fresh.map(({ job, id }) => ({ job: job.name, schedule: id, anchor: now, decidedTo: now })),
    );
    for (const [i, { job, id, schedule }] of fresh.entries()) {
      const jitterMs = jitterOf(schedule, job.name);
      entries.set(keyOf(job.name, id), { job, schedule, jitterMs, ...scheduled(schedule, cursors[i] as Cursor) });
    }
    this.#entries = entries;
    this.#jobs = new Map(jobs.map(job => [job.name, job]));
    this.#nextDue = undefined;
  }

  /** Those with a slot at or before `now`. */
  due(now: number): readonly Entry[] {
    return this.nextDue() > now ? [] : [...this.#entries.values()].filter(entry => entry.due <= now);
  }

  /** Those decided beyond `at`. */
  ahead(at: number): readonly Entry[] {
    return [...this.#entries.values()].filter(({ cursor }) => cursor.decidedTo > at);
  }

  /** Epoch milliseconds; Infinity when nothing is scheduled. */
  nextDue(): number {
    if (this.#nextDue !== undefined) return this.#nextDue;
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#entries.values()) if (due < next) next = due;
    this.#nextDue = next;
    return next;
  }

  /** The cursor has been moved, here or by another scheduler. */
  move(entry: Entry, cursor: Cursor): void {
    // Its schedule was gone for a while, as that scheduler saw it: `every` counts anew.
    if (cursor.anchor !== entry.cursor.anchor)
      entry.timetable = timetableOf(entry.schedule, { job: cursor.job, anchor: cursor.anchor });
    entry.cursor = cursor;
    entry.due = dueAfter(entry.timetable, cursor.decidedTo);
    this.#nextDue = undefined;
  }
}

interface Wanted {
  readonly job: Job;
  readonly id: string;
  readonly schedule: Schedule;
}

function scheduled(schedule: Schedule, cursor: Cursor): Pick<Entry, 'timetable' | 'cursor' | 'due'> {
  const timetable = timetableOf(schedule, { job: cursor.job, anchor: cursor.anchor });
  return { timetable, cursor, due: dueAfter(timetable, cursor.decidedTo) };
}

function dueAfter(timetable: Timetable, after: number): number {
  return nextSlot(timetable, after)?.at ?? Number.POSITIVE_INFINITY;
}

/** The same schedule written twice counts once. */
function distinct(schedules: readonly Schedule[]): readonly (readonly [id: string, schedule: Schedule])[] {
  return [...new Map(schedules.map(schedule => [scheduleId(schedule), schedule]))];
}

function idsOf(job: Job): readonly string[] {
  return distinct(job.schedules).map(([id]) => id);
}

function keyOf(job: string, schedule: string): string {
  return `${job}\n${schedule}`;
}
