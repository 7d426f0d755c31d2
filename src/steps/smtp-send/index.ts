// The step smtp/send: mails a text that the job holds, with files.
import type { Connect, DeliveryOutputs } from '../smtp-delivery.ts';
import { addresseesShown } from '../smtp-fields.ts';
import type { StepType } from '../step.ts';
import { type SendConfig, type ShowMail, sendSchema } from './config.ts';

export type { ShowMail };

/** `connect` is replaced in tests; `show` is given the octets of a mail that is only previewed. */
export function makeSmtpSend(connect?: Connect, show?: ShowMail): StepType<SendConfig, DeliveryOutputs> {
  return {
    name: 'smtp/send',
    summary: 'Sends a mail with a text of the job and files',
    schema: sendSchema,
    connection: 'smtp',
    repeatable: () => true,
    describe: config => `mail ${addresseesShown(config)} over ${config.connection}: ${config.subject}`,
    preview: async (config, context) => (await import('./send.ts')).previewMail(config, context, show),
    run: async (config, context) => {
      const { sendMail } = await import('./send.ts');
      return sendMail(config, context, connect ?? (await import('../../protocols/smtp/index.ts')).connectSmtp);
    },
  };
}

export const smtpSend = makeSmtpSend();
