// What an authorization server says when it refuses, in words that tell whose turn it is (RFC 6749 section 5.2, RFC 8628 section 3.5).
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';

export interface OAuthRefusal {
  /** `invalid_grant` and the like. */
  readonly error: string;
  readonly description?: string;
  /** HTTP status; absent where the refusal came by redirect. */
  readonly status?: number;
  /** Microsoft's numbers (AADSTS…). */
  readonly numbers?: readonly number[];
}

interface Meaning {
  readonly code: string;
  readonly says: string;
  readonly hint: string;
}

const AGAIN: Meaning = {
  code: 'oauth-expired',
  says: 'the sign-in has ended: it was revoked, has expired, or the password was changed',
  hint: 'Sign in again: postrider login NAME',
};
const CONSENT: Meaning = {
  code: 'oauth-consent',
  says: 'nobody has agreed to what postrider asks for',
  hint: 'Sign in again and agree: postrider login NAME. Where an administrator must agree, the app needs admin consent first.',
};
const SCOPE: Meaning = {
  code: 'oauth-scope',
  says: 'it does not know, or does not give, the scope that was asked for',
  hint: 'Add the permissions for POP and SMTP to the app’s registration, or give others with `postrider login NAME --scope`.',
};
const TENANT: Meaning = {
  code: 'oauth-tenant',
  says: 'the tenant is wrong for this app or this user',
  hint: 'Give the directory’s id or domain: postrider login NAME --provider microsoft --tenant example.onmicrosoft.com',
};
const CLIENT: Meaning = {
  code: 'oauth-client',
  says: 'it does not know this client id, or the client secret is wrong',
  hint: 'Compare both with the app’s registration, store them again (postrider secret set), and sign in again.',
};
const SECRET_EXPIRED: Meaning = {
  code: 'oauth-client',
  says: 'the client secret is wrong or has expired',
  hint: 'Make a new one in the app’s registration and store it under the same name: postrider secret set',
};
const PUBLIC_CLIENT: Meaning = {
  code: 'oauth-client',
  says: 'the app is not registered for this way to sign in',
  hint: 'Switch on “Allow public client flows” in the app’s registration, or give its client secret.',
};
const POLICY: Meaning = {
  code: 'oauth-consent',
  says: 'a policy of the organisation demands more than a password',
  hint: 'Sign in again in a browser: postrider login NAME --method browser; else ask the administrator.',
};
const TIMED_OUT: Meaning = {
  code: 'oauth-timed-out',
  says: 'nobody signed in in time',
  hint: 'Run postrider login NAME again and open the address right away.',
};

/** https://learn.microsoft.com/entra/identity-platform/reference-error-codes */
const BY_NUMBER: readonly (readonly [meaning: Meaning, numbers: readonly number[]])[] = [
  [CONSENT, [65001, 65004, 90008, 90094, 90095]],
  [SCOPE, [28002, 28003, 70011, 650053, 1002012]],
  [TENANT, [50020, 50059, 50128, 50194, 90002, 700016, 900021, 900023, 9002326]],
  [SECRET_EXPIRED, [7000215, 7000222]],
  [PUBLIC_CLIENT, [700025, 7000218]],
  [POLICY, [50076, 50079, 50158, 53000, 53003]],
  [AGAIN, [50173, 70000, 70008, 700081, 700082, 700084]],
];

const BY_ERROR: Readonly<Record<string, Meaning>> = {
  invalid_grant: AGAIN,
  interaction_required: POLICY,
  login_required: AGAIN,
  consent_required: CONSENT,
  access_denied: CONSENT,
  admin_policy_enforced: CONSENT,
  authorization_declined: CONSENT,
  invalid_scope: SCOPE,
  invalid_client: CLIENT,
  unauthorized_client: PUBLIC_CLIENT,
  unsupported_grant_type: PUBLIC_CLIENT,
  unsupported_response_type: PUBLIC_CLIENT,
  invalid_tenant: TENANT,
  expired_token: TIMED_OUT,
  code_expired: TIMED_OUT,
};

const PASSING: ReadonlySet<string> = new Set(['server_error', 'temporarily_unavailable', 'slow_down']);
const TOO_MANY_REQUESTS = 429;
const SHOWN_LENGTH_MAX = 300;

/** `name` is the account, `server` who refused. */
export function refusedBy(server: string, name: string, refusal: OAuthRefusal): AppError {
  const { error, description = '', status = 0 } = refusal;
  const quoted = shorten(printable(description === '' ? error : `${error}: ${description}`), SHOWN_LENGTH_MAX);
  if (status >= 500 || status === TOO_MANY_REQUESTS || PASSING.has(error)) {
    return new AppError('oauth-unreachable', `${server} cannot sign ${name} in just now (${quoted})`, {
      retry: 'later',
      hint: 'Try again later.',
    });
  }
  const { code, says, hint } = meaningOf(refusal);
  return new AppError(code, `${server} refused the sign-in ${name}: ${says} (${quoted})`, {
    hint: hint.replace('login NAME', `login ${name}`),
  });
}

/** The numbers are more exact than OAuth's own word. */
function meaningOf({ error, description = '', numbers = [] }: OAuthRefusal): Meaning {
  const [, inText] = /\bAADSTS(\d{4,8})\b/.exec(description) ?? [];
  const all = inText === undefined ? numbers : [...numbers, Number(inText)];
  const exact = BY_NUMBER.find(([, known]) => all.some(number => known.includes(number)));
  return (
    exact?.[0] ??
    BY_ERROR[error] ?? { code: 'oauth-refused', says: 'it gives a reason that postrider does not know', hint: AGAIN.hint }
  );
}
