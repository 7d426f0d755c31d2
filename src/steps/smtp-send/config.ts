// What a job writes under `with` of smtp/send.
import { type Infer, object, oneOrMany, text, word } from '../../core/schema.ts';
import { addressFields, hasRecipient } from '../smtp-fields.ts';

export const sendSchema = object({
  ...addressFields,
  subject: text().describe('The subject line'),
  text: text().optional().describe('The body as plain text'),
  html: text().optional().describe('The body as HTML'),
  attachments: oneOrMany(word()).optional().describe('Files to attach: paths or globs from the workdir'),
}).refine(hasRecipient, { error: 'the mail has no recipient: name one in to, cc or bcc' });

export type SendConfig = Infer<typeof sendSchema>;

/** Takes the octets of a mail that is not sent. */
export type ShowMail = (octets: AsyncIterable<Buffer>) => Promise<void>;
