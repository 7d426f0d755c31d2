// `postrider login`: somebody, or the app itself, signs in at an authorization server once; the tokens are kept like secrets.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import { askHidden } from '../../progress/prompt.ts';
import { assertNameGiven } from '../../secrets/name.ts';
import { accountSecretName, type OAuthAccount } from '../../secrets/oauth/account.ts';
import { loginByBrowser } from '../../secrets/oauth/browser-login.ts';
import { loginByDevice } from '../../secrets/oauth/device-login.ts';
import {
  type AuthorizationServer,
  type LoginMethod,
  PROVIDERS,
  type ProviderName,
  presetServer,
} from '../../secrets/oauth/provider.ts';
import { appTokens, discoverServer, isLoopback, type OAuthClient, type Tokens } from '../../secrets/oauth/requests.ts';
import { withTokens } from '../../secrets/oauth/token-source.ts';
import { findSecret } from '../../secrets/resolver.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import type { Workspace } from '../workspace.ts';
import { lockAccount, storeAccount } from './accounts.ts';
import type { StoringBackend } from './secret-store.ts';
import { secretsOf } from './secrets.ts';

export interface LoginRequest {
  /** What connections write: `oauth2: NAME`. */
  readonly name: string;
  readonly provider: ProviderName;
  readonly method?: LoginMethod | undefined;
  readonly tenant?: string | undefined;
  readonly issuer?: string | undefined;
  readonly authorizationUrl?: string | undefined;
  readonly tokenUrl?: string | undefined;
  readonly deviceUrl?: string | undefined;
  readonly scope?: string | undefined;
  readonly port: number;
  readonly backend: StoringBackend;
}

export interface LoggedIn {
  /** `the keychain`, or the vault's path. */
  readonly place: string;
  readonly scope: string;
}

/** Throws AppError `usage`, `oauth-…`, and what vault or keychain say. Nothing is kept unless the sign-in worked. */
export async function login(request: LoginRequest, one: OneOff): Promise<LoggedIn> {
  const { name, backend } = request;
  const { workspace, clock, signal, redactor } = one;
  assertNameGiven(name, 'sign-in', accountSecretName(name));
  const secrets = secretsOf(workspace);
  secrets.askPerson();
  const server = await serverFor(request, one);
  const method = methodFor(request, server);
  const { client, newSecret, secretName } = await clientFor(request, method, server, one);
  // Before anybody signs in: whoever cannot open or make the vault hears of it now.
  if (backend === 'vault') await secrets.vault.makeReady();
  for (const secret of [client.clientSecret, newSecret]) if (secret !== undefined) redactor.add(secret);
  const scope = request.scope ?? PROVIDERS[request.provider].scopes[method];
  const tokens = await signIn({ request, method, scope, client }, one);
  assertUseful(tokens, { name, method, scope });
  const account: OAuthAccount = {
    ...{ provider: request.provider, method, server, scope, clientId: client.clientId },
    ...(request.tenant === undefined ? {} : { tenant: request.tenant }),
    ...(secretName === undefined ? {} : { clientSecret: secretName }),
  };
  const release = await lockAccount(name, backend, workspace);
  try {
    if (newSecret !== undefined && secretName !== undefined) await storeSecret(secretName, newSecret, backend, workspace);
    await storeAccount(name, withTokens(account, tokens, clock.now()), backend, workspace);
  } finally {
    await release();
  }
  signal.throwIfAborted();
  return { place: backend === 'keychain' ? 'the keychain' : secrets.vault.path, scope: tokens.scope ?? scope };
}

async function serverFor(request: LoginRequest, { clock, signal }: OneOff): Promise<AuthorizationServer> {
  const { provider, tenant, issuer, authorizationUrl, tokenUrl, deviceUrl } = request;
  if (tenant !== undefined && PROVIDERS[provider].tenant === undefined)
    throw usage('only Microsoft has tenants', 'Leave --tenant out.');
  const preset = presetServer(provider, tenant);
  const custom = [issuer, authorizationUrl, tokenUrl, deviceUrl].some(url => url !== undefined);
  if (preset !== undefined) {
    if (custom)
      throw usage(`the addresses of ${PROVIDERS[provider].title} are known`, 'Use --provider custom for another server.');
    return preset;
  }
  const found = issuer === undefined ? undefined : await discoverServer(webAddress(issuer), request.name, { clock, signal });
  const token = tokenUrl ?? found?.tokenUrl;
  if (token === undefined)
    throw usage(
      '--provider custom needs an address',
      'Give --issuer URL, or --token-url with --device-url or --authorization-url.',
    );
  return {
    ...found,
    issuer: found?.issuer ?? token,
    tokenUrl: webAddress(token),
    ...(authorizationUrl === undefined ? {} : { authorizationUrl: webAddress(authorizationUrl) }),
    ...(deviceUrl === undefined ? {} : { deviceUrl: webAddress(deviceUrl) }),
  };
}

/** Tokens go to this address: https, or clear text on this machine itself. */
function webAddress(url: string): string {
  const protocol = URL.canParse(url) ? new URL(url).protocol : '';
  if (protocol === 'https:' || (protocol === 'http:' && isLoopback(url))) return url;
  throw usage(`${JSON.stringify(url)} is no https:// address`, 'Tokens are never sent in clear text.');
}

function methodFor({ provider, method, tenant }: LoginRequest, server: AuthorizationServer): LoginMethod {
  const { methods, title } = PROVIDERS[provider];
  const usual = methods.find(candidate => candidate !== 'device' || server.deviceUrl !== undefined) ?? 'browser';
  const chosen = method ?? usual;
  if (!methods.includes(chosen)) {
    throw usage(`${title} has no sign-in to mail by --method ${chosen}`, `Use --method ${methods.join(' or ')}.`);
  }
  if (chosen === 'app' && provider === 'microsoft' && tenant === undefined) {
    throw usage('an app that signs in by itself needs its tenant', 'Give --tenant with the directory’s id or domain.');
  }
  return chosen;
}

interface ClientInUse {
  readonly client: OAuthClient;
  readonly secretName?: string;
  /** Just asked for, and still to be kept under `secretName`. */
  readonly newSecret?: Secret;
}

/** Id and secret come from the secrets NAME-client-id, else PROVIDER-client-id; what is missing is asked of a person. */
async function clientFor(
  { name, provider }: LoginRequest,
  method: LoginMethod,
  server: AuthorizationServer,
  one: OneOff,
): Promise<ClientInUse> {
  const { sources } = secretsOf(one.workspace);
  const found = async (what: string) => {
    for (const prefix of [name, provider]) {
      const secret = await findSecret(`${prefix}-${what}`, sources);
      if (secret !== undefined) return { secretName: `${prefix}-${what}`, value: secret.value };
    }
    return undefined;
  };
  const { howToRegister, needsSecret } = PROVIDERS[provider];
  const ask = async (what: string, words: string) => {
    if (!one.interactive) {
      throw new AppError('oauth-client', `the ${words} for ${name} is nowhere to be found`, {
        hint: `Store it: postrider secret set ${provider}-${what}. ${howToRegister}`,
      });
    }
    const text = (await askHidden(`The ${words}: `)).trim();
    if (text !== '') return new Secret(text);
    throw usage(`the ${words} is empty`, howToRegister);
  };
  const clientId = (await found('client-id'))?.value ?? (await ask('client-id', 'client id'));
  const known = await found('client-secret');
  const asked = known === undefined && needsSecret(method) ? await ask('client-secret', 'client secret') : undefined;
  const clientSecret = known?.value ?? asked;
  return {
    client: { name, server, clientId: clientId.reveal(), ...(clientSecret === undefined ? {} : { clientSecret }) },
    ...(known === undefined ? {} : { secretName: known.secretName }),
    ...(asked === undefined ? {} : { secretName: `${name}-client-secret`, newSecret: asked }),
  };
}

interface SigningIn {
  readonly request: LoginRequest;
  readonly method: LoginMethod;
  readonly scope: string;
  readonly client: OAuthClient;
}

async function signIn({ request, method, scope, client }: SigningIn, one: OneOff): Promise<Tokens> {
  const { clock, signal, say, interactive } = one;
  const context = { clock, signal };
  switch (method) {
    case 'app':
      return appTokens(client, scope, context);
    case 'device': {
      const show = (address: string, code: string) => say(`Open ${address} in any browser and type ${code}`);
      return loginByDevice(client, scope, show, context);
    }
    case 'browser': {
      const { redirectHost, authorizationParameters: parameters } = PROVIDERS[request.provider];
      const show = (url: string) => say(`Open this address in a browser and sign in:\n${url}`);
      const question = 'If that browser runs elsewhere, paste here the address it ends at (it is not shown): ';
      const pasted = async (over: AbortSignal) => {
        if (!interactive) return new Promise<never>(() => undefined);
        return new Secret(await askHidden(question, undefined, over));
      };
      return loginByBrowser(client, { scope, redirectHost, port: request.port, parameters, show, pasted }, context);
    }
  }
}

/** Scopes that are about the tokens themselves are never listed among what was granted. */
const TOKEN_SCOPES: ReadonlySet<string> = new Set(['offline_access', 'openid', 'profile', 'email']);

/** A person may untick what is asked for; better to hear of it now than at night. */
function assertUseful(
  { refreshToken, scope: granted }: Tokens,
  { name, method, scope }: { name: string; method: LoginMethod; scope: string },
): void {
  if (method !== 'app' && refreshToken === undefined) {
    throw new AppError('oauth-scope', `the sign-in ${name} came without a refresh token, so it would end within the hour`, {
      hint: 'Ask for offline access (--scope "… offline_access"), or allow refresh tokens in the app’s registration.',
    });
  }
  if (granted === undefined || method === 'app') return;
  const given = new Set(granted.toLowerCase().split(' '));
  const missing = scope.split(' ').filter(one => one !== '' && !TOKEN_SCOPES.has(one) && !given.has(one.toLowerCase()));
  if (missing.length === 0) return;
  const near = didYouMean(missing[0] ?? '', [...given]);
  throw new AppError('oauth-scope', `the sign-in ${name} was not given ${missing.join(' ')}`, {
    hint: `Sign in again and tick everything that is asked for${near === undefined ? '' : `; given was ${near}`}.`,
  });
}

async function storeSecret(name: string, value: Secret, backend: StoringBackend, workspace: Workspace): Promise<void> {
  if (backend === 'vault') return secretsOf(workspace).vault.set(name, value);
  const { storeInKeychain } = await import('../../secrets/keychain.ts');
  await storeInKeychain(name, value);
}

function usage(message: string, hint: string): AppError {
  return new AppError('usage', message, { hint });
}
