// The requests to an authorization server, through oauth4webapi: what goes wrong comes out in our words.
import type * as OAuth from 'oauth4webapi';
import { type Clock, cancelled } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { printable } from '../../core/text.ts';
import type { AuthorizationServer } from './provider.ts';
import { refusedBy } from './refusal.ts';

export interface OAuthClient {
  /** The account's name, for messages. */
  readonly name: string;
  readonly server: AuthorizationServer;
  readonly clientId: string;
  readonly clientSecret?: Secret;
}

export interface RequestContext {
  readonly clock: Clock;
  readonly signal?: AbortSignal;
}

export interface Tokens {
  readonly accessToken: Secret;
  /** Absent when the server does not say. */
  readonly lifetimeMs?: number;
  readonly refreshToken?: Secret;
  /** What was granted; absent when it is what was asked for (RFC 6749 section 5.1). */
  readonly scope?: string;
}

const REQUEST_MS_MAX = 30_000;
/** An answer is a token and a few words. */
export const ANSWER_BYTES_MAX = 256 * 1024;

/** RFC 6749 section 6. */
export function refreshTokens(client: OAuthClient, refreshToken: Secret, context: RequestContext): Promise<Tokens> {
  return withLibrary(client, context, async ({ oauth, as, self, auth, options }) => {
    const response = await oauth.refreshTokenGrantRequest(as, self, auth, refreshToken.reveal(), options);
    return tokensOf(await oauth.processRefreshTokenResponse(as, self, response));
  });
}

/** RFC 6749 section 4.4: the app itself signs in. */
export function appTokens(client: OAuthClient, scope: string, context: RequestContext): Promise<Tokens> {
  return withLibrary(client, context, async ({ oauth, as, self, auth, options }) => {
    const response = await oauth.clientCredentialsGrantRequest(as, self, auth, scope === '' ? {} : { scope }, options);
    return tokensOf(await oauth.processClientCredentialsResponse(as, self, response));
  });
}

export interface DeviceCode {
  readonly deviceCode: Secret;
  readonly userCode: string;
  readonly address: string;
  readonly expiresMs: number;
  readonly intervalMs: number;
}

const POLL_MS = 5_000;

/** RFC 8628 section 3.1. */
export function deviceCode(client: OAuthClient, scope: string, context: RequestContext): Promise<DeviceCode> {
  return withLibrary(client, context, async ({ oauth, as, self, auth, options }) => {
    const response = await oauth.deviceAuthorizationRequest(as, self, auth, scope === '' ? {} : { scope }, options);
    const answer = await oauth.processDeviceAuthorizationResponse(as, self, response);
    return {
      deviceCode: new Secret(answer.device_code),
      userCode: answer.user_code,
      address: answer.verification_uri,
      expiresMs: answer.expires_in * 1000,
      intervalMs: (answer.interval ?? POLL_MS / 1000) * 1000,
    };
  });
}

/** One look: tokens, or whether to look less often. RFC 8628 section 3.5. */
export function deviceTokens(
  client: OAuthClient,
  { deviceCode: code }: DeviceCode,
  context: RequestContext,
): Promise<Tokens | 'pending' | 'slow-down'> {
  return withLibrary(client, context, async ({ oauth, as, self, auth, options }) => {
    try {
      const response = await oauth.deviceCodeGrantRequest(as, self, auth, code.reveal(), options);
      return tokensOf(await oauth.processDeviceCodeResponse(as, self, response));
    } catch (error) {
      if (error instanceof oauth.ResponseBodyError && error.error === 'authorization_pending') return 'pending';
      if (error instanceof oauth.ResponseBodyError && error.error === 'slow_down') return 'slow-down';
      throw error;
    }
  });
}

export interface AuthorizationRequest {
  readonly url: string;
  readonly state: string;
  readonly verifier: Secret;
}

/** RFC 6749 section 4.1.1 with PKCE (RFC 7636). */
export function authorizationRequest(
  client: OAuthClient,
  request: { readonly scope: string; readonly redirectUri: string; readonly parameters: Readonly<Record<string, string>> },
  context: RequestContext,
): Promise<AuthorizationRequest> {
  return withLibrary(client, context, async ({ oauth }) => {
    const url = new URL(client.server.authorizationUrl ?? '');
    const [state, verifier] = [oauth.generateRandomState(), oauth.generateRandomCodeVerifier()];
    const parameters = {
      ...request.parameters,
      ...{ client_id: client.clientId, response_type: 'code', redirect_uri: request.redirectUri, state },
      ...(request.scope === '' ? {} : { scope: request.scope }),
      code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    };
    for (const [key, value] of Object.entries(parameters)) url.searchParams.set(key, value);
    return { url: url.href, state, verifier: new Secret(verifier) };
  });
}

/** `answer` is the query of the redirect. RFC 6749 section 4.1.3, RFC 9207. */
export function codeTokens(
  client: OAuthClient,
  answer: URLSearchParams,
  { request, redirectUri }: { readonly request: AuthorizationRequest; readonly redirectUri: string },
  context: RequestContext,
): Promise<Tokens> {
  return withLibrary(client, context, async ({ oauth, as, self, auth, options }) => {
    const parameters = oauth.validateAuthResponse(as, self, answer, request.state);
    const verifier = request.verifier.reveal();
    const response = await oauth.authorizationCodeGrantRequest(as, self, auth, parameters, redirectUri, verifier, options);
    return tokensOf(await oauth.processAuthorizationCodeResponse(as, self, response));
  });
}

/** The addresses of a server from its issuer (OpenID Connect Discovery, else RFC 8414). */
export async function discoverServer(issuer: string, name: string, context: RequestContext): Promise<AuthorizationServer> {
  const nobody: OAuthClient = { name, server: { issuer, tokenUrl: issuer }, clientId: '' };
  return withLibrary(nobody, context, async ({ oauth, options }) => {
    const url = new URL(issuer);
    let response = await oauth.discoveryRequest(url, options);
    if (response.status === 404) response = await oauth.discoveryRequest(url, { ...options, algorithm: 'oauth2' });
    const found = await oauth.processDiscoveryResponse(url, response);
    const { token_endpoint, authorization_endpoint, device_authorization_endpoint } = found;
    if (token_endpoint === undefined) throw new Error('it names no token endpoint');
    const methods = found.token_endpoint_auth_methods_supported ?? ['client_secret_basic'];
    return {
      issuer: found.issuer,
      tokenUrl: token_endpoint,
      ...(authorization_endpoint === undefined ? {} : { authorizationUrl: authorization_endpoint }),
      ...(device_authorization_endpoint === undefined ? {} : { deviceUrl: device_authorization_endpoint }),
      clientAuth: methods.includes('client_secret_post') ? 'post' : 'basic',
    };
  });
}

interface Library {
  readonly oauth: typeof OAuth;
  readonly as: OAuth.AuthorizationServer;
  readonly self: OAuth.Client;
  readonly auth: OAuth.ClientAuth;
  readonly options: {
    readonly [OAuth.customFetch]: (url: string, options: OAuth.CustomFetchOptions<string, unknown>) => Promise<Response>;
    readonly [OAuth.allowInsecureRequests]: boolean;
  };
}

async function withLibrary<T>(client: OAuthClient, context: RequestContext, work: (library: Library) => Promise<T>): Promise<T> {
  const oauth = await import('oauth4webapi');
  const { server, clientId, clientSecret } = client;
  const as: OAuth.AuthorizationServer = {
    issuer: server.issuer,
    token_endpoint: server.tokenUrl,
    ...(server.authorizationUrl === undefined ? {} : { authorization_endpoint: server.authorizationUrl }),
    ...(server.deviceUrl === undefined ? {} : { device_authorization_endpoint: server.deviceUrl }),
  };
  const secretBy = server.clientAuth === 'basic' ? oauth.ClientSecretBasic : oauth.ClientSecretPost;
  const auth = clientSecret === undefined ? oauth.None() : secretBy(clientSecret.reveal());
  const options = {
    [oauth.customFetch]: (url: string, init: OAuth.CustomFetchOptions<string, unknown>) => fetchWhole(url, init, context),
    // Clear text only where it cannot leave this machine.
    [oauth.allowInsecureRequests]: isLoopback(server.tokenUrl),
  };
  try {
    return await work({ oauth, as, self: { client_id: clientId }, auth, options });
  } catch (error) {
    throw inOurWords(error, client, context);
  }
}

/**
 * The answer read to its end, up to a limit. Who signed in is not our business, so the id token is dropped unread; and of the
 * headers only the type matters, so that a refusal is always read from its body.
 */
async function fetchWhole(
  url: string,
  init: OAuth.CustomFetchOptions<string, unknown>,
  context: RequestContext,
): Promise<Response> {
  const timeout = new AbortController();
  const timer = context.clock.after(REQUEST_MS_MAX, () => timeout.abort(new Error('no answer in time')));
  const signal = AbortSignal.any([timeout.signal, ...(context.signal === undefined ? [] : [context.signal])]);
  try {
    const response = await fetch(url, { ...init, signal } as RequestInit);
    const text = await bodyOf(response);
    const headers = { 'content-type': response.headers.get('content-type') ?? '' };
    return new Response(text === '' ? null : withoutIdToken(text), { status: response.status, headers });
  } catch (error) {
    if (context.signal?.aborted) throw cancelled(context.signal);
    throw unreachable(url, error);
  } finally {
    timer.cancel();
  }
}

async function bodyOf(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > ANSWER_BYTES_MAX) throw new Error(`its answer is larger than ${ANSWER_BYTES_MAX} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function withoutIdToken(text: string): string {
  try {
    const { id_token, ...rest } = JSON.parse(text) as Record<string, unknown>;
    return id_token === undefined ? text : JSON.stringify(rest);
  } catch {
    return text;
  }
}

function tokensOf({ access_token, expires_in, refresh_token, scope }: OAuth.TokenEndpointResponse): Tokens {
  return {
    accessToken: new Secret(access_token),
    ...(expires_in === undefined ? {} : { lifetimeMs: expires_in * 1000 }),
    ...(refresh_token === undefined ? {} : { refreshToken: new Secret(refresh_token) }),
    ...(scope === undefined || scope === '' ? {} : { scope }),
  };
}

/** What the library throws is told apart by its codes, never by its texts; its causes may hold tokens and are left out. */
function inOurWords(error: unknown, { name, server }: OAuthClient, { signal }: RequestContext): Error {
  if (error instanceof AppError) return error;
  if (signal?.aborted) return cancelled(signal);
  const host = hostOf(server.tokenUrl);
  const { code, cause } = error as { code?: string; cause?: unknown };
  if (code === 'OAUTH_RESPONSE_BODY_ERROR') {
    const { error: word, error_description: description, status, cause: body } = error as OAuth.ResponseBodyError;
    const numbers = Array.isArray(body['error_codes']) ? body['error_codes'].filter(number => typeof number === 'number') : [];
    return refusedBy(host, name, { error: word, ...(description === undefined ? {} : { description }), status, numbers });
  }
  if (code === 'OAUTH_AUTHORIZATION_RESPONSE_ERROR') {
    const { error: word, error_description: description } = error as OAuth.AuthorizationResponseError;
    return refusedBy(host, name, { error: word, ...(description === undefined ? {} : { description }) });
  }
  const status = cause instanceof Response ? cause.status : 0;
  if (status >= 500 || status === 429) return refusedBy(host, name, { error: `HTTP ${status}`, status });
  const why = status === 0 ? (error as Error).message : `HTTP ${status}: ${(error as Error).message}`;
  return new AppError('oauth-broken', `${host} does not answer like an authorization server: ${printable(why)}`, {
    hint: 'Check the addresses given to `postrider login`.',
  });
}

const NAMES_OF_TROUBLE: Readonly<Record<string, string>> = {
  ENOTFOUND: 'there is no host of that name',
  EAI_AGAIN: 'the name could not be looked up just now',
  ECONNREFUSED: 'nothing answers on that port',
};

function unreachable(url: string, error: unknown): AppError {
  const { cause, message } = error as { cause?: NodeJS.ErrnoException; message: string };
  const why = NAMES_OF_TROUBLE[cause?.code ?? ''] ?? cause?.message ?? message;
  return new AppError('oauth-unreachable', `${hostOf(url)} cannot be reached for a sign-in: ${printable(why)}`, {
    retry: 'later',
    hint: 'Check the address and this machine’s network; a private authority is trusted by NODE_EXTRA_CA_CERTS=FILE.',
  });
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : printable(url);
}

/** Of an address; what cannot be read is not. */
export function isLoopback(url: string): boolean {
  const host = URL.canParse(url) ? new URL(url).hostname : '';
  return host === 'localhost' || host === '[::1]' || /^127(\.\d{1,3}){3}$/.test(host);
}
