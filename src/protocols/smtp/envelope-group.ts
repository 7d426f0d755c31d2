// Offers an envelope: MAIL, RCPT for each, DATA, in groups where the server takes them (RFC 2920); every reply is read and matched.
import { formatAddress } from './address.ts';
import type { SmtpCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import type { EnvelopePlan } from './envelope.ts';
import type { RecipientResult } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import { replyText, verdictOf } from './status.ts';

/** Recipients sent before their replies are read: a longer group could fill both directions and lock (RFC 2920 section 3.1). */
const GROUP_RECIPIENTS_MAX = 100;

export interface Offered {
  /** By recipient; `accepted` means that the message decides. */
  readonly recipients: readonly RecipientResult[];
  /** The reply to DATA, when it was sent. */
  readonly data: SmtpEvent | undefined;
}

/** How groups go out; the first one may take bytes along, and have replies of its own before it. */
export type Sender = (talk: Conversation, group: readonly SmtpCommand[]) => Promise<void>;

/** `grouped`: several commands in one write. Rejects when the session breaks. */
export async function offer(talk: Conversation, plan: EnvelopePlan, grouped: boolean, send: Sender): Promise<Offered> {
  const [rcpt, events]: [SmtpEvent[], Partial<Record<string, SmtpEvent>>] = [[], {}];
  for (const group of groups(talk, plan, grouped)) {
    const hopeless = !rcpt.some(event => event.reply.code < 300);
    if (hopeless && group.length === 1 && group[0]?.verb === 'DATA') break;
    await send(talk, group);
    while (talk.session.awaiting > 0) {
      const event = await talk.reply();
      if (event.to === 'RCPT') rcpt.push(event);
      else events[event.to] = event;
    }
    if (events['MAIL'] !== undefined && verdictOf(events['MAIL'].reply) !== 'accepted') break;
  }
  const mail = events['MAIL'];
  return {
    recipients: plan.to.map((to, index) => recipientResult(formatAddress(to), mail, rcpt[index])),
    data: events['DATA'],
  };
}

function groups(talk: Conversation, plan: EnvelopePlan, grouped: boolean): readonly (readonly SmtpCommand[])[] {
  const { state } = talk.session;
  // In content: the group goes out behind the end of that message.
  const reset: readonly SmtpCommand[] = state === 'ready' || state === 'content' ? [] : [{ verb: 'RSET' }];
  const all = [...reset, ...envelopeCommands(plan)];
  const data: SmtpCommand = { verb: 'DATA' };
  if (!grouped) return [...all, data].map(command => [command]);
  if (all.length <= GROUP_RECIPIENTS_MAX) return [[...all, data]];
  const cut = Array.from({ length: Math.ceil(all.length / GROUP_RECIPIENTS_MAX) }, (_, index) =>
    all.slice(index * GROUP_RECIPIENTS_MAX, (index + 1) * GROUP_RECIPIENTS_MAX),
  );
  return cut.map((group, index) => (index === cut.length - 1 ? [...group, data] : group));
}

export function envelopeCommands(plan: EnvelopePlan): readonly SmtpCommand[] {
  return [
    { verb: 'MAIL', from: plan.from, parameters: plan.parameters },
    ...plan.to.map((to): SmtpCommand => ({ verb: 'RCPT', to, parameters: plan.recipientParameters?.(to) ?? [] })),
  ];
}

export function recipientResult(address: string, mail: SmtpEvent | undefined, rcpt: SmtpEvent | undefined): RecipientResult {
  const deciding = mail !== undefined && verdictOf(mail.reply) !== 'accepted' ? mail : rcpt;
  return deciding === undefined ? { address, status: 'not-sent' } : { address, ...statusFrom(deciding) };
}

export function statusFrom({ reply }: SmtpEvent): Omit<RecipientResult, 'address'> {
  return { status: verdictOf(reply), reply: replyText(reply), code: reply.code };
}
