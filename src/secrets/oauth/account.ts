// A sign-in by OAuth2 as it is kept: one secret, `oauth2-NAME`, whose value is JSON with a version.
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { type AuthorizationServer, type LoginMethod, type ProviderName, presetServer } from './provider.ts';

export interface OAuthAccount {
  readonly provider: ProviderName;
  readonly method: LoginMethod;
  readonly tenant?: string;
  readonly server: AuthorizationServer;
  readonly clientId: string;
  /** The name of the secret that holds the client secret; without one the client is a public one. */
  readonly clientSecret?: string;
  readonly scope: string;
  readonly refreshToken?: Secret;
  readonly accessToken?: Secret;
  /** Epoch milliseconds from which on the access token is not used any more. */
  readonly renewAt?: number;
}

const PREFIX = 'oauth2-';
const VERSION = 1;
const VERSION_KEY = 'postrider-oauth2';

/** What the account `name` is called among the secrets. */
export function accountSecretName(name: string): string {
  return `${PREFIX}${name}`;
}

/** The account whose tokens a secret of this name holds; undefined when it is an ordinary secret. */
export function accountOfSecret(secretName: string): string | undefined {
  return secretName.startsWith(PREFIX) ? secretName.slice(PREFIX.length) : undefined;
}

export function accountText(account: OAuthAccount): Secret {
  const { provider, method, tenant, server, clientId, clientSecret, scope, refreshToken, accessToken, renewAt } = account;
  const own = provider === 'custom' ? serverText(server) : {};
  const text = JSON.stringify({
    ...{ [VERSION_KEY]: VERSION, provider, method, tenant, ...own, scope },
    ...{ 'client-id': clientId, 'client-secret': clientSecret },
    ...{ 'refresh-token': refreshToken?.reveal(), 'access-token': accessToken?.reveal() },
    'renew-at': renewAt === undefined ? undefined : new Date(renewAt).toISOString(),
  });
  return new Secret(text);
}

/** `name` and `place` are for messages. Throws AppError `oauth-unreadable`; the cause is left out: it would quote the tokens. */
export function parseAccount(text: Secret, name: string, place: string): OAuthAccount {
  const fields = fieldsOf(text, name, place);
  const read = (key: string) => (typeof fields[key] === 'string' && fields[key] !== '' ? fields[key] : undefined);
  const demand = (key: string) => {
    const value = read(key);
    if (value === undefined) throw unreadable(name, place, `it has no \`${key}\``);
    return value;
  };
  const version = fields[VERSION_KEY] ?? VERSION;
  if (version !== VERSION) throw unreadable(name, place, 'it was written by a newer version of postrider');
  const provider = oneOf(demand('provider'), ['google', 'microsoft', 'custom'] as const);
  const method = oneOf(read('method') ?? 'app', ['browser', 'device', 'app'] as const);
  if (provider === undefined || method === undefined) throw unreadable(name, place, 'its `provider` or `method` is none we know');
  const tenant = read('tenant');
  const clientSecret = read('client-secret');
  const refreshToken = read('refresh-token');
  const accessToken = read('access-token');
  const renewAt = Date.parse(read('renew-at') ?? '');
  if (method !== 'app' && refreshToken === undefined) throw unreadable(name, place, 'it has no `refresh-token`');
  return {
    ...{ provider, method, clientId: demand('client-id'), scope: demand('scope') },
    server: presetServer(provider, tenant) ?? serverOf(read, demand),
    ...(tenant === undefined ? {} : { tenant }),
    ...(clientSecret === undefined ? {} : { clientSecret }),
    ...(refreshToken === undefined ? {} : { refreshToken: new Secret(refreshToken) }),
    ...(accessToken === undefined || Number.isNaN(renewAt) ? {} : { accessToken: new Secret(accessToken), renewAt }),
  };
}

function fieldsOf(text: Secret, name: string, place: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text.reveal());
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch {}
  throw unreadable(name, place, 'it is no JSON object');
}

function serverText({ issuer, tokenUrl, authorizationUrl, deviceUrl, clientAuth }: AuthorizationServer): object {
  return {
    issuer,
    'token-url': tokenUrl,
    'authorization-url': authorizationUrl,
    'device-url': deviceUrl,
    'client-auth': clientAuth,
  };
}

function serverOf(read: (key: string) => string | undefined, demand: (key: string) => string): AuthorizationServer {
  const authorizationUrl = read('authorization-url');
  const deviceUrl = read('device-url');
  return {
    issuer: read('issuer') ?? demand('token-url'),
    tokenUrl: demand('token-url'),
    ...(authorizationUrl === undefined ? {} : { authorizationUrl }),
    ...(deviceUrl === undefined ? {} : { deviceUrl }),
    clientAuth: read('client-auth') === 'basic' ? 'basic' : 'post',
  };
}

function oneOf<Word extends string>(text: string, words: readonly Word[]): Word | undefined {
  return words.find(word => word === text);
}

function unreadable(name: string, place: string, why: string): AppError {
  return new AppError('oauth-unreadable', `the sign-in ${name} (${place}) cannot be used: ${why}`, {
    hint: `Sign in again: postrider login ${name}`,
  });
}
