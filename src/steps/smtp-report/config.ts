// What a job writes under `with` of smtp/report.
import { flag, type Infer, object, oneOf, oneOrMany, text, word } from '../../core/schema.ts';
import { addressFields, hasRecipient } from '../smtp-fields.ts';

export const reportSchema = object({
  ...addressFields,
  subject: text().optional().describe('Replaces the subject that names status, job, host and counts'),
  when: oneOf(['always', 'failure', 'change'])
    .default('always')
    .describe(
      'failure: only after a failed run. change: after the first run, a first failure, and a recovery; what stays broken is said again at the 5th and 10th failure in a row, then once a day',
    ),
  attach: oneOrMany(word())
    .optional()
    .describe('log: the whole log, compressed. json: the report as data. Anything else is a file or glob from the workdir'),
  required: flag().default(false).describe('Fail the step when the report cannot be sent'),
  digest: oneOf(['daily', 'weekly'])
    .optional()
    .describe(
      'One mail a day or a week over the runs of all jobs, instead of one about this run; put it into a job of its own. A scheduler sends it by itself when the job has no schedule, or half an hour after a run that did not',
    ),
  template: word()
    .optional()
    .describe('A Liquid file from the workdir that makes the HTML; the text when its name ends in .txt.liquid'),
}).refine(hasRecipient, { error: 'the report has no recipient: name one in to, cc or bcc' });

export type ReportConfig = Infer<typeof reportSchema>;
