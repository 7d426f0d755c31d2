// What both mail steps say about a mail: who they are in the run, and to whom a mail would go.
import { type Addressees, recipientsOf } from './smtp-fields.ts';
import type { PreviewAction, StepContext } from './step.ts';

/** The step's own id, or the running step of its type where the context does not say. */
export function ownStepId(context: StepContext, uses: string): string {
  return context.stepId ?? context.steps().find(step => step.uses === uses && step.status === 'running')?.id ?? uses;
}

/** One row for each recipient. */
export function sendActions(addressees: Addressees, bytes: number): readonly PreviewAction[] {
  const field = (address: string) =>
    (['to', 'cc', 'bcc'] as const).find(name => addressees[name].some(mailbox => mailbox.address === address)) ?? 'to';
  return recipientsOf(addressees).map(target => ({ action: 'send', target, reason: field(target), bytes }));
}

/** What is kept in the outbox holds no secret, not even one that the job writes into the mail on purpose. */
export function keptText({ outbox, redact }: StepContext): (text: string) => string {
  return outbox === undefined || redact === undefined ? text => text : redact;
}
