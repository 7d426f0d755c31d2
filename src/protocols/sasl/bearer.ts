// Access tokens of OAuth 2: OAUTHBEARER (RFC 7628) and XOAUTH2 (Google’s and Microsoft’s older form), with the reason of a refusal read.
import type { Secret } from '../../core/secret.ts';
import { printable, shorten } from '../../core/text.ts';
import type { Exchange } from './exchange.ts';

export interface TokenCredentials {
  readonly user: string;
  readonly token: Secret;
  readonly host: string;
  readonly port: number;
}

const SEPARATOR = '\x01';

/** The host and port are those of the server that the token is shown to (RFC 7628 section 3.1). */
export function oauthBearer({ user, token, host, port }: TokenCredentials): Exchange {
  const name = user.replaceAll('=', '=3D').replaceAll(',', '=2C');
  const parts = [`n,a=${name},`, `host=${host}`, `port=${port}`, `auth=Bearer ${token.reveal()}`, '', ''];
  return bearing(Buffer.from(parts.join(SEPARATOR)), Buffer.from(SEPARATOR));
}

/** https://developers.google.com/workspace/gmail/imap/xoauth2-protocol */
export function xoauth2({ user, token }: TokenCredentials): Exchange {
  const parts = [`user=${user}`, `auth=Bearer ${token.reveal()}`, '', ''];
  return bearing(Buffer.from(parts.join(SEPARATOR)), Buffer.alloc(0));
}

/** The only challenge is the reason of a refusal, and `ack` makes the server speak it out (RFC 7628 section 3.2.3). */
function bearing(initial: Buffer, ack: Buffer): Exchange {
  let reason: string | undefined;
  return {
    initial,
    answer: challenge => {
      if (reason !== undefined) return undefined;
      reason = readReason(challenge.toString('utf8'));
      return ack;
    },
    accepted: () => undefined,
    get reason() {
      return reason;
    },
  };
}

const SHOWN_FIELDS = ['status', 'error', 'error_description', 'scope'] as const;
const REASON_CHARS_MAX = 300;

/** `{"status":"401","schemes":"bearer","scope":"…"}` and what servers make of it. */
function readReason(text: string): string {
  let shown = text;
  try {
    const fields: unknown = JSON.parse(text);
    if (typeof fields === 'object' && fields !== null) {
      const known = fields as Readonly<Record<string, unknown>>;
      shown = SHOWN_FIELDS.filter(key => ['string', 'number'].includes(typeof known[key]))
        .map(key => `${key} ${String(known[key])}`)
        .join(', ');
    }
  } catch {
    // Some servers send plain words.
  }
  return printable(shorten(shown, REASON_CHARS_MAX)).trim() || 'without a reason';
}
