import { createServer, type RequestListener, type Server } from 'node:http';
import type { Socket } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { check } from '../../../src/core/schema.ts';
import { BODY_BYTES_MAX, shownUrl } from '../../../src/steps/http-check/check.ts';
import { httpCheck } from '../../../src/steps/http-check/index.ts';
import { unreachable } from '../../../src/steps/http-check/unreachable.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { settled, VirtualClock } from '../../support/virtual-clock.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function serve(answer: RequestListener): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as { port: number }).port}`;
}

function run(settings: Record<string, unknown>, overrides: Partial<StepContext> = {}) {
  const config = check(httpCheck.schema, settings);
  if (!config.ok) throw new Error(JSON.stringify(config.issues));
  return httpCheck.run(config.value, { signal: new AbortController().signal, clock: systemClock, ...overrides } as StepContext);
}

describe('http/check', () => {
  it('gives status, time and size of a good answer', async () => {
    const url = await serve((_, response) => response.end('hello world'));
    expect(await run({ url, contains: 'o w' })).toEqual({ status: 200, ms: expect.any(Number), bytes: 11 });
  });

  it('follows redirects', async () => {
    const url = await serve((request, response) => {
      if (request.url === '/') response.writeHead(302, { location: '/there' }).end();
      else response.end('there');
    });
    expect(await run({ url, contains: 'there' })).toMatchObject({ status: 200 });
  });

  it.each([
    [404, 'never'],
    [401, 'never'],
    [429, 'later'],
    [500, 'later'],
    [503, 'later'],
  ])('refuses %i, to be tried again: %s', async (status, retry) => {
    const url = await serve((_, response) => response.writeHead(status).end());
    await expect(run({ url })).rejects.toMatchObject({ code: 'http-status', retry });
    expect(await run({ url, status: [200, status] })).toMatchObject({ status });
  });

  it('refuses an answer without the text', async () => {
    const url = await serve((_, response) => response.end('hello'));
    await expect(run({ url, contains: 'bye' })).rejects.toMatchObject({ code: 'http-content', retry: 'never' });
  });

  it('reads no more than its limit of an endless answer', async () => {
    const url = await serve((_, response) => {
      const more = () => {
        while (response.write(Buffer.alloc(65_536, 'x')));
        response.once('drain', more);
      };
      more();
    });
    expect(await run({ url })).toMatchObject({ bytes: BODY_BYTES_MAX });
  });

  it('says that nobody answers', async () => {
    const url = await serve(() => undefined);
    servers[0]?.close();
    await expect(run({ url })).rejects.toMatchObject({ code: 'http-unreachable', retry: 'reconnect', hint: expect.anything() });
  });

  it('says that an answer was cut off', async () => {
    const url = await serve((_, response) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('only this', () => response.destroy());
    });
    await expect(run({ url })).rejects.toMatchObject({ code: 'http-unreachable', retry: 'reconnect' });
  });

  it('says that what answers is no web server', async () => {
    const url = await serve(() => undefined);
    servers[0]?.removeAllListeners('connection').on('connection', (socket: Socket) => socket.write('220 ftp ready\r\n'));
    const message = expect.stringContaining('does not speak HTTP');
    await expect(run({ url })).rejects.toMatchObject({ code: 'http-unreachable', retry: 'never', message });
    const overTls = url.replace('http:', 'https:');
    await expect(run({ url: overTls })).rejects.toMatchObject({
      code: 'http-unreachable',
      retry: 'never',
      message: expect.stringContaining('does not speak TLS'),
    });
  });

  it('does not follow redirects for ever', async () => {
    const url = await serve((_, response) => response.writeHead(302, { location: '/' }).end());
    await expect(run({ url })).rejects.toMatchObject({
      code: 'http-unreachable',
      retry: 'never',
      message: expect.stringContaining('in a circle'),
    });
  });

  it('looks at a redirect itself where one is expected', async () => {
    const url = await serve((_, response) => response.writeHead(301, { location: 'http://127.0.0.1:1/' }).end());
    expect(await run({ url, status: 301 })).toMatchObject({ status: 301 });
  });

  it('gives up after its timeout', async () => {
    const clock = new VirtualClock();
    const asked = Promise.withResolvers<void>();
    const url = await serve(() => asked.resolve());
    const work = run({ url, timeout: '3s' }, { clock });
    const failed = expect(work).rejects.toMatchObject({
      code: 'http-timed-out',
      retry: 'reconnect',
      message: expect.stringContaining('3.0 s'),
    });
    await asked.promise;
    await clock.advance(3_000);
    await failed;
  });

  it('stops when it is cancelled', async () => {
    const stop = new AbortController();
    const asked = Promise.withResolvers<void>();
    const url = await serve(() => asked.resolve());
    const failed = expect(run({ url }, { signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
    await asked.promise;
    await settled();
    stop.abort(new CancelledError());
    await failed;
  });

  it('signs in with the user of the address, and shows no password', async () => {
    let header: string | undefined;
    const url = await serve((request, response) => {
      header = request.headers.authorization;
      response.writeHead(403).end();
    });
    const error = await run({ url: url.replace('//', '//me:p%40ss@') }).catch((cause: unknown) => cause);
    expect(header).toBe(`Basic ${Buffer.from('me:p@ss').toString('base64')}`);
    expect((error as Error).message).not.toContain('p%40ss');
    expect(shownUrl('https://a:b@c.example/x')).toBe('https://c.example/x');
  });

  it.each(['ftp://x', 'javascript:x', 'x', 'http://', ''])('takes no address like %j', url => {
    expect(check(httpCheck.schema, { url }).ok).toBe(false);
  });
});

describe('unreachable', () => {
  const failed = (code: string) => new TypeError('fetch failed', { cause: Object.assign(new Error(`raw ${code}`), { code }) });

  it.each([
    ['ENOTFOUND', 'never', 'no host of that name'],
    ['EAI_AGAIN', 'reconnect', 'could not be looked up'],
    ['ECONNRESET', 'reconnect', 'cut the connection'],
    ['UND_ERR_CONNECT_TIMEOUT', 'reconnect', 'no answer'],
    ['DEPTH_ZERO_SELF_SIGNED_CERT', 'never', 'self-signed'],
    ['ERR_TLS_CERT_ALTNAME_INVALID', 'never', 'another name'],
    ['CERT_HAS_EXPIRED', 'never', 'expired'],
    ['EUNKNOWN', 'reconnect', 'raw EUNKNOWN'],
  ])('puts %s into words, to be tried again: %s', (code, retry, words) => {
    const error = unreachable(failed(code), 'https://x.example/');
    expect(error).toMatchObject({ code: 'http-unreachable', retry, hint: expect.stringMatching(/\w/) });
    expect(error.message).toContain(words);
  });

  it('looks into errors that hold several', () => {
    const refused = Object.assign(new Error('connect ECONNREFUSED ::1:1'), { code: 'ECONNREFUSED' });
    const several = Object.assign(new AggregateError([refused, refused]), { code: 'ECONNREFUSED' });
    const error = unreachable(new TypeError('fetch failed', { cause: several }), 'http://localhost:1/');
    expect(error.message).toBe('cannot fetch http://localhost:1/: nothing answers on that port');
  });
});
