// Settings that every mail step has, and the addresses in them as checked mailboxes.

import { AppError } from '../core/errors.ts';
import { described, type Infer, object, oneOrMany, optional, preset, refined, size, word } from '../core/schema.ts';
import { type Mailbox, parseMailbox } from '../mail/address-list.ts';
import { formatAddress, parseAddress } from '../protocols/smtp/address.ts';

/** One mailbox: `ops@example.org` or `Ops Team <ops@example.org>`. */
export const mailbox = () =>
  refined(
    word(),
    text => readMailbox(text) !== undefined,
    'is no mail address: write name@example.org or Name <name@example.org>, one address each',
  );

const mailboxes = () => oneOrMany(mailbox());

export const addressFields = {
  connection: described(word(), 'The SMTP connection to send over'),
  from: described(mailbox(), 'The sender, also the envelope sender'),
  to: optional(mailboxes(), 'One recipient or a list'),
  cc: optional(mailboxes(), 'Recipients of a copy, shown to all'),
  bcc: optional(mailboxes(), 'Recipients of a copy, shown to nobody'),
  'reply-to': optional(mailboxes(), 'Where answers go'),
  'max-size': preset(size(), 20 * 1024 * 1024, 'The most that all attachments together may weigh. Default 20MB.'),
};

const addressObject = object(addressFields);
export type AddressFields = Infer<typeof addressObject>;

export interface Addressees {
  readonly from: Mailbox;
  readonly to: readonly Mailbox[];
  readonly cc: readonly Mailbox[];
  readonly bcc: readonly Mailbox[];
  readonly replyTo: readonly Mailbox[];
  /** The sender's domain, for the Message-ID. */
  readonly domain: string;
  /** True when an address of the header needs SMTPUTF8. */
  readonly utf8: boolean;
}

/** The addresses of a checked configuration, re-serialised: header and envelope are made of the same objects. */
export function addresseesOf(config: AddressFields): Addressees {
  const from = mailboxOf(config.from);
  const [to, cc, bcc, replyTo] = [config.to, config.cc, config.bcc, config['reply-to']].map(list => (list ?? []).map(mailboxOf));
  const shown = [from, ...(to ?? []), ...(cc ?? []), ...(replyTo ?? [])];
  return {
    from,
    to: to ?? [],
    cc: cc ?? [],
    bcc: bcc ?? [],
    replyTo: replyTo ?? [],
    domain: parseAddress(from.address)?.domain ?? 'localhost',
    utf8: shown.some(({ address }) => parseAddress(address)?.utf8 === true),
  };
}

/** Everybody who gets the mail, each once. */
export function recipientsOf({ to, cc, bcc }: Addressees): readonly string[] {
  return [...new Set([...to, ...cc, ...bcc].map(({ address }) => address))];
}

/** `ops@example.org and 2 more`. */
export function addresseesShown(config: AddressFields): string {
  const all = [...(config.to ?? []), ...(config.cc ?? []), ...(config.bcc ?? [])];
  return all.length > 1 ? `${all[0]} and ${all.length - 1} more` : (all[0] ?? 'nobody');
}

/** False when nobody would get the mail. */
export function hasRecipient(config: { readonly to?: unknown; readonly cc?: unknown; readonly bcc?: unknown }): boolean {
  return [config.to, config.cc, config.bcc].some(list => list !== undefined && (!Array.isArray(list) || list.length > 0));
}

function mailboxOf(text: string): Mailbox {
  const read = readMailbox(text);
  if (read === undefined) throw new AppError('address-invalid', `${JSON.stringify(text)} is no mail address`);
  return read;
}

function readMailbox(text: string): Mailbox | undefined {
  const parts = parseMailbox(text);
  const address = parts === undefined ? undefined : parseAddress(parts.address);
  return parts === undefined || address === undefined ? undefined : { name: parts.name, address: formatAddress(address) };
}
