// What smtp/send does: reads the files, composes the mail, delivers it once.
import { type AppError, reportOf } from '../../core/errors.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { messageIdOf } from '../../mail/compose.ts';
import { type StreamedAttachment, type StreamedDraft, streamMail } from '../../mail/stream.ts';
import { closeAll, type FoundFile, openAttachments } from '../smtp-attachments.ts';
import {
  type Composed,
  type Connect,
  type Delivered,
  type DeliveryOutputs,
  deliverOnce,
  failureOf,
  noteDelivery,
  unheldFailureOf,
} from '../smtp-delivery.ts';
import { type Addressees, addresseesOf, recipientsOf } from '../smtp-fields.ts';
import { keptText, ownStepId, sendActions } from '../smtp-mail.ts';
import type { Preview, StepContext } from '../step.ts';
import type { SendConfig, ShowMail } from './config.ts';

export async function sendMail(config: SendConfig, context: StepContext, connect: Connect): Promise<DeliveryOutputs> {
  const addressees = addresseesOf(config);
  const messageId = idOf(addressees, context);
  const letter = {
    uses: 'smtp/send',
    run: context.run.id,
    connection: config.connection,
    subject: keptText(context)(config.subject),
    from: addressees.from.address,
    to: recipientsOf(addressees),
    messageId,
    smtpUtf8: addressees.utf8,
    compose: () => compose(config, addressees, messageId, context),
  };
  const delivery = await deliverOnce(letter, context, connect);
  const failure = context.outbox === undefined ? unheldFailureOf(delivery) : heldFailureOf(delivery);
  if (failure !== undefined) throw failure;
  noteDelivery(delivery, context);
  return delivery.outputs;
}

/** The outbox holds a mail of unknown outcome until a person decides, and lists it; the run goes on. */
function heldFailureOf(delivery: Delivered): AppError | undefined {
  return delivery.outputs.outcome === 'indeterminate' ? undefined : failureOf(delivery);
}

/** Files that earlier steps have yet to make may be missing still. */
export async function previewMail(
  config: SendConfig,
  context: StepContext,
  show: ShowMail = async () => undefined,
): Promise<Preview> {
  const addressees = addresseesOf(config);
  let note = '';
  const message = await compose(config, addressees, idOf(addressees, context), context).catch((error: AppError) => {
    note = `; ${reportOf(error).message}`;
    return compose({ ...config, attachments: [] }, addressees, idOf(addressees, context), context);
  });
  try {
    await show(message.chunks());
  } finally {
    await message.close();
  }
  const count = recipientsOf(addressees).length;
  return {
    summary: `one mail of ${formatSize(message.size)} to ${formatCount(count, 'recipients')}${note}`,
    actions: sendActions(addressees, message.size),
  };
}

function idOf(addressees: Addressees, context: StepContext): string {
  return messageIdOf([context.run.id, ownStepId(context, 'smtp/send'), ...recipientsOf(addressees)], addressees.domain);
}

async function compose(config: SendConfig, addressees: Addressees, messageId: string, context: StepContext): Promise<Composed> {
  const keep = keptText(context);
  const files = await openAttachments(config.attachments ?? [], { workdir: context.workdir, bytesMax: config['max-size'] });
  const draft: StreamedDraft = {
    ...addressees,
    subject: keep(config.subject),
    ...(config.html === undefined || config.text !== undefined ? { text: keep(config.text ?? '') } : {}),
    ...(config.html === undefined ? {} : { html: keep(config.html) }),
    attachments: inlined(files, config.html ?? ''),
    messageId,
    date: context.clock.now(),
    headers: { 'X-Job': context.job.name, 'X-Run-Id': context.run.id },
    autoSubmitted: true,
  };
  return { ...(await streamMail(draft)), close: () => closeAll(files) };
}

/** A file that the HTML shows by its name (`<img src="cid:logo.png">`) stands in it, not beside it. */
function inlined(files: readonly FoundFile[], html: string): readonly StreamedAttachment[] {
  return files.map(({ name, size, content }) => {
    const shown = /^[\w.-]+$/.test(name) && html.includes(`cid:${name}`);
    return { name, size, content, ...(shown ? { contentId: name } : {}) };
  });
}
