// The log of a run as a report shows it: the tail of what failed, and the whole for the attachment.
import { gzipSync } from 'node:zlib';
import { printable, shorten } from '../../core/text.ts';
import type { Attachment } from '../../mail/compose.ts';
import type { LogLine } from '../step.ts';
import { isFailure, type ReportModel, type ReportRow } from './report-model.ts';
import { statusShown, timeShown } from './sentence.ts';

/** Lines shown of each failed step, and steps that show them. */
const TAIL_LINES_MAX = 20;
const TAILS_MAX = 3;
const LINE_CHARS_MAX = 300;
/** Of the attached log before it is compressed; the end is what is kept. */
const LOG_BYTES_MAX = 8 * 1024 ** 2;

export interface Tail {
  readonly step: string;
  readonly lines: readonly string[];
}

/** The last lines of what failed. */
export function tailsOf(rows: readonly ReportRow[], log: readonly LogLine[]): readonly Tail[] {
  const failed = rows.filter(isFailure).slice(0, TAILS_MAX);
  return failed.flatMap(({ id, notes }) => {
    const logged = log.filter(line => line.step === id).map(({ message }) => message);
    const lines = (logged.length > 0 ? logged : notes.map(({ message }) => message)).slice(-TAIL_LINES_MAX);
    return lines.length === 0 ? [] : [{ step: id, lines: lines.map(line => shorten(printable(line), LINE_CHARS_MAX)) }];
  });
}

/** Everything that was said, as text. */
export function logText(model: ReportModel): string {
  const head = `${model.job} on ${model.host}, run ${model.run}, started ${timeShown(model.startedAt)}`;
  const ends = model.rows.map(
    row =>
      `${row.id} (${row.uses}): ${statusShown(row)}${row.error === undefined ? '' : `, ${row.error.code}: ${row.error.message}`}`,
  );
  const said =
    model.log.length > 0
      ? model.log.map(({ at, step, level, message }) => `${timeShown(at)} ${step} ${level}: ${printable(message)}`)
      : model.rows.flatMap(row => row.notes.map(({ level, message }) => `${row.id} ${level}: ${message}`));
  return `${[head, '', ...said, '', ...ends].join('\n')}\n`;
}

export function logAttachment(model: ReportModel): Attachment {
  const whole = Buffer.from(logText(model));
  const kept =
    whole.length <= LOG_BYTES_MAX
      ? whole
      : Buffer.concat([Buffer.from('(the beginning is left out)\n'), whole.subarray(-LOG_BYTES_MAX)]);
  return { name: `${model.job}.log.gz`, content: gzipSync(kept), type: 'application/gzip' };
}
