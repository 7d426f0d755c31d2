// What of docs/ and jobs/ nobody writes by hand: path → text.
import { jobSchema } from '../../src/job/schema.ts';
import { stepTypes } from '../../src/steps/registry.ts';
import { jobReference } from './job-reference.ts';
import { exitCodesPage, messagesPage } from './messages.ts';

export function generatedPages(): Readonly<Record<string, string>> {
  return {
    'docs/job-reference.md': jobReference(),
    'docs/messages.md': messagesPage(),
    'docs/exit-codes.md': exitCodesPage(),
    'jobs/job.schema.json': `${JSON.stringify(jobSchema(stepTypes), undefined, 2)}\n`,
  };
}
