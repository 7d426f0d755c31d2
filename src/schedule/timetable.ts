// A schedule of a job file as a timetable that slots can be asked of, and the job's stable delay within it.
import { createHash } from 'node:crypto';
import { MisuseError } from '../core/errors.ts';
import type { Schedule } from '../job/job.ts';
import { readCron } from './cron.ts';
import type { CronFields } from './cron-fields.ts';
import type { Timetable } from './slots.ts';
import { machineZone, zoneNamed } from './zone.ts';

export interface TimetableFacts {
  /** What `H` and `jitter` are derived from. */
  readonly job: string;
  /** What `every` counts from, in epoch milliseconds. */
  readonly anchor: number;
}

/** The schedule has been checked. Without `timezone` this machine's zone is meant. */
export function timetableOf(schedule: Schedule, { job, anchor }: TimetableFacts): Timetable {
  const zone = zoneNamed(schedule.timezone ?? machineZone());
  if (schedule.everyMs !== undefined) return { kind: 'every', everyMs: schedule.everyMs, anchor, zone };
  if (schedule.cron === undefined) throw new MisuseError('a schedule without `cron` and `every`');
  return { kind: 'cron', fields: fieldsOf(schedule.cron, schedule.seconds, job), zone };
}

/** Expressions remembered; a fleet of thousands writes the same few. */
const FIELDS_MAX = 5_000;
const known = new Map<string, CronFields>();

/** Two jobs share the fields of an expression unless it says `H`, which depends on the job. */
function fieldsOf(cron: string, seconds: boolean, job: string): CronFields {
  const key = `${seconds} ${/H/.test(cron) ? job : ''} ${cron}`;
  const found = known.get(key);
  if (found !== undefined) return found;
  if (known.size >= FIELDS_MAX) known.clear();
  const fields = readCron({ cron, seconds, hashSeed: job });
  known.set(key, fields);
  return fields;
}

/** Always the same for one job: from 0 up to, but not including, `jitterMs`. */
export function jitterOf({ jitterMs }: Pick<Schedule, 'jitterMs'>, job: string): number {
  const hash = createHash('sha256').update(`jitter:${job}`).digest();
  return Math.floor((hash.readUIntBE(0, 6) / 2 ** 48) * jitterMs);
}

/** Names a schedule by what it says about time, so that moving it in a list changes nothing and editing it makes it a new one. */
export function scheduleId({ cron, everyMs, timezone, seconds }: Schedule): string {
  const rule =
    everyMs === undefined ? `${seconds ? 'seconds ' : ''}${cron?.trim().split(/\s+/).join(' ')}` : `every ${everyMs} ms`;
  return timezone === undefined ? rule : `${rule} ${timezone}`;
}
