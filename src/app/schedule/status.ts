// How every job stands: its last run, what runs now and how far it is, its next slot, and whether somebody should look.
import { systemClock } from '../../core/clock.ts';
import { localShort } from '../../schedule/local-time.ts';
import { nextSlot } from '../../schedule/slots.ts';
import { scheduleId, timetableOf } from '../../schedule/timetable.ts';
import { overdue } from '../../schedule/usual.ts';
import type { StepProgress } from '../../steps/step.ts';
import type { Cursor, Pause, RunRecord, SchedulerRecord, Store, UnendedJobs } from '../../stores/store.ts';
import { queuedRuns, type RunView, viewOf } from '../history.ts';
import { isAlive } from '../process-life.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { type Plan, readPlans } from './jobs-cache.ts';
import { JobsFolder } from './jobs-folder.ts';

export interface JobStatus {
  readonly job: string;
  /** The one that runs, or the newest that has begun. */
  readonly last?: RunView;
  readonly running: boolean;
  /** Begins when the one before it has ended, or its jitter has passed. */
  readonly waiting?: RunView;
  /** Of the step that works now. */
  readonly progress?: StepProgress & { readonly step: string };
  /** Epoch milliseconds. */
  readonly next?: number;
  /** The same on the wall clock of the schedule. */
  readonly nextShown?: string;
  readonly paused?: Pause;
  /** What is wrong with its file; a scheduler goes on with the last good version. */
  readonly problem?: string;
  /** Its run takes three times the usual time, given here in milliseconds. */
  readonly overdue?: number;
  /** A slot passed that no scheduler has decided about; epoch milliseconds. */
  readonly undecided?: number;
}

export interface Status {
  readonly jobs: readonly JobStatus[];
  readonly schedulers: readonly SchedulerRecord[];
  /** Jobs wait for their slots, and nobody is there to start them. */
  readonly deserted: boolean;
}

/** A slot may be this old before it counts as passed over. */
const GRACE_MS = 60_000;

/** Every job that ever ran, and every job of the folder, if there is one. */
export function jobStatus(place: Workspace): Promise<Status> {
  return withStore(place, async store => {
    const scan = await new JobsFolder(place.jobsDir, await readPlans(place.stateDir))
      .scan()
      .catch(() => ({ jobs: [], problems: [] }));
    const files = new Map(scan.jobs.map(job => [job.name, job]));
    const broken = new Map(scan.problems.map(({ file, message }) => [file, message]));
    const pauses = new Map((await store.slots.pauses()).map(pause => [pause.job, pause]));
    const around = { store, place, broken, unended: await store.unended(), queued: await queuedRuns(store) };
    const names = [...new Set([...(await store.jobs()), ...files.keys()])].sort();
    const jobs: JobStatus[] = [];
    for (const name of names) jobs.push(await statusOf(name, { ...around, file: files.get(name), pause: pauses.get(name) }));
    const told = new Set(jobs.flatMap(({ problem }) => problem ?? []));
    for (const { file, message } of scan.problems)
      if (!told.has(message)) jobs.push({ job: nameOf(file), running: false, problem: message });
    const schedulers = (await store.owners.schedulers()).filter(
      each => each.host !== place.host || isAlive(each.pid, each.startedAt),
    );
    return { jobs, schedulers, deserted: schedulers.length === 0 && scan.jobs.some(({ schedules }) => schedules.length > 0) };
  });
}

interface Around {
  readonly store: Store;
  readonly place: Workspace;
  readonly file: Plan | undefined;
  readonly pause: Pause | undefined;
  readonly broken: ReadonlyMap<string, string>;
  readonly unended: UnendedJobs;
  readonly queued: readonly RunView[];
}

async function statusOf(job: string, { store, place, file, pause, broken, unended, queued }: Around): Promise<JobStatus> {
  const runs = await store.runs({ job, limit: LOOKED_AT_MAX });
  const going = unended.running.has(job) ? await store.runs({ job, status: 'running', limit: 1 }) : [];
  const newest = going[0] ?? runs.find(({ status }) => status !== 'waiting') ?? runs[0];
  const last = newest === undefined ? undefined : viewOf(newest, place);
  const foreground = unended.waiting.has(job) ? runs.find(({ status }) => status === 'waiting') : undefined;
  const waiting = queued.find(each => each.job === job) ?? (foreground && viewOf(foreground, place));
  const problem = broken.get(file?.file ?? newest?.file ?? '');
  return {
    job,
    running: last?.status === 'running',
    ...(last === undefined ? {} : { last }),
    ...(newest !== undefined && last?.status === 'running' ? await progressOf(store, newest) : {}),
    ...(waiting === undefined ? {} : { waiting }),
    ...(file === undefined ? {} : await slotsOf(store, file)),
    ...(pause === undefined ? {} : { paused: pause }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Only one run of a job waits in the foreground, and hardly anything begins after it. */
const LOOKED_AT_MAX = 3;

async function progressOf(store: Store, run: RunRecord): Promise<Pick<JobStatus, 'progress' | 'overdue'>> {
  const working = (await store.steps(run.id)).find(({ progress }) => progress !== undefined);
  const usual = await overdue(store, run, systemClock.now());
  return {
    ...(working?.progress === undefined ? {} : { progress: { step: working.step, ...working.progress } }),
    ...(usual === undefined ? {} : { overdue: usual }),
  };
}

async function slotsOf(store: Store, job: Plan): Promise<Pick<JobStatus, 'next' | 'nextShown' | 'undecided'>> {
  const now = systemClock.now();
  const cursors = await store.slots.cursors(job.name);
  const coming = job.schedules.flatMap(schedule => {
    const cursor = cursors.find(each => each.schedule === scheduleId(schedule));
    const timetable = timetableOf(schedule, { job: job.name, anchor: cursor?.anchor ?? now });
    const slot = nextSlot(timetable, now);
    return slot === undefined
      ? []
      : [{ at: slot.at, shown: localShort(slot.at, timetable.zone), passed: passedSlot(timetable, cursor, now) }];
  });
  const [first] = coming.sort((a, b) => a.at - b.at);
  const passed = coming.flatMap(each => each.passed ?? []).sort((a, b) => a - b)[0];
  return {
    ...(first === undefined ? {} : { next: first.at, nextShown: first.shown }),
    ...(passed === undefined ? {} : { undecided: passed }),
  };
}

function passedSlot(timetable: Parameters<typeof nextSlot>[0], cursor: Cursor | undefined, now: number): number | undefined {
  if (cursor === undefined) return undefined;
  const slot = nextSlot(timetable, cursor.decidedTo);
  return slot !== undefined && slot.at < now - GRACE_MS ? slot.at : undefined;
}

function nameOf(file: string): string {
  return file.replace(/^.*[\\/]/, '').replace(/\.ya?ml$/, '');
}
