// What a job writes under `with` of smtp/report.
import { flag, type Infer, object, oneOf, oneOrMany, optional, preset, refined, text, word } from '../../core/schema.ts';
import { addressFields, hasRecipient } from '../smtp-fields.ts';

export const reportSchema = refined(
  object({
    ...addressFields,
    subject: optional(text(), 'Replaces the subject that names status, job, host and counts'),
    when: preset(
      oneOf(['always', 'failure', 'change']),
      'always',
      'failure: only after a failed run. change: after the first run, a first failure, and a recovery; what stays broken is said again at the 5th and 10th failure in a row, then once a day',
    ),
    attach: optional(
      oneOrMany(word()),
      'log: the whole log, compressed. json: the report as data. Anything else is a file or glob from the workdir',
    ),
    required: preset(flag(), false, 'Fail the step when the report cannot be sent'),
    digest: optional(
      oneOf(['daily', 'weekly']),
      'One mail a day or a week over the runs of all jobs, instead of one about this run; put it into a job of its own. A scheduler sends it by itself when the job has no schedule, or half an hour after a run that did not',
    ),
    template: optional(word(), 'A Liquid file from the workdir that makes the HTML; the text when its name ends in .txt.liquid'),
  }),
  hasRecipient,
  'the report has no recipient: name one in to, cc or bcc',
);

export type ReportConfig = Infer<typeof reportSchema>;
