// Hands one mail to a server, once per run: what was sent, or may have been, is in the ledger before the end of the message leaves.
//
//   ledger of run:<id>   nothing ──onDataSent──► sending ──250──► done        (4yz or 5yz: nothing again, a retry may send)
//   a later attempt      nothing: sends          sending: indeterminate, never sent again      done: the recorded outputs
import { cancelled } from '../core/clock.ts';
import { AppError } from '../core/errors.ts';
import type { connectSmtp, Outcome, SendResult, SmtpClient } from '../protocols/smtp/index.ts';
import type { StepContext } from './step.ts';

export type Connect = typeof connectSmtp;

export interface Letter {
  /** The connection's name. */
  readonly connection: string;
  readonly from: string;
  readonly to: readonly string[];
  readonly messageId: string;
  /** True when the header holds addresses that need SMTPUTF8. */
  readonly smtpUtf8: boolean;
  /** Called once, and only when the mail is really going to be sent. */
  readonly compose: () => Promise<Buffer>;
}

export type DeliveryOutputs = {
  readonly 'message-id': string | null;
  readonly outcome: Outcome | null;
  readonly accepted: number;
  readonly rejected: number;
};

export interface Delivery {
  readonly outputs: DeliveryOutputs;
  /** Refused recipients and what the server said, for notes and errors. */
  readonly refusals: readonly string[];
}

/** Runs remembered per step; a run is not taken up again after so many others. */
const RUNS_REMEMBERED_MAX = 100;
const RUNS_KEY = 'runs';

/** Rejects only when no recipient can have the mail. */
export async function deliverOnce(letter: Letter, context: StepContext, connect: Connect): Promise<Delivery> {
  const key = keyOf(context);
  const before = await context.ledger.get(key);
  if (before !== undefined && before !== null) return alreadyHandled(before, letter, context);
  const message = await letter.compose();
  context.signal.throwIfAborted();
  const endpoint = await context.connection(letter.connection);
  const { dial, clock, signal } = context;
  const client = await connect(endpoint, { dial, clock, signal });
  const result = await sendOrForget(client, letter, message, context);
  const delivery = deliveryOf(letter, result);
  await remember(key, delivery, context);
  await client.quit();
  if (result.outcome === 'indeterminate' && signal.aborted) {
    noteDelivery(delivery, context);
    throw cancelled(signal);
  }
  return delivery;
}

/** The error for a mail that must get through and did not, or undefined. */
export function failureOf({ outputs, refusals }: Delivery): AppError | undefined {
  const said = refusals.length === 0 ? '' : `: ${refusals.slice(0, 3).join('; ')}`;
  switch (outputs.outcome) {
    case 'rejected':
      return new AppError('mail-rejected', `the server took the mail for nobody${said}`, { hint: hintFor(refusals) });
    case 'deferred':
      return new AppError('mail-deferred', `the server does not take the mail now${said}`, {
        retry: 'later',
        hint: 'It asks to try again later (greylisting, a full mailbox, a limit).',
      });
    case 'indeterminate':
      return new AppError('mail-indeterminate', UNKNOWN, {
        hint: `Ask a recipient for the mail ${outputs['message-id'] ?? ''}; a new run sends a new one.`,
      });
    default:
      return undefined;
  }
}

/** Says in the run's notes what a reader should know although the step goes on. */
export function noteDelivery({ outputs, refusals }: Delivery, context: StepContext): void {
  if (outputs.outcome === 'indeterminate') context.note('warning', UNKNOWN);
  for (const refusal of refusals) context.note('warning', `not delivered to ${refusal}`);
}

const UNKNOWN =
  'the outcome is indeterminate: the connection broke after the whole mail was sent and before the server answered, so it may or may not have the mail; it is not sent again';

function alreadyHandled(before: unknown, letter: Letter, context: StepContext): Delivery {
  const { phase, outputs } = before as { readonly phase?: unknown; readonly outputs?: DeliveryOutputs };
  if (phase === 'done' && outputs !== undefined) {
    context.note('info', 'this run has sent the mail before; it is not sent again');
    return { outputs, refusals: [] };
  }
  const unknown = { 'message-id': letter.messageId, outcome: 'indeterminate' as const, accepted: 0, rejected: 0 };
  return { outputs: unknown, refusals: [] };
}

function deliveryOf(letter: Letter, { outcome, recipients }: SendResult): Delivery {
  const refused = recipients.filter(({ status }) => status !== 'accepted' && status !== 'indeterminate');
  return {
    outputs: {
      'message-id': letter.messageId,
      outcome,
      accepted: recipients.filter(({ status }) => status === 'accepted').length,
      rejected: refused.length,
    },
    refusals: refused.map(({ address, status, reply }) => `${address}: ${reply ?? status}`),
  };
}

/** Sends; when that fails for certain, the ledger forgets the try, so that the next one may send. */
async function sendOrForget(client: SmtpClient, letter: Letter, message: Buffer, context: StepContext): Promise<SendResult> {
  const { ledger } = context;
  const key = keyOf(context);
  const onDataSent = () => ledger.put(key, { version: 1, phase: 'sending', 'message-id': letter.messageId });
  const onProgress = (bytes: number) =>
    context.progress({ done: bytes, total: message.length, unit: 'bytes', bytes, totalBytes: message.length });
  try {
    return await client.send(letter, message, { onDataSent, onProgress, smtpUtf8: letter.smtpUtf8 });
  } catch (error) {
    client.close();
    await ledger.delete(key).catch(() => undefined);
    throw error;
  }
}

/** What the server decided stands, even when it cannot be written down here. */
async function remember(key: string, { outputs }: Delivery, context: StepContext): Promise<void> {
  const { ledger } = context;
  try {
    if (outputs.outcome === 'accepted' || outputs.outcome === 'partial')
      await ledger.put(key, { version: 1, phase: 'done', outputs });
    else if (outputs.outcome !== 'indeterminate') return await ledger.delete(key);
    await forgetOldRuns(key, context);
  } catch (error) {
    context.note(
      'warning',
      `the mail’s outcome could not be recorded: ${error instanceof Error ? error.message : String(error)}`,
    );
  }
}

async function forgetOldRuns(key: string, { ledger }: StepContext): Promise<void> {
  const known = await ledger.get(RUNS_KEY);
  const runs = (Array.isArray(known) ? known : []).filter((entry): entry is string => typeof entry === 'string' && entry !== key);
  const keep = [...runs, key].slice(-RUNS_REMEMBERED_MAX);
  for (const old of runs.slice(0, runs.length + 1 - keep.length)) await ledger.delete(old);
  await ledger.put(RUNS_KEY, keep);
}

function keyOf(context: StepContext): string {
  return `run:${context.run.id}`;
}

function hintFor(refusals: readonly string[]): string {
  return refusals.some(refusal => /: 530\b/.test(refusal))
    ? 'The server wants a sign-in: give the connection `user` and `password`.'
    : 'Check the addresses, and that this server sends mail for you.';
}
