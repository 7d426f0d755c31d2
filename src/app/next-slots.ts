// Coming slots: of an expression, of one job, or of all jobs of the folder.
import { type Clock, systemClock } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { timezoneProblem } from '../job/checks/schedule-check.ts';
import type { Schedule } from '../job/job.ts';
import { checkSchedule } from '../schedule/cron.ts';
import { localIso, localShort, noteOf, readTime } from '../schedule/local-time.ts';
import { slotsAfter, type Timetable } from '../schedule/slots.ts';
import { scheduleId, timetableOf } from '../schedule/timetable.ts';
import { machineZone, zoneNamed } from '../schedule/zone.ts';
import type { Pause, Store } from '../stores/store.ts';
import { type Plan, readPlans } from './schedule/jobs-cache.ts';
import { type FileProblem, JobsFolder, type Scan } from './schedule/jobs-folder.ts';
import { hasStore, withStore } from './state.ts';
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

export interface ComingSlots {
  /** Ascending, at most `count`. */
  readonly slots: readonly ComingSlot[];
  /** Files of the folder that are wrong: their slots are not among these. */
  readonly problems: readonly FileProblem[];
}

/** Throws AppError `usage`, `job-missing` or InvalidJobError. */
export async function nextSlots(request: NextRequest): Promise<ComingSlots> {
  const { cron, job, timezone, count, clock = systemClock } = request;
  if (timezone !== undefined) {
    if (cron === undefined) throw new AppError('usage', '--timezone goes with --cron', { hint: 'A job has its own time zone.' });
    const problem = timezoneProblem(timezone);
    if (problem !== undefined) throw new AppError('usage', `--timezone: ${problem.message}`, { hint: problem.hint });
  }
  const from = request.from === undefined ? clock.now() : timeOf(request.from, timezone);
  if (cron !== undefined) {
    const schedule = scheduleOf(cron, request);
    return { slots: coming(timetableOf(schedule, { job: job ?? ANONYMOUS, anchor: from }), from, count), problems: [] };
  }
  const { jobs, problems } = await jobsOf(request);
  const { anchors, pauses } = await remembered(request.workspace, jobs, clock);
  const slots = jobs.flatMap(({ name, schedules }) =>
    schedules.flatMap(schedule => {
      const anchor = anchors.get(`${name}\n${scheduleId(schedule)}`) ?? from;
      const pause = pauses.get(name);
      return coming(timetableOf(schedule, { job: name, anchor }), from, count).map(slot => withJob(slot, name, pause));
    }),
  );
  return { slots: slots.sort((a, b) => a.at - b.at).slice(0, count), problems };
}

function withJob(slot: ComingSlot, job: string, pause: Pause | undefined): ComingSlot {
  if (pause === undefined) return { ...slot, job };
  const paused = pause.reason === undefined ? 'the job is paused' : `paused: ${pause.reason}`;
  return { ...slot, job, note: slot.note === undefined ? paused : `${slot.note}; ${paused}` };
}

interface Remembered {
  /** What `every` counts from, by job and schedule. */
  readonly anchors: ReadonlyMap<string, number>;
  readonly pauses: ReadonlyMap<string, Pause>;
}

/** What a scheduler has written down. A store that is not there yet is not made. */
async function remembered(place: Workspace, jobs: readonly Plan[], clock: Clock): Promise<Remembered> {
  if (!(await hasStore(place))) return { anchors: new Map(), pauses: new Map() };
  const look = async ({ slots }: Store) => {
    const counting = jobs.filter(({ schedules }) => schedules.some(({ everyMs }) => everyMs !== undefined));
    const cursors = await Promise.all(counting.map(({ name }) => slots.cursors(name)));
    const pauses = await slots.pauses();
    return {
      anchors: new Map(cursors.flat().map(({ job, schedule, anchor }) => [`${job}\n${schedule}`, anchor])),
      pauses: new Map(pauses.map(pause => [pause.job, pause])),
    };
  };
  return withStore(place, look, clock);
}

/** What `H` is derived from without a job. */
const ANONYMOUS = 'postrider';

function scheduleOf(cron: string, { seconds, timezone, job = ANONYMOUS }: NextRequest): Schedule {
  const problem = checkSchedule({ cron, seconds, hashSeed: job });
  if (problem !== undefined && !problem.doubt)
    throw new AppError('usage', `--cron: ${printable(problem.message)}`, { hint: problem.hint });
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

async function jobsOf({ job, workspace }: NextRequest): Promise<Pick<Scan<Plan>, 'jobs' | 'problems'>> {
  if (job !== undefined) {
    const { jobByName } = await import('./jobs.ts');
    return { jobs: [(await jobByName(job, workspace)).job], problems: [] };
  }
  return new JobsFolder(workspace.jobsDir, await readPlans(workspace.stateDir)).scan();
}
