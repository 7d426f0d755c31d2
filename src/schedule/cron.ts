// Whether a cron expression is one, said in plain words, and what its fields hold; the only file that knows the cron library.
import { CronExpressionParser } from 'cron-parser';
import { didYouMean } from '../core/diagnostic.ts';
import { MisuseError } from '../core/errors.ts';
import { formatCount } from '../core/units.ts';
import type { CronFacts, CronProblem } from '../job/checks/schedule-check.ts';
import type { CronFields } from './cron-fields.ts';

interface Field {
  readonly name: string;
  readonly min: number;
  readonly max: number;
  readonly names?: readonly string[];
}

const CRON_LENGTH_MAX = 256;

const MONTHS = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'];

const FIELDS: readonly Field[] = [
  { name: 'second', min: 0, max: 59 },
  { name: 'minute', min: 0, max: 59 },
  { name: 'hour', min: 0, max: 23 },
  { name: 'day of month', min: 1, max: 31 },
  { name: 'month', min: 1, max: 12, names: MONTHS },
  { name: 'day of week', min: 0, max: 7, names: DAYS },
];

const NICKNAMES: Readonly<Record<string, string>> = {
  '@yearly': '0 0 1 1 *',
  '@annually': '0 0 1 1 *',
  '@monthly': '0 0 1 * *',
  '@weekly': '0 0 * * 0',
  '@daily': '0 0 * * *',
  '@midnight': '0 0 * * *',
  '@hourly': '0 * * * *',
  '@weekdays': '0 0 * * 1-5',
  '@weekends': '0 0 * * 0,6',
};

const FIVE_HINT = 'Write minute, hour, day of month, month and day of week, such as "30 2 * * *".';
const SIX_HINT = 'Write second, minute, hour, day of month, month and day of week, such as "0 30 2 * * *".';

/** Any fixed instant: whether an expression has a time to come does not depend on today. */
const SOME_TIME = new Date(Date.UTC(2026, 0, 1));

/** What is wrong with an expression, or doubtful; undefined when nothing is. */
export function checkSchedule({ cron, seconds, hashSeed }: CronFacts): CronProblem | undefined {
  const text = cron.trim();
  const form = seconds ? SIX_HINT : FIVE_HINT;
  if (text === '') return { message: 'the cron expression is empty', hint: form };
  if (text.length > CRON_LENGTH_MAX) {
    return { message: `the cron expression is longer than ${CRON_LENGTH_MAX} characters`, hint: 'Write two schedules instead.' };
  }
  if (text.startsWith('@')) return checkNickname(text, seconds);
  const fields = text.split(/\s+/);
  const wanted = seconds ? 6 : 5;
  if (fields.length !== wanted) return countProblem(fields, seconds);
  for (const [index, field] of FIELDS.slice(6 - wanted).entries()) {
    const problem = fieldProblem(fields[index] ?? '', index + 6 - wanted, field, hashSeed);
    if (problem !== undefined) return problem;
  }
  return wholeProblem(text, hashSeed) ?? eitherDay({ cron, seconds, hashSeed });
}

/** Cron's own trap: two fields that choose the day widen each other. */
function eitherDay(facts: Omit<CronFacts, 'timezone'>): CronProblem | undefined {
  if (readCron(facts).chosenBy !== 'either') return undefined;
  return {
    message: 'day of month and day of week are both set: due on every day that one of them names',
    hint: 'Write * for one of them; for a weekday of the month, such as its second Friday, write fri#2.',
    doubt: true,
  };
}

/** The values of an expression that checkSchedule() found right. */
export function readCron({ cron, seconds, hashSeed }: Omit<CronFacts, 'timezone'>): CronFields {
  const text = NICKNAMES[cron.trim()] ?? cron.trim();
  const written = text.split(/\s+/);
  if (written.length !== (seconds && text === cron.trim() ? 6 : 5))
    throw new MisuseError('a cron expression that was not checked');
  const { second, minute, hour, dayOfMonth, month, dayOfWeek } = parse(text, hashSeed).fields;
  const nth = dayOfWeek.nthDay;
  return {
    seconds: numbersOf(second.values),
    minutes: numbersOf(minute.values),
    hours: numbersOf(hour.values),
    months: sharedSet(numbersOf(month.values)),
    daysOfMonth: sharedSet(numbersOf(dayOfMonth.values)),
    lastDayOfMonth: dayOfMonth.values.includes('L'),
    daysOfWeek: sharedSet(numbersOf(dayOfWeek.values).map(day => day % 7)),
    lastDaysOfWeek: sharedSet(lastDaysOf(dayOfWeek.values)),
    ...(nth > 0 ? { nthOfMonth: nth } : {}),
    chosenBy: chosenBy(dayOfMonth.isWildcard, dayOfWeek.isWildcard),
    everyHour: EVERY_HOUR.test(written.at(-4) ?? ''),
  };
}

/** `*`, `*\/2`, and `H/2`, which is the same with a stable beginning. */
const EVERY_HOUR = /^([*?](\/\d+)?|H\/\d+)$/;

/** Sets remembered: thousands of schedules mean the same months and days. */
const SETS_MAX = 1_000;
const sets = new Map<string, ReadonlySet<number>>();

function sharedSet(values: readonly number[]): ReadonlySet<number> {
  const key = values.join();
  const set = sets.get(key) ?? new Set(values);
  if (sets.size >= SETS_MAX) sets.clear();
  sets.set(key, set);
  return set;
}

function numbersOf(values: readonly (number | string)[]): readonly number[] {
  return values.filter(value => typeof value === 'number').sort((a, b) => a - b);
}

function lastDaysOf(values: readonly (number | string)[]): readonly number[] {
  return values.filter(value => typeof value === 'string').map(value => Number.parseInt(value, 10) % 7);
}

function chosenBy(anyOfMonth: boolean, anyOfWeek: boolean): CronFields['chosenBy'] {
  if (anyOfMonth) return anyOfWeek ? 'any' : 'week';
  return anyOfWeek ? 'month' : 'either';
}

function checkNickname(text: string, seconds: boolean): CronProblem | undefined {
  if (Object.hasOwn(NICKNAMES, text)) {
    if (!seconds) return undefined;
    return { message: `\`seconds: true\` does not go with "${text}"`, hint: 'Remove `seconds`, or write six fields.' };
  }
  const names = Object.keys(NICKNAMES);
  const interval = /^@every\s+(\d+(?:ms|[smhd]))$/.exec(text)?.[1];
  if (interval !== undefined)
    return { message: `there is no "${text}"`, hint: `Write \`every: ${interval}\` instead of \`cron\`.` };
  const near = didYouMean(text, names);
  const hint = near === undefined ? `There are ${names.join(', ')}.` : `Did you mean ${near}?`;
  return { message: `there is no "${text}"`, hint };
}

/** What follows five of them in a crontab is a user or a command. */
const CRON_FIELD = /^[\d*?/,#LH()-]+$|^(?:mon|tue|wed|thu|fri|sat|sun)\b/i;

function countProblem(fields: readonly string[], seconds: boolean): CronProblem {
  const count = fields.length;
  const message = `the cron expression has ${formatCount(count, 'fields')}, but needs ${seconds ? 'six' : 'five'}`;
  const nickname = `@${fields[0]}`;
  if (count === 1 && Object.hasOwn(NICKNAMES, nickname)) return { message, hint: `Did you mean ${nickname}?` };
  if (count > 5 && !CRON_FIELD.test(fields[5] ?? ''))
    return { message, hint: `Write the first five alone; the command is a step: \`run: …\`.` };
  if (count === 6) return { message, hint: 'If the first field is for seconds, add `seconds: true`; otherwise remove one.' };
  if (count === 5) return { message, hint: 'Put a field for the seconds in front, or remove `seconds: true`.' };
  return { message, hint: seconds ? SIX_HINT : FIVE_HINT };
}

/** Tries one field among stars, so that the problem can be told from those of the others. */
function fieldProblem(value: string, index: number, field: Field, hashSeed: string): CronProblem | undefined {
  const { name, min, max } = field;
  const span = max - min + 1;
  const step = /\/(\d+)$/.exec(value)?.[1];
  if (step !== undefined && Number(step) > span) {
    return { message: `the ${name} "${value}" takes steps of ${step}, but there are only ${span} values`, hint: stepHint(field) };
  }
  const others = FIELDS.map((_, at) => (at === index ? value : at === 0 ? '0' : '*'));
  try {
    parse(others.join(' '), hashSeed);
    return undefined;
  } catch (error) {
    const [reason, hint] = reasonOf((error as Error).message, field);
    return { message: `the ${name} "${value}" ${reason}`, hint };
  }
}

function reasonOf(message: string, field: Field): readonly [reason: string, hint: string] {
  const { name, min, max, names } = field;
  const values = names === undefined ? `${min} to ${max}` : `${min} to ${max}, or ${names[0]} to ${names.at(-1)}`;
  const range = `The ${name} goes from ${values}; * is every one.`;
  if (/min.*> ?max/.test(message))
    return ['is a range that ends before it begins', 'Write the smaller value first, or two ranges with a comma.'];
  if (/repeat at every|Invalid step/.test(message)) return ['has a step that is no number above 0', stepHint(field)];
  if (/alias/.test(message))
    return ['is a name that is not known', names === undefined ? range : `There are ${names.join(', ')}.`];
  if (/incompatible/.test(message))
    return ['mixes # with a list or a range', 'Write one day, such as fri#1 for the first Friday of a month.'];
  if (/occurrence/.test(message))
    return ['asks for an occurrence that no month has', 'A day of the week comes 1 to 5 times in a month: fri#1 to fri#5.'];
  if (/got value \d|got range \d/.test(message)) return [`is not between ${min} and ${max}`, range];
  return ['cannot be read', range];
}

function stepHint({ name, max }: Field): string {
  return `Write */${max > 30 ? 15 : 2} for every ${max > 30 ? '15th' : 'second'} ${name}, for example.`;
}

function wholeProblem(text: string, hashSeed: string): CronProblem | undefined {
  try {
    parse(text, hashSeed).next();
    return undefined;
  } catch {
    const hint = 'Choose a day that these months have; L is the last day of any month.';
    return { message: 'no month of this expression has such a day: it would never run', hint };
  }
}

function parse(text: string, hashSeed: string) {
  return CronExpressionParser.parse(text, { currentDate: SOME_TIME, tz: 'UTC', hashSeed });
}
