// What is known of large mail providers and no server says about itself (research/pop3.md section 7). Told apart by host name.
import { AppError, type RefusedError } from '../../core/errors.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';

export interface Provider {
  readonly name: string;
  readonly hosts: RegExp;
  /** Lists only the oldest messages that were not retrieved yet; after QUIT the next ones come up. */
  readonly listsInParts?: boolean;
  /** A -ERR to RETR that means: no more today. */
  readonly quota?: RegExp;
  /** What usually is wrong when the sign-in is refused. */
  readonly signIn?: string;
  /** What usually is wrong when nothing answers. */
  readonly connect?: string;
  /** What becomes of DELE. */
  readonly deletion?: string;
}

const PROVIDERS: readonly Provider[] = [
  {
    name: 'Gmail',
    hosts: /^pop\.(?:gmail|googlemail)\.com$/,
    listsInParts: true,
    signIn: 'Gmail wants `oauth2`, or an app password, and POP switched on in its settings.',
    deletion: 'Gmail’s own settings say what a POP deletion does: keep, archive, or delete the message',
  },
  {
    name: 'Outlook',
    hosts: /^(?:outlook\.office365\.com|pop-mail\.outlook\.com|outlook\.office\.com)$/,
    signIn: 'Microsoft takes no passwords here any more: give the connection `oauth2`.',
  },
  {
    name: 'Yahoo',
    hosts: /^(?:pop|export\.pop)\.(?:mail\.yahoo\.[a-z.]+|aol\.com|verizon\.net)$/,
    signIn: 'Yahoo and AOL want `oauth2`, or an app password made in the account’s security settings.',
  },
  { name: 'iCloud', hosts: /(?:^|\.)(?:icloud|me|mac)\.com$/, connect: 'Apple’s iCloud Mail has no POP3 at all, only IMAP.' },
  {
    name: 'NetEase or Tencent',
    hosts: /^pop3?\.(?:163|126|qq|exmail\.qq|yeah)\.(?:com|net)$/,
    quota: /exceed|too many|frequen/i,
    signIn: 'This provider wants an authorisation code from its settings in place of the password.',
  },
];

const ORDINARY: Provider = { name: '', hosts: /^$/ };

export function providerOf({ host }: Pick<Endpoint, 'host'>): Provider {
  const name = host.toLowerCase().replace(/\.$/, '');
  return PROVIDERS.find(({ hosts }) => hosts.test(name)) ?? ORDINARY;
}

/** Gmail’s mode for several programs: it lists the last 30 days whatever was retrieved before. The mailbox is the same one. */
const RECENT = /^recent:/i;

/** Lists the same messages again and again: there is no next part to wait for. */
export function isRecentMode({ user }: Pick<Endpoint, 'user'>): boolean {
  return RECENT.test(user ?? '');
}

/** The user without the mode that is written before it. */
export function mailboxUser(endpoint: Pick<Endpoint, 'user' | 'host'>): string {
  const user = endpoint.user ?? '';
  return providerOf(endpoint).listsInParts === true ? user.replace(RECENT, '') : user;
}

/** Answered by a provider that counts what is downloaded in a day. */
export function isQuota(provider: Provider, refusal: RefusedError): boolean {
  return provider.quota?.test(refusal.refusal.replyText) ?? false;
}

/** The same error, with what is known of the provider as its hint. */
export function explained(error: unknown, provider: Provider): unknown {
  if (!(error instanceof AppError)) return error;
  const hint = error.code === 'sign-in-refused' ? provider.signIn : isUnreached(error) ? provider.connect : undefined;
  if (hint === undefined) return error;
  return new AppError(error.code, error.message, { retry: error.retry, hint, cause: error });
}

function isUnreached({ code }: AppError): boolean {
  return /^(?:host-not-found|connect-|connection-refused|host-unreachable|timed-out)/.test(code);
}
