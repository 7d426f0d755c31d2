// Whether a cron expression is one, said in plain words; the only file that knows the cron library.
import { CronExpressionParser } from 'cron-parser';

export interface CronCheck {
  readonly seconds: boolean;
  readonly timezone?: string;
  /** What `H` is derived from: the name of the job. */
  readonly hashSeed: string;
}

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
}

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12 },
  { name: 'day of week', min: 0, max: 7 },
];

const CRON_LENGTH_MAX = 256;
const NICKNAMES = ['@yearly', '@annually', '@monthly', '@weekly', '@daily', '@hourly', '@weekdays', '@weekends'];

/** Any fixed instant: whether an expression has a time to come does not depend on today. */
const SOME_TIME = new Date(Date.UTC(2026, 0, 1));

/** As a job file's check asks for it. */
export function checkSchedule(facts: CronCheck & { readonly cron: string }): string | undefined {
  return checkCron(facts.cron, facts);
}

/** What is wrong, or undefined. */
export function checkCron(expression: string, options: CronCheck): string | undefined {
  const text = expression.trim();
  if (text === '') return 'the cron expression is empty';
  if (text.length > CRON_LENGTH_MAX) return `the cron expression is longer than ${CRON_LENGTH_MAX} characters`;
  if (text.startsWith('@'))
    return NICKNAMES.includes(text) ? undefined : `there is no "${text}"; there are ${NICKNAMES.join(', ')}`;
  const fields = text.split(/\s+/);
  const wanted = options.seconds ? 6 : 5;
  if (fields.length !== wanted) return countProblem(fields.length, wanted);
  const names = FIELDS.slice(6 - wanted);
  for (const [index, name] of names.entries()) {
    const problem = fieldProblem(fields[index] ?? '', index, name, wanted, options.hashSeed);
    if (problem !== undefined) return problem;
  }
  return wholeProblem(text, options);
}

function countProblem(count: number, wanted: number): string {
  const said = `the cron expression has ${count} ${count === 1 ? 'field' : 'fields'}, but needs ${wanted}`;
  return count === 6 && wanted === 5 ? `${said}; with seconds, add \`seconds: true\`` : said;
}

/** Tries one field among stars, so that the problem can be told from those of the others. */
function fieldProblem(value: string, index: number, field: Field, wanted: number, hashSeed: string): string | undefined {
  const others = Array.from({ length: wanted }, (_, at) => (at === index ? value : '*'));
  const step = /\/(\d+)$/.exec(value)?.[1];
  const span = field.max - field.min + 1;
  if (step !== undefined && Number(step) > span)
    return `the ${field.name} "${value}" takes steps of ${step}, but there are only ${span}`;
  try {
    CronExpressionParser.parse(others.join(' '), { currentDate: SOME_TIME, tz: 'UTC', hashSeed });
    return undefined;
  } catch (error) {
    return `the ${field.name} "${value}" ${reason((error as Error).message, field)}`;
  }
}

function reason(message: string, { min, max }: Field): string {
  if (/got value|got range|NaN/.test(message)) return `is not between ${min} and ${max}`;
  if (/repeat at every|Invalid step/.test(message)) return 'has a step that is no number above 0';
  if (/min.*> ?max/.test(message)) return 'is a range that ends before it begins';
  if (/duplicate/.test(message)) return 'says the same value twice';
  if (/alias/.test(message)) return 'has a name that is not known';
  if (/incompatible/.test(message)) return 'mixes # with a list or a range';
  if (/occurrence/.test(message)) return 'asks for an occurrence (#) that is not between 1 and 5';
  return 'cannot be read';
}

function wholeProblem(text: string, { hashSeed }: CronCheck): string | undefined {
  try {
    CronExpressionParser.parse(text, { currentDate: SOME_TIME, tz: 'UTC', hashSeed }).next();
    return undefined;
  } catch (error) {
    if (/day of month/.test((error as Error).message)) return 'no month of this expression has such a day: it would never run';
    return 'this expression would never run';
  }
}
