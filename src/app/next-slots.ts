// Coming slots: of an expression, of one job, or of all jobs of the folder.
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { Job, Schedule } from '../job/job.ts';
import { listJobs } from '../job/load.ts';
import { timezoneProblem } from '../job/schedule-check.ts';
import { checkSchedule } from '../schedule/cron.ts';
import { localIso, localShort, noteOf, readTime } from '../schedule/local-time.ts';
import { slotsAfter, type Timetable } from '../schedule/slots.ts';
import { timetableOf } from '../schedule/timetable.ts';
import { machineZone, zoneNamed } from '../schedule/zone.ts';
import { jobByName, readJob } from './jobs.ts';
import type { Workspace } from './workspace.ts';

export interface NextRequest {
  readonly workspace: Workspace;
  /** A path or name; with `cron` only what `H` is derived from. */
  readonly job?: string | undefined;
  readonly cron?: string | undefined;
  readonly seconds: boolean;
  /** Of `cron`; a job has its own. */
  readonly timezone?: string | undefined;
  /** Slots later than this time; without an offset it is local. Default now. */
  readonly from?: string | undefined;
  readonly count: number;
  readonly clock?: Clock;
}

export interface ComingSlot {
  readonly at: number;
  /** ISO 8601 with the zone's offset. */
  readonly local: string;
  /** For people. */
  readonly shown: string;
  readonly note?: string;
  /** Absent for an expression. */
  readonly job?: string;
}

/** Ascending, at most `count`. Throws AppError `usage`, `job-missing` or InvalidJobError. */
export async function nextSlots(request: NextRequest): Promise<readonly ComingSlot[]> {
  const { cron, job, timezone, count, clock = systemClock } = request;
  if (timezone !== undefined) {
    if (cron === undefined) throw new AppError('usage', '--timezone goes with --cron', { hint: 'A job has its own time zone.' });
    const problem = timezoneProblem(timezone);
    if (problem !== undefined) throw new AppError('usage', `--timezone: ${problem.message}`, { hint: problem.hint });
  }
  const from = request.from === undefined ? clock.now() : timeOf(request.from, timezone);
  if (cron !== undefined) {
    const schedule = scheduleOf(cron, request);
    return coming(timetableOf(schedule, { job: job ?? ANONYMOUS, anchor: from }), from, count);
  }
  const jobs = job === undefined ? await jobsOf(request.workspace) : [(await jobByName(job, request.workspace)).job];
  const slots = jobs.flatMap(({ name, schedules }) =>
    schedules.flatMap(schedule =>
      coming(timetableOf(schedule, { job: name, anchor: from }), from, count).map(slot => ({ ...slot, job: name })),
    ),
  );
  return slots.sort((a, b) => a.at - b.at).slice(0, count);
}

/** What `H` is derived from without a job. */
const ANONYMOUS = 'postrider';

function scheduleOf(cron: string, { seconds, timezone, job = ANONYMOUS }: NextRequest): Schedule {
  const problem = checkSchedule({ cron, seconds, hashSeed: job });
  if (problem !== undefined) throw new AppError('usage', `--cron: ${printable(problem.message)}`, { hint: problem.hint });
  return { cron, seconds, jitterMs: 0, misfire: 'one', ...(timezone === undefined ? {} : { timezone }) };
}

function timeOf(text: string, timezone = machineZone()): number {
  const at = readTime(text, zoneNamed(timezone));
  if (at === undefined) {
    throw new AppError('usage', `--from ${printable(text)}: this is no time`, {
      hint: 'Write 2026-03-29T00:00:00Z, or 2026-03-29T01:00 for local time.',
    });
  }
  return at;
}

function coming(timetable: Timetable, from: number, count: number): readonly ComingSlot[] {
  const slots: ComingSlot[] = [];
  for (const slot of slotsAfter(timetable, from)) {
    if (slots.length >= count) break;
    const note = noteOf(slot, timetable);
    const { zone } = timetable;
    slots.push({
      at: slot.at,
      local: localIso(slot.at, zone),
      shown: localShort(slot.at, zone),
      ...(note === undefined ? {} : { note }),
    });
  }
  return slots;
}

/** Jobs that are wrong have no slots; `validate` says why. */
async function jobsOf({ jobsDir }: Workspace): Promise<readonly Job[]> {
  const results = await Promise.all((await listJobs(jobsDir)).map(readJob));
  return results.flatMap(result => (result.ok ? [result.value] : []));
}
