// What a job writes under `with` of smtp/report.
import { anything, flag, type Infer, object, oneOf, oneOrMany, text, word } from '../../core/schema.ts';
import { addressFields, hasRecipient } from '../smtp-fields.ts';

/** Settings of the contract that this version does not carry out: refused rather than ignored. */
const notYet = (what: string) =>
  anything()
    .optional()
    .refine(value => value === undefined, { error: 'is not available yet: leave it out' })
    .describe(`${what} (not available yet)`);

export const reportSchema = object({
  ...addressFields,
  subject: text().optional().describe('Replaces the subject that names status, job, host and counts'),
  when: oneOf(['always', 'failure', 'change'])
    .default('always')
    .describe('failure: only after a failed run. change: after the first run, a first failure, and a recovery'),
  attach: oneOrMany(word())
    .optional()
    .describe('log: the notes of all steps. json: the report as data. Anything else is a file or glob from the workdir'),
  required: flag().default(false).describe('Fail the step when the report cannot be sent'),
  digest: notYet('One report a day or a week'),
  template: notYet('A Liquid template for the body'),
}).refine(hasRecipient, { error: 'the report has no recipient: name one in to, cc or bcc' });

export type ReportConfig = Infer<typeof reportSchema>;
