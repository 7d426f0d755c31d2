import { X509Certificate } from 'node:crypto';
import { getEventListeners, once } from 'node:events';
import { copyFile, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { createServer, rootCertificates } from 'node:tls';
import { generate } from 'selfsigned';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, nextTurn, systemClock } from '../../../src/core/clock.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { TlsMode } from '../../../src/protocols/net/endpoint.ts';
import { Landing } from '../../../src/protocols/net/landing.ts';
import type { ServerTransport } from '../../../src/protocols/net/listener.ts';
import { SocketTransport } from '../../../src/protocols/net/socket.ts';
import { TlsClient } from '../../../src/protocols/net/tls.ts';
import { withDeadline } from '../../../src/protocols/net/transport.ts';
import { UNREAD_BYTES_MAX } from '../../../src/protocols/wire/limits.ts';
import { groupsGuessedIn } from '../../support/client-hello.ts';
import { openData } from '../../support/open-data.ts';
import { certificates, dir, endpoint, greet, greetOverTls, listeners, peers, serve } from './peers.ts';

/** Timers up to `ms` fire at once, longer ones never: silence without waiting. */
function impatient(ms: number): Clock {
  return { ...systemClock, after: (delay, fire) => (delay > ms ? { cancel: () => undefined } : systemClock.after(0, fire)) };
}

async function fingerprint(): Promise<string> {
  return new X509Certificate(await readFile(join(dir.path, 'server.pem'))).fingerprint256;
}

const named = (value: string) => ({ name: 'subjectAltName' as const, altNames: [{ type: 2 as const, value }] });

describe('dial', () => {
  it.each<[TlsMode, (peer: ServerTransport) => Promise<void>]>([
    ['none', greet],
    ['explicit', greet],
    ['implicit', greetOverTls],
  ])('hands over the greeting unread (tls %s)', async (tls, handle) => {
    const transport = await dial(endpoint(await serve(handle), tls));
    expect(String(await transport.read())).toBe('220 hello\r\n');
    expect(transport.secure).toBe(tls === 'implicit');
    transport.close();
  });

  it('hands it over to a reader, too, and what came behind it after it; one reader at a time', async () => {
    const transport = await dial(
      endpoint(
        await serve(async peer => {
          await greet(peer);
          await peer.read();
          await peer.end(Buffer.from('500 what\r\n'));
        }),
        'none',
      ),
    );
    const next = () => new Promise((take, fail) => transport.readFor({ take: chunk => take(String(chunk)), fail }));
    await expect(next()).resolves.toBe('220 hello\r\n');
    const answer = next();
    await expect(next()).rejects.toMatchObject({ message: 'two reads at once on one transport' });
    await expect(transport.read()).rejects.toMatchObject({ message: 'two reads at once on one transport' });
    await transport.write(Buffer.from('HELO\r\n'));
    await expect(answer).resolves.toBe('500 what\r\n');
    await expect(next()).resolves.toBe('undefined');
    await expect(transport.read()).resolves.toBeUndefined();
    transport.close();
  });

  it('brings chunks that stay as they are when more comes', async () => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    const kept: (Buffer | undefined)[] = [await transport.read()];
    for (const answer of ['200 one\r\n', '500 two\r\n']) {
      const next = transport.read();
      await peers[0]?.write(Buffer.from(answer));
      kept.push(await next);
    }
    await peers[0]?.write(Buffer.from('421 three\r\n'));
    await untilUnread(transport);
    expect(kept.map(String)).toEqual(['220 hello\r\n', '200 one\r\n', '500 two\r\n']);
    transport.close();
  });

  it('upgrades to TLS when asked', async () => {
    const port = await serve(async peer => {
      await greet(peer);
      await peer.read();
      await peer.write(Buffer.from('234 go\r\n'));
      await peer.startTlsServer(certificates.tls);
      await peer.write(Buffer.from('safe'));
    });
    const transport = await dial(endpoint(port, 'explicit'));
    await transport.read();
    await transport.write(Buffer.from('AUTH TLS\r\n'));
    await transport.read();
    await transport.startTls();
    expect(transport.secure).toBe(true);
    expect(String(await transport.read())).toBe('safe');
    transport.close();
  });

  it('refuses bytes that came before the TLS handshake', async () => {
    const port = await serve(async peer => {
      await greet(peer);
      await peer.read();
      await peer.write(Buffer.from('234 go\r\n'));
      await peer.write(Buffer.from('230 you are in\r\n'));
      await peer.write(Buffer.from('marker'));
    });
    const transport = await dial(endpoint(port, 'explicit'));
    await transport.read();
    await transport.write(Buffer.from('AUTH TLS\r\n'));
    for (let seen = ''; !seen.includes('go'); ) seen += String(await transport.read());
    await peers[0]?.write(Buffer.from('230 more\r\n'));
    await untilUnread(transport);
    await expect(transport.startTls()).rejects.toMatchObject({ code: 'plaintext-injected', retry: 'never' });
    await expect(transport.read()).resolves.toBeDefined();
  });
});

describe('dial refuses', () => {
  it('a certificate that nobody vouches for', async () => {
    const { caFile: _untrusted, ...bare } = endpoint(await serve(greetOverTls), 'implicit');
    await expect(dial(bare)).rejects.toMatchObject({
      code: 'tls-untrusted',
      retry: 'never',
      hint: expect.stringContaining('ca:'),
    });
  });

  it('a certificate for another name', async () => {
    const port = await serve(greetOverTls, '127.0.0.2');
    await expect(dial(endpoint(port, 'implicit', { host: '127.0.0.2' }))).rejects.toMatchObject({
      code: 'tls-name-mismatch',
      retry: 'never',
    });
  });

  it('a server that speaks newer TLS only than `tls-max`', async () => {
    const newest = async (peer: ServerTransport) => {
      await peer.startTlsServer({ ...certificates.tls, minVersion: 'TLSv1.3' });
      await greet(peer);
    };
    const server = endpoint(await serve(newest), 'implicit');
    await expect(dial({ ...server, tlsMax: '1.2' })).rejects.toMatchObject({
      code: 'tls-version-refused',
      retry: 'never',
      hint: expect.stringContaining('tls-max'),
    });
    (await dial({ ...server, tlsMax: '1.3' })).close();
  });

  it('a certificate with another fingerprint than the pinned one', async () => {
    const port = await serve(greetOverTls);
    const seen = await fingerprint();
    await expect(dial(endpoint(port, 'implicit', { fingerprint: `sha256:${'00'.repeat(32)}` }))).rejects.toMatchObject({
      code: 'tls-fingerprint-mismatch',
      message: expect.stringContaining(seen.replaceAll(':', '').toLowerCase()),
    });
    (await dial(endpoint(port, 'implicit', { fingerprint: `sha256:${seen}` }))).close();
  });

  it('a CA file that is none, and one that is not there', async () => {
    const port = await serve(greetOverTls);
    await expect(dial(endpoint(port, 'implicit', { caFile: join(dir.path, 'nowhere.pem') }))).rejects.toMatchObject({
      code: 'file-missing',
    });
    await expect(dial(endpoint(port, 'implicit', { caFile: join(dir.path, 'server-key.pem') }))).rejects.toMatchObject({
      code: 'ca-invalid',
    });
  });

  it('a CA file by what it holds now, also where it held another before', async () => {
    const caFile = join(dir.path, 'renewed.pem');
    const server = endpoint(await serve(greetOverTls), 'implicit', { caFile });
    await writeFile(caFile, rootCertificates[0] ?? '');
    await expect(dial(server)).rejects.toMatchObject({ code: 'tls-untrusted' });
    await copyFile(certificates.caFile, caFile);
    (await dial(server)).close();
  });

  it('to begin with TLS where the server begins in clear', async () => {
    const error = dial(endpoint(await serve(greet), 'implicit'));
    await expect(error).rejects.toMatchObject({ code: 'tls-mode-mismatch', hint: expect.stringContaining('tls: explicit') });
  });

  it.each<TlsMode>(['explicit', 'none'])('to begin in clear where the server waits for TLS (tls %s)', async tls => {
    const error = dial(endpoint(await serve(greetOverTls), tls), { clock: impatient(2_000) });
    await expect(error).rejects.toMatchObject({ code: 'tls-mode-mismatch', hint: expect.stringContaining('tls: implicit') });
  });

  it('a server that agrees to TLS, and goes on in clear', async () => {
    const port = await serve(async peer => {
      await greet(peer);
      await peer.read();
      await peer.write(Buffer.from('220 still in clear\r\n'));
    });
    const transport = await dial(endpoint(port, 'explicit'));
    await transport.read();
    await expect(transport.startTls()).rejects.toMatchObject({ code: 'tls-failed', message: expect.stringContaining('agreed') });
  });

  it('a server that never says anything', async () => {
    let longTimers = 0;
    const clock: Clock = {
      ...systemClock,
      after: (ms, fire) => (ms === 10_000 && ++longTimers === 2 ? systemClock.after(0, fire) : { cancel: () => undefined }),
    };
    const error = dial(endpoint(await serve(() => undefined), 'none'), { clock });
    await expect(error).rejects.toMatchObject({ code: 'timed-out', retry: 'reconnect' });
  });

  it('a port where nobody listens', async () => {
    const port = await serve(greet);
    await listeners.pop()?.close();
    await expect(dial(endpoint(port, 'none'))).rejects.toMatchObject({ code: 'connection-refused', retry: 'reconnect' });
  });

  it('this machine is found by its name wherever on it the server listens', async () => {
    const own = Object.values(networkInterfaces()).flatMap(addresses => addresses ?? []);
    const loopback = own.map(({ address }) => address).filter(address => ['127.0.0.1', '::1'].includes(address));
    expect(loopback).toContain('127.0.0.1');
    for (const address of loopback) {
      const transport = await dial(endpoint(await serve(greet, address), 'none', { host: 'LocalHost' }));
      expect([transport.remote.address, String(await transport.read())]).toEqual([address, '220 hello\r\n']);
      transport.close();
    }
  });

  it('a host that does not exist', async () => {
    await expect(dial(endpoint(21, 'none', { host: 'no-such-host.invalid' }))).rejects.toMatchObject({
      code: expect.stringMatching(/host-not-found|name-lookup-failed/),
    });
  });
});

describe('a transport', () => {
  it('stops at once when its signal aborts, before, while and after connecting', async () => {
    const port = await serve(greet);
    const gone = AbortSignal.abort(new CancelledError());
    await expect(dial(endpoint(port, 'none'), { signal: gone })).rejects.toMatchObject({ code: 'cancelled' });
    const controller = new AbortController();
    const transport = await dial(endpoint(port, 'none'), { signal: controller.signal });
    await transport.read();
    const pending = transport.read();
    controller.abort(new CancelledError());
    await expect(pending).rejects.toMatchObject({ code: 'cancelled' });
    await expect(transport.write(Buffer.from('x'))).rejects.toMatchObject({ code: 'cancelled' });
  });

  it.each([
    ['of one use', new Landing(1_000)],
    ['of any use', undefined],
  ])('takes the data connections with it that are still to come, %s', async (_, use) => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    const port = await serve(() => undefined);
    const data = openData(transport, port, use, true);
    const reason = new CancelledError();
    transport.close(reason);
    await expect(data).rejects.toBe(reason);
  });

  it.each([
    ['a little', Buffer.from('x')],
    ['more than the system takes at once', Buffer.alloc(16 * 1024 * 1024)],
  ])('of one use has not sent what its peer no longer takes: %s', async (_, last) => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    const failed = async () => {
      const accepted = Promise.withResolvers<ServerTransport>();
      const data = await openData(transport, await serve(accepted.resolve), 'sending', true);
      ((await accepted.promise) as SocketTransport).reset();
      return data.end(last).catch(reason => reason);
    };
    let error = await failed();
    // On a busy machine a reset may take its time.
    while (error === undefined) error = await failed();
    expect(error).toMatchObject({ code: 'connection-cut' });
    transport.close();
  });

  it.each([0, 1, 16 * 1024 * 1024])('of one use sends all of it before it ends: %i bytes', async bytes => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    const arrived = Promise.withResolvers<number>();
    const port = await serve(async peer => {
      let count = 0;
      for (let chunk = await peer.read(); chunk !== undefined; chunk = await peer.read()) count += chunk.length;
      arrived.resolve(count);
    });
    const data = await openData(transport, port, 'sending', true);
    await data.end(Buffer.alloc(bytes));
    data.close();
    expect(await arrived.promise).toBe(bytes);
    transport.close();
  });

  it('that was closed before TLS began on it fails at once', async () => {
    const port = await serve(peer => peer.close());
    const socket = connect({ host: '127.0.0.1', port });
    const transport = new SocketTransport(socket, new TlsClient(endpoint(port, 'explicit')), undefined, { tlsAtOnce: true });
    await once(socket, 'close');
    await expect(transport.startTls()).rejects.toMatchObject({ code: 'connection-cut' });
  });

  it.each(['none', 'implicit'] as const)('leaves nothing on the signal once it has ended (TLS %s)', async tls => {
    const answer = tls === 'none' ? greet : greetOverTls;
    const port = await serve(answer);
    const { signal } = new AbortController();
    const transport = await dial(endpoint(port, tls), { signal });
    const before = getEventListeners(signal, 'abort').length;
    const data = await openData(transport, port, undefined, tls === 'none');
    if (tls !== 'none') await data.startTls();
    await data.read();
    expect(getEventListeners(signal, 'abort')).toHaveLength(before);
    data.close();
    transport.close();
    while (getEventListeners(signal, 'abort').length > 0) await new Promise(resolve => setImmediate(resolve));
  });

  it.each([
    [undefined, 'TLSv1.3'],
    ['1.3', 'TLSv1.3'],
    ['1.2', 'TLSv1.2'],
  ] as const)('speaks no newer TLS than its control connection may, and resumes: %s', async (tlsMax, version) => {
    const seen: unknown[] = [];
    const server = createServer(certificates.tls, socket => {
      seen.push([socket.getProtocol(), socket.isSessionReused()]);
      socket.on('error', () => undefined).write('220 hello\r\n');
    });
    onTestFinished(() => void server.close());
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as { port: number };
    const transport = await dial(endpoint(port, 'implicit', tlsMax === undefined ? {} : { tlsMax }));
    await transport.read();
    for (let n = 0; n < 2; n++) {
      const data = await openData(transport, port);
      await data.startTls();
      expect(String(await data.read())).toBe('220 hello\r\n');
      data.close();
    }
    expect(seen).toEqual([
      [version, false],
      [version, true],
      [version, true],
    ]);
    transport.close();
  });

  it.each([
    ['P-256', 'TLSv1.3', [0x0017]],
    ['P-384', 'TLSv1.3', [0x0018]],
    ['X25519', 'TLSv1.3', [0x001d]],
    ['X25519', 'TLSv1.2', []],
  ] as const)('asks on a data connection for what its server agreed to: %s, %s', async (ecdhCurve, maxVersion, guessed) => {
    const port = await serve(async peer => {
      await peer.startTlsServer({ ...certificates.tls, ecdhCurve, maxVersion });
      await greet(peer);
    });
    const transport = await dial(endpoint(port, 'implicit'));
    await transport.read();
    const hellos: Buffer[] = [];
    const listening = serve(async peer => void hellos.push((await peer.read()) ?? Buffer.alloc(0)));
    const data = await openData(transport, await listening);
    const refused = data.startTls();
    refused.catch(() => undefined);
    while (hellos.length === 0) await new Promise(resolve => setImmediate(resolve));
    data.close();
    await expect(refused).rejects.toMatchObject({ code: 'cancelled' });
    expect(hellos.map(groupsGuessedIn)).toEqual([guessed]);
    transport.close();
  });

  it.each([
    ['P-256', [0x0017]],
    ['P-384', [0x0018]],
    // As at first: the groups of the day, which the server did not mind.
    ['X25519', expect.arrayContaining([0x001d])],
  ])('offers in later sessions what the server of the same endpoint asked for in the first: %s', async (ecdhCurve, guessed) => {
    const hellos: Buffer[] = [];
    const servers = [
      async (peer: ServerTransport) => {
        await peer.startTlsServer({ ...certificates.tls, ecdhCurve });
        await greet(peer);
      },
      async (peer: ServerTransport) => {
        hellos.push((await peer.read()) ?? Buffer.alloc(0));
        peer.close();
      },
    ];
    const server = endpoint(await serve(peer => servers.shift()?.(peer)), 'implicit');
    (await dial(server)).close();
    await expect(dial(server)).rejects.toMatchObject({ code: 'tls-failed' });
    expect(hellos.map(groupsGuessedIn)).toEqual([guessed]);
  });

  it.each([
    { shown: 'the same', of: 'localhost', pinned: true, answer: 'secured' },
    { shown: 'another', of: 'localhost', pinned: false, answer: 'secured' },
    { shown: 'another', of: 'localhost', pinned: true, answer: 'tls-fingerprint-mismatch' },
    { shown: 'another', of: 'elsewhere.example', pinned: false, answer: 'tls-name-mismatch' },
    { shown: 'an untrusted', of: 'localhost', pinned: false, answer: 'tls-untrusted' },
  ])('takes $shown certificate of $of on a data connection for what it is (pinned: $pinned)', async ({
    shown,
    of,
    pinned,
    answer,
  }) => {
    const other = await generate([{ name: 'commonName', value: of }], { keyType: 'ec', extensions: [named(of)] });
    const caFile = join(dir.path, `trusted ${shown} ${of} ${pinned}.pem`);
    await writeFile(caFile, `${await readFile(certificates.caFile, 'utf8')}\n${shown === 'another' ? other.cert : ''}`);
    const control = await serve(greetOverTls);
    // Tickets of its own: the data connection resumes nothing, so everything is checked.
    const { ticketKeys: _, ...own } = certificates.tls;
    const data = await serve(async peer => {
      await peer.startTlsServer(shown === 'the same' ? own : { ...own, cert: other.cert, key: other.private });
      await greet(peer);
    });
    const pin = pinned ? { fingerprint: await fingerprint() } : {};
    const transport = await dial(endpoint(control, 'implicit', { caFile, ...pin }));
    await transport.read();
    const opened = await openData(transport, data);
    const seen = await opened.startTls().then(
      () => 'secured',
      (error: { code: string }) => error.code,
    );
    expect(seen).toBe(answer);
    if (seen === 'secured') expect(String(await opened.read())).toBe('220 hello\r\n');
    opened.close();
    transport.close();
  });

  it('may be reset as soon as TLS is there, by either side', async () => {
    const port = await serve(greetOverTls);
    const transport = await dial(endpoint(port, 'implicit'));
    await transport.read();
    const resetting = await serve(async peer => {
      await peer.startTlsServer(certificates.tls);
      (peer as SocketTransport).reset();
    });
    for (let n = 0; n < 20; n++) {
      const data = await openData(transport, n % 2 === 0 ? resetting : port);
      await data.startTls().then(
        () => data.reset(),
        () => undefined,
      );
    }
    transport.close();
  });

  it.each(['ftp', 'pop3'] as const)('what nobody reads waits with the server, and nothing of it is lost (%s)', async type => {
    const bytes = Buffer.alloc(16 * UNREAD_BYTES_MAX, 'a line of text\r\n');
    const port = await serve(async peer => {
      await greet(peer);
      await peer.end(bytes);
    });
    const transport = await dial(endpoint(port, 'none', { type }));
    const chunks = [await transport.read()];
    for (let turn = 0; turn < 200; turn++) await nextTurn();
    expect((transport as unknown as SocketTransport).unreadBytes).toBeLessThan(2 * UNREAD_BYTES_MAX);
    for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) chunks.push(chunk);
    expect(
      Buffer.concat(chunks as Buffer[])
        .subarray('220 hello\r\n'.length)
        .equals(bytes),
    ).toBe(true);
    transport.close();
  });

  it('tells an orderly end from a cut', async () => {
    const farewell = (peer: ServerTransport) => greet(peer).then(() => peer.end());
    const orderly = await dial(endpoint(await serve(farewell), 'none'));
    await orderly.read();
    expect(await orderly.read()).toBeUndefined();
    expect(await orderly.read()).toBeUndefined();
    const port = await serve(greet);
    const cut = await dial(endpoint(port, 'none'));
    await cut.read();
    const pending = cut.read();
    peers.at(-1)?.close();
    expect(
      await pending.then(
        () => 'ended',
        (error: { code: string }) => error.code,
      ),
    ).toMatch(/ended|connection-cut/);
  });

  it('says at once that the peer has closed it while nobody was reading', async () => {
    const port = await serve(async peer => {
      await greet(peer);
      peer.close();
    });
    const transport = await dial(endpoint(port, 'none'));
    await transport.read();
    expect(await transport.read()).toBeUndefined();
    // The first may still leave, towards nobody.
    const write = () => transport.write(Buffer.from('NOOP\r\n'));
    await write().then(nextTurn, () => undefined);
    await expect(write()).rejects.toMatchObject({ code: 'connection-cut' });
  });

  it('is closed by a deadline, which names what was waited for', async () => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    await transport.read();
    const work = withDeadline(transport, impatient(30_000), 30_000, 'the answer to NOOP', () => transport.read());
    await expect(work).rejects.toMatchObject({ code: 'timed-out', message: expect.stringContaining('the answer to NOOP') });
  });

  it('refuses two readers', async () => {
    const transport = await dial(endpoint(await serve(greet), 'none'));
    await transport.read();
    const first = transport.read();
    await expect(transport.read()).rejects.toMatchObject({ code: 'misuse' });
    transport.close();
    await expect(first).rejects.toMatchObject({ code: 'cancelled' });
  });
});

/** Waits until the kernel has handed over what the peer sent, without reading it. */
async function untilUnread(transport: unknown): Promise<void> {
  while ((transport as SocketTransport).unreadBytes === 0) await new Promise(resolve => setImmediate(resolve));
}
