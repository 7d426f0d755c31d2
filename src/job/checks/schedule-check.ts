// What is wrong with the schedules of a job. How a cron expression reads is decided by whoever is handed in.
import { didYouMean } from '../../core/diagnostic.ts';
import { printable } from '../../core/text.ts';
import { isMapping } from '../issue.ts';
import type { Raw } from '../job.ts';
import type { Path, Problem } from '../problem.ts';
import { checkEvery } from './duration-check.ts';

export interface CronFacts {
  readonly cron: string;
  readonly seconds: boolean;
  readonly timezone?: string;
  /** What `H` is derived from: the name of the job. */
  readonly hashSeed: string;
}

/** In plain words. */
export interface CronProblem {
  readonly message: string;
  readonly hint: string;
  /** Nothing is wrong, but somebody may mean something else. */
  readonly doubt?: true;
}

/** What is wrong with a cron expression, or doubtful; undefined when nothing is. */
export type CheckSchedule = (facts: CronFacts) => CronProblem | undefined;

const CRON_HINT = 'Write minute, hour, day of month, month and day of week, such as "30 2 * * *".';

/** `schedule` is one mapping or a list; entries of a wrong shape have been reported already. */
export function checkSchedules(schedule: Raw | undefined, job: string, checkCron: CheckSchedule): readonly Problem[] {
  if (schedule === undefined) return [];
  const entries = Array.isArray(schedule)
    ? schedule.map((raw, index) => [raw as Raw, ['schedule', index]] as const)
    : [[schedule, ['schedule']] as const];
  return entries.flatMap(([raw, path]) => checkEntry(raw, path, job, checkCron));
}

function checkEntry(raw: Raw, path: Path, job: string, checkCron: CheckSchedule): readonly Problem[] {
  if (!isMapping(raw)) return [];
  const { cron, every, timezone, seconds } = raw;
  const zone = typeof timezone === 'string' ? checkTimezone(timezone, [...path, 'timezone']) : [];
  const sound = zone.length === 0 && typeof timezone === 'string';
  const facts = { seconds: seconds === true, ...(sound ? { timezone } : {}), hashSeed: job };
  return [
    ...zone,
    ...checkKind(raw, path),
    ...checkEvery(every, [...path, 'every']),
    ...checkExpression(cron, path, facts, checkCron),
  ];
}

function checkKind(raw: Readonly<Record<string, Raw>>, path: Path): readonly Problem[] {
  const [cron, every] = ['cron' in raw, 'every' in raw];
  if (cron && every) {
    const message = '`cron` and `every` exclude each other';
    return [
      {
        code: 'conflicting-keys',
        message,
        hint: 'Keep one; for both, write a list of two schedules.',
        path: [...path, 'every'],
        part: 'key',
      },
    ];
  }
  if (cron || every) return [];
  return [
    {
      code: 'missing-key',
      message: 'a schedule needs `cron` or `every`',
      hint: 'Add `cron: "30 2 * * *"` or `every: 15m`.',
      path,
      part: 'key',
    },
  ];
}

function checkExpression(
  cron: Raw | undefined,
  path: Path,
  facts: Omit<CronFacts, 'cron'>,
  checkCron: CheckSchedule,
): readonly Problem[] {
  if (typeof cron !== 'string' || cron.includes('${{')) return [];
  const at = [...path, 'cron'];
  if (cron.trim() === '') return [{ code: 'empty-cron', message: 'the cron expression is empty', hint: CRON_HINT, path: at }];
  const problem = checkCron({ ...facts, cron });
  if (problem === undefined) return [];
  const { message, hint, doubt } = problem;
  const rest = { message: printable(message), hint, path: at };
  return [doubt ? { code: 'cron-either-day', severity: 'warning', ...rest } : { code: 'bad-cron', ...rest }];
}

function checkTimezone(name: string, path: Path): readonly Problem[] {
  const problem = name.includes('${{') ? undefined : timezoneProblem(name);
  return problem === undefined ? [] : [{ ...problem, code: 'bad-timezone', path }];
}

/** What is wrong with the name of a time zone; undefined when nothing is. */
export function timezoneProblem(name: string): CronProblem | undefined {
  if (isTimezone(name)) return undefined;
  const near = didYouMean(name, [...Intl.supportedValuesOf('timeZone'), 'UTC']);
  const hint = near === undefined ? 'Write an IANA name such as Europe/Zurich or UTC.' : `Did you mean \`${near}\`?`;
  return { message: `there is no time zone "${printable(name)}"`, hint };
}

/** Offsets such as +01:00 are understood by Intl, but are no zones: they know no summer time. */
function isTimezone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}
