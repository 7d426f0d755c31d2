// What a report can attach besides files: its own data as JSON, and the notes of all steps as a log.
import type { Attachment } from '../../mail/compose.ts';
import type { ReportModel } from './report-model.ts';
import { statusShown, timeShown } from './sentence.ts';

export function jsonAttachment(model: ReportModel): Attachment {
  const { job, run, host, file, trigger, verdict, counts, cause, change, standing } = model;
  const data = {
    ...{ version: 1, job, run, host, file, trigger },
    'started-at': new Date(model.startedAt).toISOString(),
    'duration-ms': model.durationMs,
    ...{ verdict, cause, change, failures: standing.failures, counts },
    steps: model.rows.map(({ durationMs, error, ...row }) => ({
      ...row,
      'duration-ms': durationMs,
      ...(error === undefined ? {} : { error }),
    })),
  };
  return attachment('report.json', `${JSON.stringify(data, null, 2)}\n`, 'application/json');
}

export function logAttachment(model: ReportModel): Attachment {
  const lines = model.rows.flatMap(row => [
    `${row.id} (${row.uses}): ${statusShown(row)}`,
    ...row.notes.map(note => `  ${note.level}: ${note.message}`),
    ...(row.error === undefined ? [] : [`  ${row.error.code}: ${row.error.message}`]),
  ]);
  const head = `${model.job} on ${model.host}, run ${model.run}, started ${timeShown(model.startedAt)}`;
  return attachment(`${model.job}.log.txt`, `${[head, ...lines].join('\n')}\n`, 'text/plain; charset=utf-8');
}

function attachment(name: string, content: string, type: string): Attachment {
  return { name, content: Buffer.from(content), type };
}
