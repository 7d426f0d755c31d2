// The pages of docs/ that nobody writes by hand: path → text.
import { jobReference } from './job-reference.ts';
import { exitCodesPage, messagesPage } from './messages.ts';

export function generatedPages(): Readonly<Record<string, string>> {
  return {
    'docs/job-reference.md': jobReference(),
    'docs/messages.md': messagesPage(),
    'docs/exit-codes.md': exitCodesPage(),
  };
}
