// The step smtp/send: mails a text that the job holds, with files.
import type { Connect, DeliveryOutputs } from '../smtp-delivery.ts';
import { addresseesShown } from '../smtp-fields.ts';
import type { StepType } from '../step.ts';
import { type SendConfig, sendSchema } from './config.ts';

/** `connect` is replaced in tests. */
export function makeSmtpSend(connect?: Connect): StepType<SendConfig, DeliveryOutputs> {
  return {
    name: 'smtp/send',
    summary: 'Sends a mail with a text of the job and files',
    schema: sendSchema,
    connection: 'smtp',
    repeatable: () => true,
    describe: config => `mail ${addresseesShown(config)} over ${config.connection}: ${config.subject}`,
    preview: async (config, context) => (await import('./send.ts')).previewMail(config, context),
    run: async (config, context) => {
      const { sendMail } = await import('./send.ts');
      return sendMail(config, context, connect ?? (await import('../../protocols/smtp/index.ts')).connectSmtp);
    },
  };
}

export const smtpSend = makeSmtpSend();
