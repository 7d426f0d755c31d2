// Through a proxy: control and data, with and without a sign-in, every refusal named, whatever the proxy's answers are cut into.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { nextTurn, systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint, ProxyHop } from '../../../src/protocols/net/endpoint.ts';
import { parseProxy } from '../../../src/protocols/net/proxy.ts';
import { startSandbox } from '../../../src/sandbox/index.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { serve } from './peers.ts';
import { startProxy } from './proxy-server.ts';

const closing: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const proxyAt = (kind: ProxyHop['kind'], port: number, user?: string, password = ''): ProxyHop => ({
  kind,
  host: '127.0.0.1',
  port,
  ...(user === undefined ? {} : { user, password: new Secret(password) }),
});

const endpoint = (proxy: ProxyHop, more: Partial<Endpoint> = {}): Endpoint => ({
  name: 'x',
  type: 'ftp',
  host: 'localhost',
  port: 21,
  tls: 'none',
  timeoutMs: 10_000,
  proxy,
  ...more,
});

async function sandboxFtp() {
  const temp = await tempDir();
  closing.push(() => temp.remove());
  const sandbox = await startSandbox({ dir: join(temp.path, 'sandbox'), clock: systemClock, random: systemRandom });
  closing.push(() => sandbox.close());
  const { endpoints, caFile, user, password } = sandbox;
  return { port: endpoints.ftp.port, caFile, user, password };
}

/** A proxy that answers each piece it is sent with the next of `answers`. */
function scripted(answers: readonly (Buffer | string)[], apart = false): Promise<number> {
  return serve(async peer => {
    for (const answer of answers) {
      await peer.read();
      const bytes = Buffer.from(answer as string);
      for (let at = 0; at < bytes.length; at += apart ? 1 : bytes.length)
        await peer.write(bytes.subarray(at, apart ? at + 1 : bytes.length));
    }
    if (answers.length === 0) peer.close();
  });
}

const OK = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);

describe('parseProxy', () => {
  it.each([
    ['socks5://proxy.test', { kind: 'socks5', host: 'proxy.test', port: 1080 }],
    ['SOCKS5H://proxy.test:9050/', { kind: 'socks5', host: 'proxy.test', port: 9050 }],
    ['http://[::1]:3128', { kind: 'http', host: '::1', port: 3128 }],
    ['http://me:p%40ss%3Aword@proxy.test', { kind: 'http', host: 'proxy.test', port: 8080, user: 'me', password: 'p@ss:word' }],
  ])('%s', (text, expected) => {
    const { password, ...rest } = parseProxy(text);
    expect({ ...rest, ...(password === undefined ? {} : { password: password.reveal() }) }).toEqual(expected);
  });

  it.each([
    '',
    'proxy.test',
    'socks4://x',
    'http://',
    'http://x:0',
    'http://x:65536',
    'http://x/path',
    'http://a%0d%0ab:c@x',
    `http://${'u'.repeat(256)}:c@x`,
    'http://%zz:c@x',
  ])('not %j', text => expect(() => parseProxy(text)).toThrow(expect.objectContaining({ code: 'proxy-invalid' })));
});

describe.each(['socks5', 'http'] as const)('%s', kind => {
  it.each([undefined, 'me'])('carries a whole FTP session under TLS, data connections too (user %s)', async user => {
    const { port, caFile, user: login, password } = await sandboxFtp();
    const proxy = await startProxy(kind, user === undefined ? {} : { user, password: 'secret' });
    closing.push(() => proxy.close());
    const client = await connectFtp(
      endpoint(proxyAt(kind, proxy.port, user, 'secret'), {
        port,
        tls: 'explicit',
        caFile,
        user: login,
        password: new Secret(password),
      }),
      { dial, clock: systemClock },
    );
    await client.upload(
      '/through',
      (async function* () {
        yield Buffer.alloc(300_000, 7);
      })(),
    );
    let bytes = 0;
    for await (const chunk of client.download('/through')) bytes += chunk.length;
    expect(bytes).toBe(300_000);
    expect((await client.list('/')).map(({ name }) => name)).toContain('through');
    await client.quit();
    expect(proxy.asked.length).toBe(4);
    expect(proxy.asked[0]).toBe(`localhost:${port}`);
  });

  it('names what the proxy refuses', async () => {
    const proxy = await startProxy(kind, { user: 'me', password: 'right' });
    closing.push(() => proxy.close());
    const wrong = dial(endpoint(proxyAt(kind, proxy.port, 'me', 'wrong')));
    await expect(wrong).rejects.toMatchObject({ code: 'proxy-sign-in-refused', message: expect.not.stringContaining('wrong') });
    await expect(dial(endpoint(proxyAt(kind, proxy.port)))).rejects.toMatchObject({ code: 'proxy-sign-in-refused' });
    await expect(dial(endpoint(proxyAt(kind, proxy.port, 'me', 'right'), { port: 1 }))).rejects.toMatchObject({
      code: 'proxy-refused',
      retry: 'later',
    });
  });

  it('a proxy that hangs up, is none, or is not there', async () => {
    await expect(dial(endpoint(proxyAt(kind, await scripted([]))))).rejects.toMatchObject({ code: 'connection-cut' });
    await expect(dial(endpoint(proxyAt(kind, await scripted(['220 ftp\r\n\r\n\r\n']))))).rejects.toMatchObject({
      code: 'proxy-invalid',
    });
    await expect(dial(endpoint(proxyAt(kind, 1)))).rejects.toMatchObject({
      ...{ code: 'connection-refused', retry: 'reconnect', hint: expect.stringContaining('`proxy`') },
      message: 'cannot connect to the proxy 127.0.0.1:1: nothing answers on that port',
    });
  });

  it('a proxy that never answers is named, and so is the server that it was asked for', async () => {
    const clock = new VirtualClock();
    const port = await serve(async peer => {
      await peer.read();
      await clock.advance(10_000);
    });
    await expect(dial(endpoint(proxyAt(kind, port)), { clock })).rejects.toMatchObject({
      ...{ code: 'connect-timed-out', retry: 'reconnect' },
      message: `the proxy 127.0.0.1:${port} has not connected to localhost:21 within 10 s`,
    });
  });

  it('names go there in ASCII, addresses without an interface, and nothing that is neither', async () => {
    const proxy = await startProxy(kind);
    closing.push(() => proxy.close());
    const refused = (host: string) => dial(endpoint(proxyAt(kind, proxy.port), { host, port: 1 })).catch(error => error.code);
    expect(await refused('münchen.invalid')).toBe('proxy-refused');
    expect(await refused('127.0.0.1%lo')).toBe('host-not-found');
    for (const host of ['a b', 'x\r\nEvil: y', 'a/b', 'h'.repeat(254)]) expect(await refused(host)).toBe('host-not-found');
    expect(proxy.asked).toEqual(['xn--mnchen-3ya.invalid:1']);
  });

  it('a proxy that serves the control port alone is said to, and not asked again', async () => {
    const { port, caFile, user, password } = await sandboxFtp();
    const proxy = await startProxy(kind, { ports: [port] });
    closing.push(() => proxy.close());
    const signIn = { port, tls: 'explicit', caFile, user, password: new Secret(password) } as const;
    const client = await connectFtp(endpoint(proxyAt(kind, proxy.port), signIn), { dial, clock: systemClock });
    await expect(client.list('/')).rejects.toMatchObject({
      ...{ code: 'proxy-refused', retry: 'never', hint: expect.stringContaining('data ports') },
      message: expect.stringMatching(/offered data port \d+, but the proxy .* does not connect to localhost:\d+/),
    });
    client.close();
  });

  it('a session that ends while the proxy is asked for a data connection waits for it no longer', async () => {
    const { port, caFile, user, password } = await sandboxFtp();
    const held: (() => void)[] = [];
    const proxy = await startProxy(kind, { ports: [port], hold: release => held.push(release) });
    closing.push(() => proxy.close());
    const signIn = { port, tls: 'explicit', caFile, user, password: new Secret(password) } as const;
    const client = await connectFtp(endpoint(proxyAt(kind, proxy.port), signIn), { dial, clock: systemClock });
    const listed = client.list('/').catch(error => error.code);
    while (held.length === 0) await nextTurn();
    client.close();
    expect(await listed).not.toBe('connect-timed-out');
    expect(held).toHaveLength(1);
  });

  it('active mode is refused before anything listens', async () => {
    const greeting = Buffer.from('220 hi\r\n');
    const answers =
      kind === 'http'
        ? [Buffer.concat([Buffer.from('HTTP/1.1 200 ok\r\n\r\n'), greeting])]
        : [Buffer.from([5, 0]), Buffer.concat([OK, greeting])];
    const transport = await dial(endpoint(proxyAt(kind, await scripted(answers))));
    expect(String(await transport.read())).toBe('220 hi\r\n');
    await expect(transport.listenData()).rejects.toMatchObject({ code: 'proxy-active' });
    transport.close();
  });

  it('answers one byte at a time', async () => {
    const answers =
      kind === 'http'
        ? ['HTTP/1.1 200 ok\r\nA: b\r\n\r\n220 hi\r\n']
        : [Buffer.from([5, 0]), Buffer.concat([OK, Buffer.from('220 hi\r\n')])];
    const transport = await dial(endpoint(proxyAt(kind, await scripted(answers, true))));
    expect(String(await transport.read())[0]).toBe('2');
    transport.close();
  });
});

it('an HTTP proxy whose answer does not end is none', async () => {
  const port = await scripted([`HTTP/1.1 200 ok\r\n${'X: y\r\n'.repeat(5_000)}`]);
  await expect(dial(endpoint(proxyAt('http', port)))).rejects.toMatchObject({ code: 'proxy-invalid' });
});

it('an HTTP proxy that says 401 where 407 is meant refuses the sign-in', async () => {
  const port = await scripted(['HTTP/1.0 401 Unauthorized\r\n\r\n']);
  await expect(dial(endpoint(proxyAt('http', port)))).rejects.toMatchObject({ code: 'proxy-sign-in-refused' });
});

it('another server is no HTTP proxy as soon as it speaks', async () => {
  const port = await scripted(['SSH-2.0-OpenSSH_9.2\r\n']);
  await expect(dial(endpoint(proxyAt('http', port)))).rejects.toMatchObject({ code: 'proxy-invalid' });
});

it('no sign-in is offered to a SOCKS proxy that nobody gave one for, and none is sent unasked', async () => {
  const port = await scripted([Buffer.from([5, 0xff])]);
  await expect(dial(endpoint(proxyAt('socks5', port)))).rejects.toMatchObject({ code: 'proxy-sign-in-refused' });
  const other = await scripted([Buffer.from([5, 2])]);
  await expect(dial(endpoint(proxyAt('socks5', other)))).rejects.toMatchObject({ code: 'proxy-invalid' });
});
