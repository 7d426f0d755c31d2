// What smtp/report does: looks at the run so far, decides whether a mail is due, composes it, delivers it once.
import { AppError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import { type Attachment, messageIdOf } from '../../mail/compose.ts';
import { type StreamedAttachment, streamMail } from '../../mail/stream.ts';
import { closeAll, type FoundFile, openAttachments } from '../smtp-attachments.ts';
import {
  type Connect,
  type DeliveryOutputs,
  deliverOnce,
  failureOf,
  type Mail,
  noteDelivery,
  WaitingError,
} from '../smtp-delivery.ts';
import { addresseesOf, recipientsOf } from '../smtp-fields.ts';
import { ownStepId, sendActions } from '../smtp-mail.ts';
import type { Preview, StepContext } from '../step.ts';
import { type Body, digestBody, runBody } from './body.ts';
import type { ReportConfig } from './config.ts';
import { type DigestModel, digestOf } from './digest.ts';
import { DIGEST_KEY, DIGEST_MS, type DigestPeriod, digestName, digestSince } from './digest-due.ts';
import { buildReport, PAST_RUNS_MAX } from './report-builder.ts';
import type { ReportModel, Standing } from './report-model.ts';
import { statusWord } from './subject.ts';

/** Rejects only for a required report, a cancelled run, or a bug: a mail that cannot be sent is noted, and the run goes on. */
export async function sendReport(config: ReportConfig, context: StepContext, connect: Connect): Promise<DeliveryOutputs> {
  if (config.digest !== undefined) return sendDigest(config, config.digest, context, connect);
  const model = await modelOf(context);
  if (!isDue(config.when, model)) {
    context.note('info', `no report: the run is ${statusWord(model)}, and \`when\` says ${config.when}`);
    return NOTHING;
  }
  return deliver(
    config,
    await bodyOrNote(
      config,
      context,
      () => runBody(config, model, context),
      () => runBody(withoutTemplate(config), model, context),
    ),
    context,
    connect,
  );
}

/** The report as it would be if the run ended now; files that later steps make may be missing. */
export async function previewReport(config: ReportConfig, context: StepContext): Promise<Preview> {
  const addressees = addresseesOf(config);
  const silent = { ...context, note: () => undefined };
  const body =
    config.digest === undefined
      ? await runBody(config, await modelOf(context), silent)
      : await digestBody(config, await digestModel(context, context.clock.now() - DIGEST_MS[config.digest]), silent);
  const message = await mailOf(config, body, silent).compose();
  await message.close();
  const when = config.digest !== undefined ? `, ${config.digest}` : config.when === 'always' ? '' : `, when: ${config.when}`;
  return {
    summary: `a ${config.digest === undefined ? 'report' : 'digest'} of about ${formatSize(message.size)} to ${recipientsOf(addressees).join(', ')}${when}`,
    actions: sendActions(addressees, message.size),
  };
}

const NOTHING = { 'message-id': null, outcome: null, accepted: 0, rejected: 0, deferred: 0 } as const;

async function sendDigest(
  config: ReportConfig,
  period: DigestPeriod,
  context: StepContext,
  connect: Connect,
): Promise<DeliveryOutputs> {
  const now = context.clock.now();
  const last = await lastDigest(period, context);
  const since = digestSince(period, last, now);
  if (since === undefined) {
    context.note('info', `no digest: the last one is less than ${period === 'daily' ? 'a day' : 'a week'} old`);
    return NOTHING;
  }
  const model = await digestModel(context, since);
  const body = await bodyOrNote(
    config,
    context,
    () => digestBody(config, model, context),
    () => digestBody(withoutTemplate(config), model, context),
  );
  const outputs = await deliver(config, body, context, connect, digestName(period, last));
  await context.ledger.put(DIGEST_KEY, now);
  return outputs;
}

/** One that an earlier run wrote and did not put down, because it died or had to fail, counts: the outbox has it. */
async function lastDigest(period: DigestPeriod, context: StepContext): Promise<unknown> {
  const { job, run, ledger, outbox } = context;
  const last = await ledger.get(DIGEST_KEY);
  const key = { job: job.name, run: digestName(period, last), report: ownStepId(context, 'smtp/report') };
  const letter = await outbox?.letters.find(key);
  if (letter === undefined || letter.createdAt >= run.startedAt) return last;
  await ledger.put(DIGEST_KEY, letter.createdAt);
  return letter.createdAt;
}

async function digestModel(context: StepContext, since: number): Promise<DigestModel> {
  const runs = (await context.history.since?.(since)) ?? [];
  return digestOf(runs, context.run.host, since, context.clock.now());
}

/** A template that cannot be used does not keep a report from going out, unless the report is required. */
async function bodyOrNote(
  config: ReportConfig,
  context: StepContext,
  make: () => Promise<Body>,
  plain: () => Promise<Body>,
): Promise<Body> {
  try {
    return await make();
  } catch (error) {
    if (config.required || config.template === undefined || !(error instanceof AppError)) throw error;
    context.note('warning', `the usual form was sent: ${error.message}`);
    return plain();
  }
}

function withoutTemplate({ template: _, ...config }: ReportConfig): ReportConfig {
  return config;
}

async function deliver(
  config: ReportConfig,
  body: Body,
  context: StepContext,
  connect: Connect,
  run = context.run.id,
): Promise<DeliveryOutputs> {
  const mail = mailOf(config, body, context, run);
  try {
    const delivery = await deliverOnce(mail, context, connect);
    const failure = failureOf(delivery);
    if (failure !== undefined && config.required) throw failure;
    if (failure !== undefined && delivery.refusals.length === 0) noteFailure(failure, context);
    else noteDelivery(delivery, context);
    return delivery.outputs;
  } catch (error) {
    if (config.required || context.signal.aborted || !(error instanceof AppError) || error.code === 'misuse') throw error;
    noteFailure(error, context);
    const nobody = { 'message-id': mail.messageId, accepted: 0, rejected: 0, deferred: 0 };
    const outcome = error.retry !== 'never' || error instanceof WaitingError ? 'deferred' : 'rejected';
    return { ...nobody, outcome, [outcome]: mail.to.length };
  }
}

/** change: the first run, whenever a run differs from the one before, and reminders of what does not get well. */
export function isDue(when: ReportConfig['when'], { verdict, standing, startedAt }: ReportModel): boolean {
  switch (when) {
    case 'always':
      return true;
    case 'failure':
      return verdict === 'failed';
    case 'change':
      if (standing.first) return true;
      if (verdict === 'failed') return standing.failuresBefore === 0 || isReminder(standing, startedAt);
      return verdict === 'ok' && standing.failuresBefore > 0;
  }
}

/** Failures in a row that are said again; after the last of them once a day (UTC). */
const REMINDERS: readonly number[] = [5, 10];

function isReminder({ failures, last }: Standing, startedAt: number): boolean {
  const day = (at: number) => Math.floor(at / DIGEST_MS.daily);
  return REMINDERS.includes(failures) || (failures > Math.max(...REMINDERS) && day(last?.startedAt ?? 0) !== day(startedAt));
}

async function modelOf(context: StepContext): Promise<ReportModel> {
  const { history } = context;
  const past = await history.recent(PAST_RUNS_MAX);
  const last = past.find(({ status }) => ['succeeded', 'failed', 'timed-out'].includes(status));
  return buildReport({
    job: context.job,
    run: context.run,
    steps: context.steps(),
    past,
    before: last === undefined ? [] : ((await history.stepsOf?.(last.id)) ?? []),
    log: (await history.log?.()) ?? [],
    now: context.clock.now(),
    self: ownStepId(context, 'smtp/report'),
  });
}

function mailOf(config: ReportConfig, body: Body, context: StepContext, run = context.run.id): Mail {
  const addressees = addresseesOf(config);
  const to = recipientsOf(addressees);
  const idOf = (id: string) => messageIdOf([id, ownStepId(context, 'smtp/report'), ...to], addressees.domain);
  const { subject, text, html, headers, own, answers } = body;
  const messageId = idOf(context.run.id);
  const draft = {
    ...{ ...addressees, subject, text, html, headers, messageId, date: context.clock.now(), autoSubmitted: true },
    ...(answers === undefined ? {} : { inReplyTo: idOf(answers) }),
  };
  return {
    ...{ uses: 'smtp/report', run, connection: config.connection, subject, to, messageId },
    from: addressees.from.address,
    smtpUtf8: addressees.utf8,
    compose: async () => {
      const files = await filesOf(config, context);
      const attachments = [...own.map(inMemory), ...files];
      return { ...(await streamMail({ ...draft, attachments })), close: () => closeAll(files) };
    },
  };
}

/** A file that cannot be attached does not keep the report from going out. */
async function filesOf(config: ReportConfig, context: StepContext): Promise<readonly FoundFile[]> {
  let left = config['max-size'];
  const files: FoundFile[] = [];
  for (const pattern of (config.attach ?? []).filter(word => word !== 'log' && word !== 'json')) {
    try {
      const found = await openAttachments([pattern], { workdir: context.workdir, bytesMax: left });
      left -= found.reduce((sum, file) => sum + file.size, 0);
      files.push(...found);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      context.note('warning', `not attached: ${error.message}`);
    }
  }
  return files;
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
  context.note('warning', `the report was not sent: ${error.message}${hint}`);
}
