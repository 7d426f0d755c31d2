// The report as data, for programs and templates.
import type { Attachment } from '../../mail/compose.ts';
import type { ReportModel } from './report-model.ts';

export function reportData(model: ReportModel): Record<string, unknown> {
  const { job, run, host, file, trigger, verdict, counts, cause, change, changes, advice, standing, rerun, logs } = model;
  return {
    ...{ version: 1, job, run, host, file, trigger },
    'started-at': new Date(model.startedAt).toISOString(),
    'duration-ms': model.durationMs,
    ...{ verdict, cause, change, changes, advice, rerun, logs, failures: standing.failures, counts },
    steps: model.rows.map(({ durationMs, error, ...row }) => ({
      ...row,
      'duration-ms': durationMs,
      ...(error === undefined ? {} : { error }),
    })),
  };
}

export function jsonAttachment(model: ReportModel): Attachment {
  const content = Buffer.from(`${JSON.stringify(reportData(model), null, 2)}\n`);
  return { name: 'report.json', content, type: 'application/json' };
}
