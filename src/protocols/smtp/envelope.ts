// Checks an envelope and a message against what the server offers, before anything is sent.
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import { formatAddress, parseAddress, type SmtpAddress } from './address.ts';
import type { SmtpCommand } from './command.ts';
import type { Extensions } from './extensions.ts';

export interface Envelope {
  /** '' is the null sender. */
  readonly from: string;
  readonly to: readonly string[];
  /** What the sender wants to be told about (RFC 3461); left out where the server does not offer it. */
  readonly notify?: Notify;
  /** Every relay on the way must use verified TLS, or send the mail back (RFC 8689). */
  readonly requireTls?: boolean;
}

export interface Notify {
  /** Empty: never. */
  readonly when: readonly ('success' | 'failure' | 'delay')[];
  /** How much of the mail comes back with a failure. */
  readonly returns?: 'headers' | 'all';
  /** Comes back with every notice. */
  readonly id?: string;
}

export interface MessageFacts {
  /** Octets with CRLF line ends, when known. */
  readonly bytes?: number;
  /** True when it may hold octets above 127. */
  readonly eightBit: boolean;
  /** True when its header holds addresses that need SMTPUTF8. */
  readonly smtpUtf8?: boolean;
}

export interface EnvelopePlan {
  readonly from: SmtpAddress | undefined;
  readonly to: readonly SmtpAddress[];
  /** Of MAIL. */
  readonly parameters: readonly string[];
  /** Of each RCPT. */
  readonly recipientParameters?: (to: SmtpAddress) => readonly string[];
}

/** Servers take a hundred at least (RFC 5321 section 4.5.3.1.8); more than this in one mail is a mistake. */
export const RECIPIENTS_MAX = 10_000;

/** Throws AppError `address-invalid`, `no-recipients`, `message-too-big`, `smtputf8-missing`, `eight-bit-missing`, `requiretls-missing`. */
export function planEnvelope(envelope: Envelope, offered: Extensions, message: MessageFacts, where: string): EnvelopePlan {
  const from = envelope.from === '' ? undefined : addressOrThrow(envelope.from);
  const to = [...new Map(envelope.to.map(addressOrThrow).map(address => [formatAddress(address), address])).values()];
  if (to.length === 0)
    throw new AppError('no-recipients', 'the mail has no recipient', { hint: 'Name one in `to`, `cc` or `bcc`.' });
  if (to.length > RECIPIENTS_MAX) throw new AppError('too-many-recipients', `${to.length} recipients in one mail`);
  // First of all: who may not have such an address is not to hear of the 8-bit header that it makes.
  const utf8 = utf8Parameter(offered, [from, ...to], message, where);
  const parameters = [
    ...sizeParameter(offered, message, where),
    ...bodyParameter(offered, message, where),
    ...utf8,
    ...requireTlsParameter(offered, envelope, where),
  ];
  if (envelope.notify === undefined || !offered.keywords.has('DSN')) return { from, to, parameters };
  const { when, returns, id } = envelope.notify;
  return {
    ...{ from, to },
    parameters: [
      ...parameters,
      ...(returns === undefined ? [] : [`RET=${returns === 'all' ? 'FULL' : 'HDRS'}`]),
      ...(id === undefined ? [] : [`ENVID=${xtext(id)}`]),
    ],
    recipientParameters: address => [
      `NOTIFY=${when.length === 0 ? 'NEVER' : when.join(',').toUpperCase()}`,
      ...(address.utf8 ? [] : [`ORCPT=rfc822;${xtext(formatAddress(address))}`]),
    ],
  };
}

/** MAIL, and RCPT for each. */
export function envelopeCommands({ from, to, parameters, recipientParameters }: EnvelopePlan): readonly SmtpCommand[] {
  const rcpt = to.map((each): SmtpCommand => ({ verb: 'RCPT', to: each, parameters: recipientParameters?.(each) ?? [] }));
  return [{ verb: 'MAIL', from, parameters }, ...rcpt];
}

/** RFC 8689 section 4.2.1: the promise is worth nothing on a connection that is not verified itself. */
function requireTlsParameter({ keywords }: Extensions, { requireTls }: Envelope, where: string): readonly string[] {
  if (requireTls !== true) return [];
  if (keywords.has('REQUIRETLS')) return ['REQUIRETLS'];
  throw new AppError('requiretls-missing', `${where} cannot promise TLS on the whole way (no REQUIRETLS)`, {
    hint: 'Few servers can; send without it, or over another server.',
  });
}

/** RFC 3461 section 4: printable ASCII but `+` and `=`, the rest as `+41`; at most 100 characters. */
function xtext(text: string): string {
  return shorten(text, 100)
    .replace(/[^!-~]|[+=]/g, char =>
      [...Buffer.from(char)].map(byte => `+${byte.toString(16).toUpperCase().padStart(2, '0')}`).join(''),
    )
    .slice(0, 300);
}

function addressOrThrow(text: string): SmtpAddress {
  const address = parseAddress(text);
  if (address !== undefined) return address;
  throw new AppError('address-invalid', `${JSON.stringify(shorten(printable(text), 80))} is no mail address`, {
    hint: 'Write it as name@example.org.',
  });
}

/** RFC 1870 section 6. */
function sizeParameter(offered: Extensions, { bytes }: MessageFacts, where: string): readonly string[] {
  if (!offered.size || bytes === undefined) return [];
  checkSize(offered, bytes, where);
  return [`SIZE=${bytes}`];
}

/** Throws AppError `message-too-big` when the server takes no message of so many octets. */
export function checkSize({ sizeMax }: Extensions, bytes: number, where: string): void {
  if (sizeMax === undefined || bytes <= sizeMax) return;
  throw new AppError(
    'message-too-big',
    `the message is ${formatSize(bytes)}, and ${where} takes no more than ${formatSize(sizeMax)}`,
    { hint: 'Attach less, or compress it.' },
  );
}

/** RFC 6152 section 3. */
function bodyParameter({ eightBitMime }: Extensions, { eightBit }: MessageFacts, where: string): readonly string[] {
  if (!eightBit) return [];
  if (eightBitMime) return ['BODY=8BITMIME'];
  throw new AppError('eight-bit-missing', `the message holds 8-bit text, and ${where} takes 7-bit text only`, {
    hint: 'Encode it as quoted-printable or base64.',
  });
}

/** RFC 6531 section 3.4: asked for only where an address needs it, since a relay that lacks it has to bounce the mail. */
function utf8Parameter(
  { smtpUtf8 }: Extensions,
  addresses: readonly (SmtpAddress | undefined)[],
  message: MessageFacts,
  where: string,
): readonly string[] {
  const needy = addresses.find(address => address?.utf8);
  if (needy === undefined && message.smtpUtf8 !== true) return [];
  if (smtpUtf8) return ['SMTPUTF8'];
  const who = needy === undefined ? 'an address in the header' : `${formatAddress(needy)}`;
  throw new AppError('smtputf8-missing', `${who} is not ASCII, and ${where} does not take such addresses (no SMTPUTF8)`, {
    hint: 'Use an address with ASCII letters before the @; the domain may have any letters.',
  });
}
