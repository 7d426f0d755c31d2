// Offers an envelope: MAIL, RCPT for each, DATA, in groups where the server takes them (RFC 2920); every reply is read and matched.
import type { Parcel } from './bag.ts';
import { DATA, type SmtpCommand } from './command.ts';
import type { Conversation } from './conversation.ts';
import { type RecipientResult, recipientResult } from './outcome.ts';
import type { SmtpEvent } from './session.ts';
import { verdictOf } from './status.ts';

/** Recipients sent before their replies are read: a longer group could fill both directions and lock (RFC 2920 section 3.1). */
const GROUP_RECIPIENTS_MAX = 100;

export interface Offered {
  /** By recipient; `accepted` means that the message decides. */
  readonly recipients: readonly RecipientResult[];
  /** The reply to DATA, when it was sent. */
  readonly data: SmtpEvent | undefined;
}

/** How groups go out; the first one may take bytes along, and have replies of its own before it. */
export type Sender = (group: readonly SmtpCommand[]) => Promise<void>;

/** `grouped`: several commands in one write. Rejects when the session breaks. */
export async function offer(talk: Conversation, parcel: Parcel, grouped: boolean, send: Sender): Promise<Offered> {
  const rcpt: SmtpEvent[] = [];
  let mail: SmtpEvent | undefined;
  let data: SmtpEvent | undefined;
  for (const group of groups(talk, parcel, grouped)) {
    if (group.length === 1 && group[0] === DATA && !rcpt.some(({ reply }) => reply.code < 300)) break;
    await send(group);
    while (talk.session.awaiting > 0) {
      const event = talk.heard() ?? (await talk.reply());
      if (event.to === 'RCPT') rcpt.push(event);
      else if (event.to === 'MAIL') mail = event;
      else if (event.to === 'DATA') data = event;
    }
    if (mail !== undefined && verdictOf(mail.reply) !== 'accepted') break;
  }
  return { recipients: parcel.recipients.map((address, index) => recipientResult(address, mail, rcpt[index])), data };
}

function groups(talk: Conversation, { envelope }: Parcel, grouped: boolean): readonly (readonly SmtpCommand[])[] {
  const { state } = talk.session;
  // In content: the group goes out behind the end of that message.
  const all = state === 'ready' || state === 'content' ? envelope : [RESET, ...envelope];
  if (!grouped) return [...all, DATA].map(command => [command]);
  if (all.length <= GROUP_RECIPIENTS_MAX) return [[...all, DATA]];
  const cut = Array.from({ length: Math.ceil(all.length / GROUP_RECIPIENTS_MAX) }, (_, index) =>
    all.slice(index * GROUP_RECIPIENTS_MAX, (index + 1) * GROUP_RECIPIENTS_MAX),
  );
  return cut.map((group, index) => (index === cut.length - 1 ? [...group, DATA] : group));
}

const RESET: SmtpCommand = { verb: 'RSET' };
