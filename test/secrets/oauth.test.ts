// Tokens of one account: renewed in time, once for all who wait, kept before they are used, never lost by a full disk or a deaf server.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { AppError } from '../../src/core/errors.ts';
import { systemRandom } from '../../src/core/random.ts';
import { Redactor, Secret } from '../../src/core/secret.ts';
import { startAuthorizationServer as startSandboxServer } from '../../src/sandbox/authorization-server.ts';
import { TokenBook } from '../../src/sandbox/token-book.ts';
import { accountText, type OAuthAccount, parseAccount } from '../../src/secrets/oauth/account.ts';
import { loginByBrowser } from '../../src/secrets/oauth/browser-login.ts';
import { loginByDevice } from '../../src/secrets/oauth/device-login.ts';
import { PROVIDERS, type ProviderName, presetServer } from '../../src/secrets/oauth/provider.ts';
import { listenForRedirect } from '../../src/secrets/oauth/redirect-listener.ts';
import { ANSWER_BYTES_MAX, appTokens, discoverServer, type OAuthClient } from '../../src/secrets/oauth/requests.ts';
import { type KeptAccount, tokenSource, withTokens } from '../../src/secrets/oauth/token-source.ts';
import { browse, PUBLIC_CLIENT, startAuthorizationServer } from '../support/authorization-server.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0)) await close();
});

/** The sandbox's server, whose refresh tokens are good once; and what is kept of one account there. */
async function start(clock = new VirtualClock()) {
  const tokens = new TokenBook(clock, systemRandom);
  const server = await startSandboxServer({ tokens, random: systemRandom, password: new Secret('app-secret') });
  closing.push(() => server.close());
  const context = { clock };
  const found = await discoverServer(server.issuer, 'robot', context);
  const first = tokens.issue({ refresh: true });
  const account: OAuthAccount = {
    ...{ provider: 'custom', method: 'device', server: found, clientId: 'me', scope: 'mail' },
    ...{ refreshToken: new Secret(first.refreshToken ?? ''), accessToken: new Secret(first.accessToken) },
    renewAt: clock.now() + 3_540_000,
  };
  let kept = account;
  const log: string[] = [];
  const source = (more: { save?: (account: OAuthAccount) => Promise<void>; readOnly?: boolean } = {}) => {
    const save = async (changed: OAuthAccount) => {
      log.push('save');
      kept = changed;
    };
    const load = async (): Promise<KeptAccount> => ({ account: kept, ...(more.readOnly ? {} : { save: more.save ?? save }) });
    return tokenSource({
      name: 'robot',
      load,
      lock: async () => {
        log.push('lock');
        return async () => void log.push('unlock');
      },
      resolveSecret: async () => new Secret('app-secret'),
      clock,
      onSecret: secret => redactor.add(secret),
    });
  };
  const redactor = new Redactor();
  return { clock, tokens, source, log, redactor, kept: () => kept, keep: (changed: OAuthAccount) => (kept = changed), first };
}

describe('an access token', () => {
  it('is handed out while it lasts, and replaced a minute before it ends', async () => {
    const { clock, source, log, tokens, kept, first } = await start();
    const token = source();
    await clock.advance(3_539_999);
    expect((await token()).reveal()).toBe(first.accessToken);
    expect(log).toEqual([]);
    await clock.advance(1);
    const second = (await token()).reveal();
    expect([second === first.accessToken, tokens.accepts(second), kept().accessToken?.reveal()]).toEqual([false, true, second]);
    expect((await token()).reveal()).toBe(second);
    expect(log).toEqual(['lock', 'save', 'save', 'unlock']);
  });

  it('that a server refuses is replaced once, for all who were refused', async () => {
    const { source, first, log } = await start();
    const token = source();
    const refused = new Secret(first.accessToken);
    const [a, b, c] = await Promise.all([token(refused), token(refused), token()]);
    expect(a?.reveal()).not.toBe(first.accessToken);
    expect([b?.reveal(), c?.reveal()]).toEqual([a?.reveal(), a?.reveal()]);
    expect(log).toEqual(['lock', 'save', 'save', 'unlock']);
  });

  it('renewed by another process while this one waited for the lock is taken as it is', async () => {
    const { first, tokens, keep, kept } = await start();
    const other = tokens.renew(first.refreshToken ?? '');
    const token = tokenSource({
      name: 'robot',
      load: async () => ({ account: kept(), save: async () => expect.fail('nothing to write') }),
      lock: async () => {
        keep({
          ...kept(),
          accessToken: new Secret(other?.accessToken ?? ''),
          refreshToken: new Secret(other?.refreshToken ?? ''),
        });
        return async () => undefined;
      },
      resolveSecret: async () => expect.fail('no secret'),
      clock: systemClock,
      onSecret: () => undefined,
    });
    keep({ ...kept(), renewAt: systemClock.now() + 1e6 });
    expect((await token(new Secret(first.accessToken))).reveal()).toBe(other?.accessToken);
  });

  it('of an account that cannot be written is renewed in memory, again and again', async () => {
    const { source, first, tokens } = await start();
    const token = source({ readOnly: true });
    let last = first.accessToken;
    for (let i = 0; i < 3; i++) {
      const next = (await token(new Secret(last))).reveal();
      expect([next === last, tokens.accepts(next)]).toEqual([false, true]);
      last = next;
    }
    expect((await token()).reveal()).toBe(last);
  });

  it('lives as long as the server says, or an hour; the margin is a minute, or a tenth', async () => {
    const { kept } = await start();
    const accessToken = new Secret('t');
    const at = (lifetimeMs?: number) =>
      withTokens(kept(), { accessToken, ...(lifetimeMs === undefined ? {} : { lifetimeMs }) }, 0).renewAt;
    expect([at(), at(7_200_000), at(600_000), at(10_000), at(0)]).toEqual([3_540_000, 7_140_000, 540_000, 9_000, 0]);
  });

  it('and everything else about the account is masked from then on', async () => {
    const { source, first, redactor, kept } = await start();
    const before = kept().refreshToken?.reveal();
    await source()(new Secret(first.accessToken));
    const all = [before, first.accessToken, kept().refreshToken?.reveal(), kept().accessToken?.reveal()];
    expect(redactor.redact(all.join(' '))).toBe('**** **** **** ****');
  });
});

describe('a refresh token that is good once', () => {
  it('is not spent when the disk is full', async () => {
    const { source, first, tokens } = await start();
    const full = new AppError('disk-full', 'the disk is full');
    await expect(source({ save: async () => Promise.reject(full) })(new Secret(first.accessToken))).rejects.toBe(full);
    expect(tokens.renew(first.refreshToken ?? '')).toBeDefined();
  });

  it('whose successor cannot be written is remembered and written before anything else happens', async () => {
    const { source, first, kept, keep } = await start();
    let room = 1;
    const token = source({
      save: async account => {
        if (room-- <= 0) throw new AppError('disk-full', 'the disk is full');
        keep(account);
      },
    });
    await expect(token(new Secret(first.accessToken))).rejects.toMatchObject({ code: 'disk-full' });
    expect(kept().accessToken?.reveal()).toBe(first.accessToken);
    await expect(token()).rejects.toMatchObject({ code: 'disk-full' });
    room = 10;
    const next = (await token()).reveal();
    expect([next === first.accessToken, kept().accessToken?.reveal()]).toEqual([false, next]);
    // The one that was kept is the living one: it renews.
    expect((await token(new Secret(next))).reveal()).not.toBe(next);
  });

  it('that was taken back says so, and nothing is written over it', async () => {
    const { source, first, tokens, kept } = await start();
    tokens.revokeAll();
    const token = source();
    await expect(token(new Secret(first.accessToken))).rejects.toMatchObject({
      code: 'oauth-expired',
      retry: 'never',
      hint: expect.stringContaining('login robot'),
    });
    expect(kept().refreshToken?.reveal()).toBe(first.refreshToken);
  });
});

describe('an account as text', () => {
  it('comes back as it was', async () => {
    const { kept } = await start();
    const show = (account: OAuthAccount) => accountText(account).reveal();
    expect(show(parseAccount(accountText(kept()), 'robot', 'vault'))).toBe(show(kept()));
  });

  it('may be written by hand for an app: provider, tenant, client', () => {
    const text = {
      provider: 'microsoft',
      tenant: 'example.org',
      'client-id': 'id',
      'client-secret': 'entra',
      scope: 'https://outlook.office365.com/.default',
    };
    const account = parseAccount(new Secret(JSON.stringify(text)), 'robot', 'file');
    expect(account).toMatchObject({
      method: 'app',
      clientSecret: 'entra',
      server: { tokenUrl: 'https://login.microsoftonline.com/example.org/oauth2/v2.0/token' },
    });
  });

  it.each([
    '',
    'c4n4ry',
    '[]',
    '{}',
    '{"provider":"yahoo","client-id":"c4n4ry"}',
    '{"postrider-oauth2":2,"refresh-token":"c4n4ry"}',
    '{"provider":"google","method":"browser","client-id":"a","scope":"b","access-token":"c4n4ry"}',
  ])('%j is refused and not quoted', text => {
    const read = () => parseAccount(new Secret(text), 'robot', 'vault');
    expect(read).toThrow(expect.objectContaining({ code: 'oauth-unreadable' }));
    expect(read).not.toThrow('c4n4ry');
  });
});

/** A token endpoint that answers with this. */
async function answering(status: number, body: string | object, type = 'application/json'): Promise<OAuthClient> {
  const server = createServer((_request, response) => {
    response.writeHead(status, { 'content-type': type, 'www-authenticate': 'Basic realm="x"' });
    response.end(typeof body === 'string' ? body : JSON.stringify(body));
  });
  return clientOf(server);
}

async function clientOf(server: Server): Promise<OAuthClient> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  closing.push(
    () => new Promise(resolve => server.close(resolve)),
    async () => server.closeAllConnections(),
  );
  closing.reverse();
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { name: 'robot', server: { issuer: url, tokenUrl: url, deviceUrl: url, authorizationUrl: url }, clientId: 'me' };
}

describe('what a server answers', () => {
  it.each<[number, string | object, string, RegExp, string?]>([
    [400, { error: 'invalid_grant', error_description: 'Token has been expired or revoked.' }, 'oauth-expired', /revoked/],
    [
      400,
      { error: 'invalid_grant', error_codes: [65001], error_description: 'AADSTS65001: no consent' },
      'oauth-consent',
      /agreed/,
    ],
    [400, { error: 'invalid_grant', error_codes: [50076] }, 'oauth-consent', /policy/],
    [400, { error: 'invalid_request', error_codes: [90002] }, 'oauth-tenant', /tenant/],
    [
      400,
      { error: 'unauthorized_client', error_description: 'AADSTS700016: Application not found in the directory' },
      'oauth-tenant',
      /tenant/,
    ],
    [401, { error: 'invalid_client', error_codes: [7000222] }, 'oauth-client', /client secret is wrong or has expired/],
    [401, { error: 'invalid_client', error_codes: [7000218] }, 'oauth-client', /not registered for this way/],
    [401, { error: 'invalid_client' }, 'oauth-client', /client id/],
    [400, { error: 'invalid_scope' }, 'oauth-scope', /scope/],
    [400, { error: 'brand_new', error_description: 'x\u001b[2Jy' }, 'oauth-refused', /does not know \(brand_new: x\\x1b\[2Jy\)/],
    [503, { error: 'temporarily_unavailable' }, 'oauth-unreachable', /just now/],
    [429, { error: 'slow' }, 'oauth-unreachable', /just now/],
    [502, '<html>bad gateway</html>', 'oauth-unreachable', /HTTP 502/, 'text/html'],
    [200, '<html>captive portal</html>', 'oauth-broken', /does not answer like/, 'text/html'],
    [200, { token_type: 'Bearer' }, 'oauth-broken', /does not answer like/],
    [200, { access_token: 'x', token_type: 'mac' }, 'oauth-broken', /does not answer like/],
    [302, '', 'oauth-broken', /HTTP 302/],
  ])('%i %j', async (status, body, code, words, type) => {
    const error = await appTokens(await answering(status, body, type), 'mail', { clock: systemClock }).catch(e => e);
    expect(error).toMatchObject({ code, message: expect.stringMatching(words), hint: expect.any(String) });
    expect(error.retry).toBe(code === 'oauth-unreachable' ? 'later' : 'never');
  });

  it(`an answer of ${ANSWER_BYTES_MAX} bytes is read, one more is not`, async () => {
    const text = (bytes: number) => {
      const start = '{"access_token":"t","token_type":"Bearer","x":"';
      return `${start}${'x'.repeat(bytes - start.length - 2)}"}`;
    };
    const context = { clock: systemClock };
    expect((await appTokens(await answering(200, text(ANSWER_BYTES_MAX)), '', context)).accessToken.reveal()).toBe('t');
    await expect(appTokens(await answering(200, text(ANSWER_BYTES_MAX + 1)), '', context)).rejects.toMatchObject({
      code: 'oauth-unreachable',
    });
  });

  it.each([301, 302, 303, 307, 308])('a redirect (%i) is not followed: nobody else hears of a credential', async status => {
    let heard = 0;
    const elsewhere = createServer((_, answer) => {
      heard += 1;
      answer.setHeader('content-type', 'application/json');
      answer.end('{"access_token":"t","token_type":"Bearer"}');
    });
    await once(elsewhere.listen(0, '127.0.0.1'), 'listening');
    onTestFinished(() => void elsewhere.close());
    const location = `http://127.0.0.1:${(elsewhere.address() as AddressInfo).port}/token`;
    const client = await clientOf(createServer((_, answer) => void answer.writeHead(status, { location }).end()));
    await expect(appTokens(client, '', { clock: systemClock })).rejects.toMatchObject({ code: 'oauth-broken' });
    expect(heard).toBe(0);
  });

  it('no answer at all is given up after half a minute, and at once on Ctrl-C', async () => {
    const clock = new VirtualClock();
    let asked = () => {};
    const heard = new Promise<void>(resolve => (asked = resolve));
    const client = await clientOf(createServer(() => asked()));
    const waiting = appTokens(client, '', { clock }).catch(e => e);
    await heard;
    await clock.advance(30_000);
    expect(await waiting).toMatchObject({ code: 'oauth-unreachable', retry: 'later' });
    const stop = new AbortController();
    const second = appTokens(client, '', { clock, signal: stop.signal }).catch(e => e);
    stop.abort();
    expect(await second).toMatchObject({ code: 'cancelled' });
  });

  it('a token never goes out in clear text', async () => {
    const url = 'http://192.0.2.1/token';
    const client = { name: 'robot', server: { issuer: url, tokenUrl: url }, clientId: 'me' };
    await expect(appTokens(client, '', { clock: systemClock })).rejects.toMatchObject({ code: 'oauth-broken' });
  });
});

describe('by device code', () => {
  it('asks as often as it may, slower when told so, and gives up when the code ends', async () => {
    const answers = ['{"device_code":"d","user_code":"ABC","verification_uri":"http://x/","expires_in":60,"interval":5}'];
    const asked: number[] = [];
    const clock = new VirtualClock();
    const server = createServer((_request, response) => {
      const first = answers.shift();
      if (first === undefined) asked.push(clock.elapsed());
      response.writeHead(first === undefined ? 400 : 200, { 'content-type': 'application/json' });
      response.end(first ?? JSON.stringify({ error: asked.length === 2 ? 'slow_down' : 'authorization_pending' }));
    });
    const shown: string[] = [];
    let idle = 0;
    const login = loginByDevice(await clientOf(server), 'mail', (...texts) => shown.push(...texts), { clock });
    const outcome = login.catch(e => e);
    let over = false;
    void outcome.then(() => (over = true));
    // The server answers by a socket, so time moves on only when it has.
    while (!over && idle++ < 100_000) {
      await new Promise(resolve => setImmediate(resolve));
      if (clock.pending === 1 && shown.length > 0) await clock.advance(1_000);
    }
    expect(await outcome).toMatchObject({ code: 'oauth-timed-out' });
    expect(shown).toEqual(['http://x/', 'ABC']);
    expect(asked.slice(0, 2)).toEqual([5_000, 10_000]);
    expect((asked[2] ?? 0) - (asked[1] ?? 0)).toBeGreaterThanOrEqual(10_000);
  });
});

describe('by browser', () => {
  const nobody = () => new Promise<never>(() => undefined);
  const setUp = async () => {
    const id = await startAuthorizationServer();
    closing.push(() => id.close());
    const server = await discoverServer(id.issuer, 'robot', { clock: systemClock });
    return { id, client: { name: 'robot', server, clientId: PUBLIC_CLIENT } };
  };
  const options = { scope: 'mail', redirectHost: '127.0.0.1', port: 0, parameters: {} } as const;

  it('strangers at the redirect address change nothing', async () => {
    const listener = await listenForRedirect('127.0.0.1');
    const answer = listener.redirected('right');
    for (const path of ['favicon.ico', '?state=wrong&code=evil', '?code=evil', `?state=right&code=${'x'.repeat(17_000)}`]) {
      expect((await fetch(`${listener.redirectUri}${path}`)).status).toBe(404);
    }
    expect((await fetch(`${listener.redirectUri}?state=right&code=evil`, { method: 'POST' })).status).toBe(404);
    const page = await fetch(`${listener.redirectUri}?state=right&code=good`);
    expect([page.status, page.headers.get('referrer-policy')]).toEqual([200, 'no-referrer']);
    expect((await answer).get('code')).toBe('good');
    listener.close();
  });

  it('the address where a browser elsewhere ended can be pasted; one of another sign-in cannot', async () => {
    const { client } = await setUp();
    let shown = (_url: string) => {};
    const url = new Promise<string>(resolve => (shown = resolve));
    const pasted = async () => {
      const unreachable = new URL(await url);
      unreachable.searchParams.set('redirect_uri', 'http://127.0.0.1:1/');
      const { url: end } = await browse(unreachable.href, { login: 'me', password: 'x' }).catch(() => ({
        url: 'http://127.0.0.1:1/?code=a&state=b',
      }));
      return new Secret(end);
    };
    const context = { clock: systemClock };
    await expect(loginByBrowser(client, { ...options, show: shown, pasted }, context)).rejects.toMatchObject({
      code: 'oauth-broken',
    });
    await expect(
      loginByBrowser(client, { ...options, show: shown, pasted: async () => new Secret('nonsense') }, context),
    ).rejects.toMatchObject({ code: 'usage' });
  });

  it('who says no is told what that means', async () => {
    const { client } = await setUp();
    const show = (address: string) => {
      const { searchParams } = new URL(address);
      void fetch(
        `${searchParams.get('redirect_uri')}?state=${searchParams.get('state')}&error=access_denied&iss=${client.server.issuer}`,
      );
    };
    await expect(loginByBrowser(client, { ...options, show, pasted: nobody }, { clock: systemClock })).rejects.toMatchObject({
      code: 'oauth-consent',
    });
  });

  it('nobody comes: given up after a quarter of an hour; Ctrl-C ends it', async () => {
    const { client } = await setUp();
    const clock = new VirtualClock();
    let shown = () => {};
    const begun = new Promise<void>(resolve => (shown = resolve));
    const login = loginByBrowser(client, { ...options, show: () => shown(), pasted: nobody }, { clock }).catch(e => e);
    await begun;
    await clock.advance(15 * 60_000);
    expect(await login).toMatchObject({ code: 'oauth-timed-out' });
    const stop = new AbortController();
    const stopped = loginByBrowser(
      client,
      { ...options, show: () => stop.abort(), pasted: nobody },
      { clock, signal: stop.signal },
    );
    await expect(stopped).rejects.toMatchObject({ code: 'cancelled' });
  });
});

it.each(Object.keys(PROVIDERS) as ProviderName[])('the preset %s is complete', name => {
  const { methods, scopes, howToRegister } = PROVIDERS[name];
  expect(methods.length).toBeGreaterThan(0);
  expect(howToRegister).not.toBe('');
  const server = presetServer(name, 'example.org');
  if (server === undefined) return;
  for (const url of Object.values(server)) expect(url).toMatch(/^https:\/\/[^{}]+$/);
  for (const method of methods) {
    expect(scopes[method]).not.toBe('');
    if (method === 'device') expect(server.deviceUrl).toBeDefined();
    if (method === 'browser') expect(server.authorizationUrl).toBeDefined();
  }
});
