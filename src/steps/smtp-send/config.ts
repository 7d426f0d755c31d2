// What a job writes under `with` of smtp/send.
import { described, type Infer, object, oneOrMany, optional, refined, text, word } from '../../core/schema.ts';
import { addressFields, hasRecipient } from '../smtp-fields.ts';

export const sendSchema = refined(
  object({
    ...addressFields,
    subject: described(text(), 'The subject line'),
    text: optional(text(), 'The body as plain text'),
    html: optional(text(), 'The body as HTML'),
    attachments: optional(oneOrMany(word()), 'Files to attach: paths or globs from the workdir'),
  }),
  hasRecipient,
  'the mail has no recipient: name one in to, cc or bcc',
);

export type SendConfig = Infer<typeof sendSchema>;

/** Takes the octets of a mail that is not sent. */
export type ShowMail = (octets: AsyncIterable<Buffer>) => Promise<void>;
