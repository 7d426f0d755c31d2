// What smtp/report does: looks at the run so far, decides whether a mail is due, composes it, delivers it once.
import { AppError } from '../../core/errors.ts';
import { formatDuration, formatSize } from '../../core/units.ts';
import { type Attachment, type MailDraft, messageIdOf } from '../../mail/compose.ts';
import { type StreamedAttachment, streamMail } from '../../mail/stream.ts';
import { closeAll, type FoundFile, openAttachments } from '../smtp-attachments.ts';
import { type Connect, type DeliveryOutputs, deliverOnce, failureOf, type Mail, noteDelivery } from '../smtp-delivery.ts';
import { type Addressees, addresseesOf, recipientsOf } from '../smtp-fields.ts';
import { keptText, ownStepId, sendActions } from '../smtp-mail.ts';
import type { Preview, StepContext } from '../step.ts';
import { jsonAttachment, logAttachment } from './attached.ts';
import type { ReportConfig } from './config.ts';
import { htmlReport } from './html.ts';
import { buildReport, PAST_RUNS_MAX } from './report-builder.ts';
import type { ReportModel } from './report-model.ts';
import { statusWord, subjectOf } from './subject.ts';
import { textReport } from './text.ts';

/** Rejects only for a required report, a cancelled run, or a bug: a mail that cannot be sent is noted, and the run goes on. */
export async function sendReport(config: ReportConfig, context: StepContext, connect: Connect): Promise<DeliveryOutputs> {
  const model = await modelOf(context);
  if (!isDue(config.when, model)) {
    context.note('info', `no report: the run is ${statusWord(model)}, and \`when\` says ${config.when}`);
    return { 'message-id': null, outcome: null, accepted: 0, rejected: 0 };
  }
  const letter = letterOf(config, model, context);
  try {
    const delivery = await deliverOnce(letter, context, connect);
    const failure = failureOf(delivery);
    if (failure !== undefined && config.required) throw failure;
    if (failure !== undefined && delivery.refusals.length === 0) noteFailure(failure, context);
    else noteDelivery(delivery, context);
    return delivery.outputs;
  } catch (error) {
    if (config.required || context.signal.aborted || !(error instanceof AppError) || error.code === 'misuse') throw error;
    noteFailure(error, context);
    const outcome = error.retry === 'never' ? 'rejected' : 'deferred';
    return { 'message-id': letter.messageId, outcome, accepted: 0, rejected: letter.to.length };
  }
}

/** The report as it would be if the run ended now; files that later steps make may be missing. */
export async function previewReport(config: ReportConfig, context: StepContext): Promise<Preview> {
  const model = await modelOf(context);
  const addressees = addresseesOf(config);
  const message = await letterOf(config, model, { ...context, note: () => undefined }).compose();
  await message.close();
  const when = config.when === 'always' ? '' : `, when: ${config.when}`;
  return {
    summary: `a report of about ${formatSize(message.size)} to ${recipientsOf(addressees).join(', ')}${when}`,
    actions: sendActions(addressees, message.size),
  };
}

/** change: the first run, and whenever a run differs from the one before. */
export function isDue(when: ReportConfig['when'], { verdict, standing }: ReportModel): boolean {
  switch (when) {
    case 'always':
      return true;
    case 'failure':
      return verdict === 'failed';
    case 'change':
      return (
        standing.first || (verdict === 'failed' ? standing.failuresBefore === 0 : verdict === 'ok' && standing.failuresBefore > 0)
      );
  }
}

async function modelOf(context: StepContext): Promise<ReportModel> {
  return buildReport({
    job: context.job,
    run: context.run,
    steps: context.steps(),
    past: await context.history.recent(PAST_RUNS_MAX),
    now: context.clock.now(),
    self: ownStepId(context, 'smtp/report'),
  });
}

function letterOf(config: ReportConfig, model: ReportModel, context: StepContext): Mail {
  const addressees = addresseesOf(config);
  const to = recipientsOf(addressees);
  const messageId = messageIdOf([context.run.id, ownStepId(context, 'smtp/report'), ...to], addressees.domain);
  const subject = keptText(context)(config.subject ?? subjectOf(model));
  return {
    uses: 'smtp/report',
    connection: config.connection,
    subject,
    from: addressees.from.address,
    to,
    messageId,
    smtpUtf8: addressees.utf8,
    compose: async () => {
      const { attachments, close } = await attachmentsOf(config, model, context);
      return {
        ...(await streamMail({ ...draftOf(subject, model, addressees, messageId, context.clock.now()), attachments })),
        close,
      };
    },
  };
}

function draftOf(
  subject: string,
  model: ReportModel,
  addressees: Addressees,
  messageId: string,
  date: number,
): Omit<MailDraft, 'attachments'> {
  const label = (text: string) =>
    text
      .toLowerCase()
      .replace(/[^a-z0-9]+/g, '-')
      .replace(/^-|-$/g, '') || 'unnamed';
  return {
    ...addressees,
    subject,
    text: textReport(model),
    html: htmlReport(model),
    messageId,
    date,
    headers: {
      'List-Id': `<${label(model.job)}.${label(model.host)}.postrider>`,
      'X-Job': model.job,
      'X-Run-Id': model.run,
      'X-Job-Status': model.verdict,
      'X-Job-Duration': formatDuration(model.durationMs),
    },
    autoSubmitted: true,
  };
}

/** A file that cannot be attached does not keep the report from going out. */
async function attachmentsOf(config: ReportConfig, model: ReportModel, context: StepContext) {
  const wanted = config.attach ?? [];
  const own = [
    ...(wanted.includes('log') ? [logAttachment(model)] : []),
    ...(wanted.includes('json') ? [jsonAttachment(model)] : []),
  ];
  let left = config['max-size'];
  const files: FoundFile[] = [];
  for (const pattern of wanted.filter(word => word !== 'log' && word !== 'json')) {
    try {
      const found = await openAttachments([pattern], { workdir: context.workdir, bytesMax: left });
      left -= found.reduce((sum, file) => sum + file.size, 0);
      files.push(...found);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      context.note('warning', `not attached: ${error.message}`);
    }
  }
  return { attachments: [...own.map(inMemory), ...files], close: () => closeAll(files) };
}

function inMemory({ name, content, type }: Attachment): StreamedAttachment {
  return {
    name,
    size: content.length,
    ...(type === undefined ? {} : { type }),
    content: async function* () {
      yield content;
    },
  };
}

function noteFailure(error: AppError, context: StepContext): void {
  const hint = error.hint === undefined ? '' : ` (${error.hint})`;
  const waits = context.outbox === undefined ? '' : '; it waits in the outbox';
  context.note('warning', `the report was not sent${waits}: ${error.message}${hint}`);
}
