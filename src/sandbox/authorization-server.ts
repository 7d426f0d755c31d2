// The sandbox's authorization server: device codes that are agreed to at once, refresh tokens that are replaced at each use, and
// client credentials with the sandbox's password. Just enough OAuth2 to rehearse `postrider login`; nobody is asked anything.
// A visit to /end-access-tokens ends those that are out, to rehearse renewal.
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Random, randomHex } from '../core/random.ts';
import type { Secret } from '../core/secret.ts';
import { SANDBOX_HOST } from './service.ts';
import type { IssuedTokens, TokenBook } from './token-book.ts';

export interface AuthorizationServerOptions {
  readonly tokens: TokenBook;
  readonly random: Random;
  /** What counts as client secret. */
  readonly password: Secret;
}

export interface SandboxAuthorizationServer {
  readonly issuer: string;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly body: object;
}

const FORM_BYTES_MAX = 16 * 1024;
const DEVICE_CODE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** Listens on a free port. */
export async function startAuthorizationServer(options: AuthorizationServerOptions): Promise<SandboxAuthorizationServer> {
  let issuer = '';
  const devices = new Set<string>();
  const server = createServer((request, response) => {
    answerTo(request, { issuer, devices, options }).then(
      answer => respond(response, answer),
      () => respond(response, refusal('invalid_request')),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, SANDBOX_HOST, resolve);
  });
  const { port } = server.address() as { port: number };
  issuer = `http://${SANDBOX_HOST}:${port}`;
  return {
    issuer,
    close: () =>
      new Promise(resolve => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

interface Context {
  readonly issuer: string;
  readonly devices: Set<string>;
  readonly options: AuthorizationServerOptions;
}

async function answerTo(request: IncomingMessage, context: Context): Promise<Answer> {
  const { issuer, devices, options } = context;
  const { pathname } = new URL(request.url ?? '/', issuer);
  if (pathname === '/.well-known/openid-configuration') return { status: 200, body: metadata(issuer) };
  if (pathname === '/end-access-tokens') {
    options.tokens.endAccessTokens();
    return { status: 200, body: { ended: true } };
  }
  if (request.method !== 'POST') return { status: 404, body: {} };
  const form = await readForm(request);
  if (pathname === '/token') return tokenAnswer(form, context);
  if (pathname !== '/device') return { status: 404, body: {} };
  const code = randomHex(options.random, 16);
  devices.add(code);
  const body = { device_code: code, user_code: 'NOTHING-TO-TYPE', verification_uri: issuer, expires_in: 600, interval: 1 };
  return { status: 200, body };
}

/** RFC 8414 section 2. */
function metadata(issuer: string): object {
  return {
    issuer,
    token_endpoint: `${issuer}/token`,
    device_authorization_endpoint: `${issuer}/device`,
    token_endpoint_auth_methods_supported: ['client_secret_post', 'none'],
    response_types_supported: ['code'],
  };
}

function tokenAnswer(form: URLSearchParams, { devices, options }: Context): Answer {
  const { tokens, password } = options;
  switch (form.get('grant_type')) {
    case DEVICE_CODE_GRANT:
      return devices.delete(form.get('device_code') ?? '') ? granted(tokens.issue({ refresh: true })) : refusal('expired_token');
    case 'refresh_token':
      return granted(tokens.renew(form.get('refresh_token') ?? ''));
    case 'client_credentials':
      if (form.get('client_secret') !== password.reveal()) return refusal('invalid_client');
      return granted(tokens.issue({ refresh: false }));
    default:
      return refusal('unsupported_grant_type');
  }
}

function granted(tokens: IssuedTokens | undefined): Answer {
  if (tokens === undefined) return refusal('invalid_grant');
  const { accessToken, lifetimeS, refreshToken } = tokens;
  const body = { access_token: accessToken, token_type: 'Bearer', expires_in: lifetimeS, refresh_token: refreshToken };
  return { status: 200, body };
}

/** RFC 6749 section 5.2. */
function refusal(error: string): Answer {
  return { status: error === 'invalid_client' ? 401 : 400, body: { error } };
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  let text = '';
  for await (const chunk of request) {
    text += String(chunk);
    if (text.length > FORM_BYTES_MAX) throw new Error('too long');
  }
  return new URLSearchParams(text);
}

function respond(response: ServerResponse, { status, body }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store', connection: 'close' });
  response.end(JSON.stringify(body));
}
