// What a monitor hears of a run, and what of one that does not answer: it never holds a run up, nor fails it.
import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import { PING_MS_MAX, pinger } from '../../../src/app/run/ping.ts';
import { Redactor, Secret } from '../../../src/core/secret.ts';
import { loadJobText } from '../../support/job-text.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

async function rig(answer: RequestListener) {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/check`;
  const { job } = await loadJobText(`ping: ${url}\nsteps: [{ id: a, run: "true" }]\n`);
  const clock = new VirtualClock();
  const said: string[] = [];
  const ping = await pinger({
    ...{ job, clock, redactor: new Redactor(), vars: {}, env: {}, runId: 'r', say: line => said.push(line) },
    resolveSecret: async name => new Secret(name),
    tokensOf: () => async () => new Secret('x'),
  });
  return { clock, said, ping: ping ?? (() => Promise.reject(new Error('no ping'))) };
}

/** Of the monitor: somebody asks, and nobody answers. */
function asked(): { readonly come: Promise<void>; readonly listener: RequestListener } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { come: promise, listener: () => resolve() };
}

it('a monitor that never answers is given up after ten seconds, and named', async () => {
  const { come, listener } = asked();
  const { clock, said, ping } = await rig(listener);
  let over = false;
  const done = ping('/start').then(() => {
    over = true;
  });
  await come;
  await clock.advance(PING_MS_MAX - 1);
  expect([over, said]).toEqual([false, []]);
  await clock.advance(1);
  await done;
  expect(said).toEqual(['ping/start: no answer within 10.0 s']);
});

it('what a monitor answers is not read, but a refusal is told', async () => {
  const { said, ping } = await rig((_, reply) => reply.writeHead(404).write('and so on'));
  await ping('/fail', 'why');
  expect(said).toEqual(['ping/fail: the monitor answered 404']);
});
