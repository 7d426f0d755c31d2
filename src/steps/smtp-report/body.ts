// What a report says, before it is a mail: subject, both bodies, its headers and its own attachments.
import { AppError } from '../../core/errors.ts';
import { formatDuration } from '../../core/units.ts';
import type { Attachment } from '../../mail/compose.ts';
import { closeAll, openAttachments } from '../smtp-attachments.ts';
import { keptText } from '../smtp-mail.ts';
import type { StepContext } from '../step.ts';
import { jsonAttachment, reportData } from './attached.ts';
import type { ReportConfig } from './config.ts';
import { type DigestModel, digestHtml, digestSubject, digestText } from './digest.ts';
import { htmlReport } from './html.ts';
import { logAttachment } from './log-lines.ts';
import type { ReportModel } from './report-model.ts';
import { subjectOf } from './subject.ts';
import { textReport } from './text.ts';

export interface Body {
  readonly subject: string;
  readonly text: string;
  readonly html: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly own: readonly Attachment[];
  /** The run whose mail this one answers. */
  readonly answers?: string;
}

export async function runBody(config: ReportConfig, model: ReportModel, context: StepContext): Promise<Body> {
  const wanted = config.attach ?? [];
  const { incident } = model.standing;
  const body: Body = {
    subject: keptText(context)(config.subject ?? subjectOf(model)),
    text: textReport(model),
    html: htmlReport(model),
    headers: {
      'List-Id': `<${label(model.job)}.${label(model.host)}.postrider>`,
      'X-Job': model.job,
      'X-Run-Id': model.run,
      'X-Job-Status': model.verdict,
      'X-Job-Duration': formatDuration(model.durationMs),
    },
    own: [...(wanted.includes('log') ? [logAttachment(model)] : []), ...(wanted.includes('json') ? [jsonAttachment(model)] : [])],
    ...(incident === undefined ? {} : { answers: incident }),
  };
  return withTemplate(body, config, { report: reportData(model) }, context);
}

export async function digestBody(config: ReportConfig, model: DigestModel, context: StepContext): Promise<Body> {
  const body: Body = {
    subject: keptText(context)(config.subject ?? digestSubject(model)),
    text: digestText(model),
    html: digestHtml(model),
    headers: {
      'List-Id': `<digest.${label(model.host)}.postrider>`,
      'X-Job': context.job.name,
      'X-Run-Id': context.run.id,
      'X-Job-Status': model.failed > 0 ? 'failed' : 'ok',
    },
    own: [],
  };
  return withTemplate(body, config, { digest: model }, context);
}

/** A template makes the HTML, or the text when its name says so (`report.txt.liquid`); the other part stays as it is. */
async function withTemplate(body: Body, config: ReportConfig, data: object, context: StepContext): Promise<Body> {
  const { template } = config;
  if (template === undefined) return body;
  const source = await readTemplate(template, context);
  const { renderTemplate } = await import('../../mail/template.ts');
  const { subject, text, html } = body;
  const asText = /\.txt(\.liquid)?$/.test(template);
  const made = await renderTemplate(source, { ...data, subject, text, html }, { html: !asText, name: template });
  return asText ? { ...body, text: made } : { ...body, html: made };
}

const TEMPLATE_BYTES_MAX = 256 * 1024;

async function readTemplate(name: string, context: StepContext): Promise<string> {
  const files = await openAttachments([name], { workdir: context.workdir, bytesMax: TEMPLATE_BYTES_MAX });
  try {
    const [file, another] = files;
    if (file === undefined || another !== undefined) {
      throw new AppError('template-invalid', `${name} names ${files.length} files`, { hint: 'Name one template.' });
    }
    const chunks: Buffer[] = [];
    for await (const chunk of file.content()) chunks.push(chunk);
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    await closeAll(files);
  }
}

function label(text: string): string {
  return (
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'unnamed'
  );
}
