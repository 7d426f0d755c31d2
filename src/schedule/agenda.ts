// What is to come: every schedule of every job with its cursor in the store and its next slot.
import type { Job, Schedule } from '../job/job.ts';
import type { Cursor, SlotStore } from '../stores/store.ts';
import { nextSlot, type Timetable } from './slots.ts';
import { jitterOf, scheduleId, timetableOf } from './timetable.ts';

export interface Entry {
  readonly job: Job;
  readonly schedule: Schedule;
  readonly jitterMs: number;
  readonly timetable: Timetable;
  cursor: Cursor;
  /** The first slot after the cursor, epoch milliseconds; Infinity when none comes. */
  due: number;
}

export class Agenda {
  readonly #slots: SlotStore;
  #entries: readonly Entry[] = [];
  #jobs: ReadonlyMap<string, Job> = new Map();

  constructor(slots: SlotStore) {
    this.#slots = slots;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  job(name: string): Job | undefined {
    return this.#jobs.get(name);
  }

  /** From now on these jobs and no others. What is new to the store begins at `now`; what is known goes on from its cursor. */
  async set(jobs: readonly Job[], now: number): Promise<void> {
    const known = new Map(this.#entries.map(entry => [keyOf(entry.job.name, scheduleId(entry.schedule)), entry]));
    const wanted = jobs.flatMap(job => distinct(job.schedules).map(([id, schedule]) => ({ job, id, schedule })));
    const cursors = await this.#slots.openAll(
      wanted.map(({ job, id }) => ({ job: job.name, schedule: id, anchor: now, decidedTo: now })),
    );
    for (const job of jobs) {
      const before = this.#jobs.get(job.name);
      const changed = before === undefined || idsOf(before).join('\n') !== idsOf(job).join('\n');
      if (changed) await this.#slots.forget(job.name, idsOf(job));
    }
    this.#entries = wanted.map(({ job, id, schedule }, i) => {
      const cursor = cursors[i] as Cursor;
      const old = known.get(keyOf(job.name, id));
      const jitterMs = jitterOf(schedule, job.name);
      if (old !== undefined && old.cursor.anchor === cursor.anchor) return { ...old, job, schedule, jitterMs };
      return { job, schedule, jitterMs, ...scheduled(schedule, cursor) };
    });
    this.#jobs = new Map(jobs.map(job => [job.name, job]));
  }

  /** Those with a slot at or before `now`. */
  due(now: number): readonly Entry[] {
    return this.#entries.filter(entry => entry.due <= now);
  }

  /** Epoch milliseconds; Infinity when nothing is scheduled. */
  nextDue(): number {
    let next = Number.POSITIVE_INFINITY;
    for (const { due } of this.#entries) if (due < next) next = due;
    return next;
  }

  /** The cursor has been moved, here or by another scheduler. */
  move(entry: Entry, cursor: Cursor): void {
    entry.cursor = cursor;
    entry.due = dueAfter(entry.timetable, cursor.decidedTo);
  }
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
