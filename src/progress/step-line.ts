// One step in one line, whatever the width: what matters least goes first.
import { headline, printable } from '../core/text.ts';
import { formatDuration, formatRate, formatSize, thingsOf } from '../core/units.ts';
import type { Outputs, StepProgress } from '../steps/step.ts';
import { barWithin, percent } from './bar.ts';
import { formatTimeLeft, timeLeft } from './rate.ts';
import type { StepView } from './view.ts';
import { pad, truncate, truncateStart, widthOf } from './width.ts';

/** Of a narrow line; on a wider one a third. */
const ID_COLUMNS_LEAST = 8;
/** Outputs may be cut down to this, so that the time still has its place. */
const OUTPUTS_COLUMNS_MIN = 16;
const GAP = '  ';

/** `deploy  ████████░░░░  62 %  25/40 files  3.4 MB  1.2 MB/s  12s left` in at most `columns`. */
export function stepLine(step: StepView, columns: number, idColumns: number, now: number): string {
  const id = pad(step.id, Math.min(idColumns, Math.max(ID_COLUMNS_LEAST, Math.floor(columns / 3))));
  const room = columns - widthOf(id) - GAP.length;
  const rest = room < 2 ? '' : restOf(step, room, now);
  return rest === '' ? truncate(id.trimEnd(), columns) : `${id}${GAP}${rest}`;
}

function restOf(step: StepView, room: number, now: number): string {
  switch (step.status) {
    case 'pending':
      return truncate(step.description, room);
    case 'running':
      return step.progress === undefined ? truncate(step.description, room) : progressText(step, step.progress, room, now);
    case 'succeeded':
      return endedText(step, room);
    case 'skipped':
      return truncate('skipped', room);
    case 'failed':
    case 'timed-out':
    case 'cancelled':
      return segments([endingText(step), formatDuration(step.durationMs)], room);
  }
}

function endedText(step: StepView, room: number): string {
  const took = formatDuration(step.durationMs);
  const left = room - widthOf(took) - GAP.length;
  const outputs = outputsText(step.outputs);
  return segments([left < OUTPUTS_COLUMNS_MIN ? outputs : truncate(outputs, left), took], room);
}

/** `failed (tolerated) after 3 attempts`. */
export function endingText({ status, tolerated, attempts }: StepView): string {
  const word = status === 'timed-out' ? 'timed out' : status;
  return `${word}${tolerated ? ' (tolerated)' : ''}${attempts > 1 ? ` after ${attempts} attempts` : ''}`;
}

function progressText(step: StepView, progress: StepProgress, room: number, now: number): string {
  const fraction = fractionOf(progress);
  const parts = fraction === undefined ? [] : [percent(fraction).padStart(5)];
  const text = segments([...parts, ...progressFacts(step, progress, now)], room);
  const drawn = fraction === undefined ? undefined : barWithin(room - widthOf(text) - GAP.length, fraction);
  return drawn === undefined ? text : `${drawn}${GAP}${text}`;
}

/** Of the bytes when their total is known, else of the things. */
export function fractionOf({ done, total, bytes, totalBytes }: StepProgress): number | undefined {
  if (bytes !== undefined && totalBytes !== undefined && totalBytes > 0) return bytes / totalBytes;
  return total === undefined || total === 0 ? undefined : done / total;
}

/** What matters most first: `25/40 files`, `12s left`, `1.2 MB/s`, `3.4 MB`. */
function progressFacts(step: StepView, progress: StepProgress, now: number): string[] {
  const { done, total, unit, bytes } = progress;
  const count =
    unit === 'bytes' ? formatSize(done) : `${done}${total === undefined ? '' : `/${total}`} ${thingsOf(total ?? done, unit)}`;
  const rate = rateText(step, progress, now);
  const left = leftOf(step, progress, now);
  return [
    count,
    ...(left === undefined ? [] : [`${formatTimeLeft(left)} left`]),
    ...(rate === undefined ? [] : [rate]),
    ...(bytes === undefined || unit === 'bytes' ? [] : [formatSize(bytes)]),
  ];
}

/** `1.2 MB/s` where bytes move, else `3.4 messages/s`; undefined while unknown. */
export function rateText(step: StepView, { unit, bytes }: StepProgress, now: number): string | undefined {
  const inBytes = unit === 'bytes' ? step.items.perSecond(now) : bytes === undefined ? undefined : step.bytes.perSecond(now);
  if (inBytes !== undefined) return formatRate(inBytes);
  const things = step.items.perSecond(now);
  return things === undefined || unit === 'bytes' ? undefined : `${things.toFixed(1)} ${unit}/s`;
}

function leftOf(step: StepView, { done, total, bytes, totalBytes }: StepProgress, now: number): number | undefined {
  if (bytes !== undefined && totalBytes !== undefined) return timeLeft(totalBytes - bytes, step.bytes.perSecond(now));
  return total === undefined ? undefined : timeLeft(total - done, step.items.perSecond(now));
}

/** The second line of a running step: the retry countdown, the current item, or the newest note. */
export function detailLine(step: StepView, columns: number, now: number): string {
  if (step.retryAt !== undefined) {
    const wait = formatTimeLeft(Math.max(0, step.retryAt - now));
    return truncate(
      `again in ${wait}; attempt ${step.attempts} failed: ${printable(headline(step.error?.message ?? ''))}`,
      columns,
    );
  }
  const item = step.progress?.item;
  if (item !== undefined && step.lastNote?.level !== 'error') return truncateStart(printable(item), columns);
  return step.lastNote === undefined ? '' : truncate(step.lastNote.message, columns);
}

/** `uploaded 12, deleted 2, 3.4 MB`: figures first and long texts last, zeros and nothings left out. */
export function outputsText(outputs: Outputs): string {
  const lengthOf = (value: unknown) => (typeof value === 'string' ? value.length : 0);
  const inOrder = Object.entries(outputs).sort(([, a], [, b]) => lengthOf(a) - lengthOf(b));
  const shown = inOrder.flatMap(([name, value]) => {
    if (value === null || value === 0 || value === '' || value === false) return [];
    if (name === 'bytes') return [formatSize(Number(value))];
    if (name === 'ms') return [formatDuration(Number(value))];
    return [`${printable(name)} ${printable(String(value))}`];
  });
  return shown.join(', ');
}

/** As many as truncate, the first ones first; the first is cut rather than left out. */
function segments(parts: readonly string[], room: number): string {
  const [first = '', ...more] = parts.filter(part => part !== '');
  return more.reduce(
    (text, part) => (widthOf(text) + GAP.length + widthOf(part) <= room ? `${text}${GAP}${part}` : text),
    truncate(first, room),
  );
}
