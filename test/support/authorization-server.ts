// A real authorization server (oidc-provider) on loopback, and somebody who signs in at it with a browser made of fetch.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface AuthorizationServerOptions {
  /** Seconds. Default 3600. */
  readonly accessTokenTtl?: number;
}

export interface RunningAuthorizationServer {
  readonly issuer: string;
  /** Whose token it is; undefined when it is none, has ended or was revoked. */
  userOf(token: string): Promise<string | undefined>;
  /** Ends every access token that was given out so far; refresh tokens stay. */
  endAccessTokens(): Promise<void>;
  /** The same by GET, for a job to ask for it. */
  readonly endTokensUrl: string;
  /** Takes back every refresh token. */
  revokeAll(): Promise<void>;
  /** Successful answers of the token endpoint, by grant type. */
  readonly granted: Map<string, number>;
  /** Every access and refresh token that was ever given out. */
  readonly issued: ReadonlySet<string>;
  /** Where dovecot's oauth2 passdb may ask. */
  readonly introspectionUrl: string;
  close(): Promise<void>;
}

export const PUBLIC_CLIENT = 'mail-program';
export const SECRET_CLIENT = 'mail-robot';
export const CLIENT_SECRET = 'c4n4ry-client-s3cret';
const MAIL_SERVER = 'mail-server';
const MAIL_SERVER_SECRET = 'asks-about-tokens';
const END_TOKENS = '/test/end-access-tokens';
const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code';

/** The part of oidc-provider that is used here; the package brings no types. */
interface Provider {
  callback(): (request: unknown, response: unknown) => void;
  on(event: string, listener: (...args: never[]) => void): void;
  readonly AccessToken: { find(token: string): Promise<Kept | undefined> };
  readonly ClientCredentials: { find(token: string): Promise<Kept | undefined> };
}
interface Kept {
  readonly accountId?: string;
  readonly clientId: string;
  destroy(): Promise<void>;
}

export async function startAuthorizationServer(options: AuthorizationServerOptions = {}): Promise<RunningAuthorizationServer> {
  const { default: OidcProvider } = (await import('oidc-provider' as string)) as {
    default: new (issuer: string, configuration: object) => Provider;
  };
  let handle: (request: unknown, response: unknown) => void = () => undefined;
  const server = createServer(async (request, response) => {
    if (request.url !== END_TOKENS) return handle(request, response);
    await endAccessTokens();
    response.end('ended');
  });
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const issuer = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const provider = new OidcProvider(issuer, configuration(options));
  handle = provider.callback();
  const granted = new Map<string, number>();
  const end = async (tokens: Map<string, Kept>) => {
    for (const token of tokens.values()) await token.destroy();
    tokens.clear();
  };
  const endAccessTokens = () => end(accessTokens);
  const issued = new Set<string>();
  const accessTokens = new Map<string, Kept>();
  const refreshTokens = new Map<string, Kept>();
  const keep = (tokens: Map<string, Kept>) => (token: Kept & { jti?: string }) => {
    issued.add(String(token.jti));
    tokens.set(String(token.jti), token);
  };
  provider.on('access_token.saved', keep(accessTokens) as never);
  provider.on('client_credentials.saved', keep(accessTokens) as never);
  provider.on('refresh_token.saved', keep(refreshTokens) as never);
  provider.on('grant.success', ((context: { oidc: { params: { grant_type: string } } }) => {
    const { grant_type: type } = context.oidc.params;
    granted.set(type, (granted.get(type) ?? 0) + 1);
  }) as never);
  const find = async (token: string) =>
    (await provider.AccessToken.find(token)) ?? (await provider.ClientCredentials.find(token));
  return {
    issuer,
    granted,
    issued,
    introspectionUrl: `http://${MAIL_SERVER}:${MAIL_SERVER_SECRET}@${new URL(issuer).host}/token/introspection`,
    async userOf(token) {
      const found = await find(token);
      return found?.accountId ?? found?.clientId;
    },
    endAccessTokens,
    endTokensUrl: `${issuer}${END_TOKENS}`,
    revokeAll: () => end(refreshTokens),
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function configuration({ accessTokenTtl = 3600 }: AuthorizationServerOptions): object {
  const native = { application_type: 'native', redirect_uris: ['http://127.0.0.1/'], scope: 'mail', response_types: ['code'] };
  return {
    clients: [
      {
        ...native,
        client_id: PUBLIC_CLIENT,
        token_endpoint_auth_method: 'none',
        grant_types: ['authorization_code', 'refresh_token', DEVICE_CODE],
      },
      {
        ...native,
        client_id: SECRET_CLIENT,
        client_secret: CLIENT_SECRET,
        token_endpoint_auth_method: 'client_secret_basic',
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_CODE],
      },
      {
        client_id: MAIL_SERVER,
        client_secret: MAIL_SERVER_SECRET,
        redirect_uris: [],
        response_types: [],
        grant_types: [],
        token_endpoint_auth_method: 'client_secret_basic',
      },
    ],
    scopes: ['mail', 'admin'],
    cookies: { keys: ['not a secret: this server lives for one test'] },
    features: {
      devInteractions: { enabled: true },
      deviceFlow: { enabled: true },
      clientCredentials: { enabled: true },
      introspection: { enabled: true },
      revocation: { enabled: true },
    },
    findAccount: (_context: unknown, id: string) => ({ accountId: id, claims: () => ({ sub: id }) }),
    issueRefreshToken: () => true,
    // Every use replaces the refresh token, and the use of a replaced one ends everything: the strictest that servers do.
    rotateRefreshToken: () => true,
    ttl: {
      AccessToken: accessTokenTtl,
      ClientCredentials: accessTokenTtl,
      DeviceCode: 600,
      AuthorizationCode: 60,
      Grant: 86_400,
      RefreshToken: 86_400,
      Session: 3600,
      Interaction: 3600,
    },
  };
}

/** Opens an address, fills in every form that comes, and follows redirects to the end or to another host. Returns where it ended, and what stood there. */
export async function browse(start: string, fields: Readonly<Record<string, string>>): Promise<{ url: string; text: string }> {
  const cookies = new Map<string, string>();
  const origin = new URL(start).origin;
  let request: { url: string; body?: URLSearchParams } = { url: start };
  for (let hops = 0; hops < 30; hops++) {
    const response = await fetch(request.url, {
      redirect: 'manual',
      headers: { cookie: [...cookies].map(([name, value]) => `${name}=${value}`).join('; ') },
      ...(request.body === undefined ? {} : { method: 'POST', body: request.body }),
    });
    for (const line of response.headers.getSetCookie()) {
      const [pair = ''] = line.split(';');
      cookies.set(pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1));
    }
    const text = await response.text();
    const location = response.headers.get('location');
    if (location !== null) request = { url: new URL(location, request.url).href };
    else {
      const next = new URL(request.url).origin === origin ? formIn(text, request.url, fields) : undefined;
      if (next === undefined) return { url: request.url, text };
      request = next;
    }
  }
  throw new Error('the browser went round in a circle');
}

function formIn(
  html: string,
  url: string,
  fields: Readonly<Record<string, string>>,
): { url: string; body: URLSearchParams } | undefined {
  const [, action] = /<form[^>]*action="([^"]*)"/.exec(html) ?? [];
  if (action === undefined) return undefined;
  const body = new URLSearchParams();
  for (const [input] of html.matchAll(/<input[^>]*>/g)) {
    const [, name = ''] = /name="([^"]*)"/.exec(input) ?? [];
    if (name !== '') body.set(name, fields[name] ?? /value="([^"]*)"/.exec(input)?.[1] ?? '');
  }
  return { url: new URL(action.replaceAll('&amp;', '&'), url).href, body };
}
