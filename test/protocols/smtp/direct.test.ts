// Delivery to the recipients' own servers: which are tried, in which order, and what becomes of each recipient.
import { describe, expect, it } from 'vitest';
import { AppError, BrokenSessionError } from '../../../src/core/errors.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { connectDirect } from '../../../src/protocols/smtp/direct.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type ModelOptions, ModelServer } from './model-server.ts';

const clock = new VirtualClock();
const ENDPOINT: Endpoint = {
  name: 'd',
  type: 'smtp',
  host: 'direct',
  port: 25,
  tls: 'explicit',
  timeoutMs: 1_000,
  hostname: 'c.test',
  delivery: 'direct',
};

function world(servers: Readonly<Record<string, ModelOptions | 'down'>>) {
  const models = new Map<string, ModelServer>();
  const dialled: Endpoint[] = [];
  const client = connectDirect(ENDPOINT, {
    clock,
    dial: async (endpoint, options) => {
      dialled.push(endpoint);
      const server = servers[endpoint.host];
      if (server === undefined || server === 'down')
        throw new BrokenSessionError('connection-refused', `${endpoint.host} is down`);
      const model = new ModelServer(server);
      models.set(endpoint.host, model);
      return model.dial(endpoint, options);
    },
    hosts: async domain => {
      if (domain === 'nowhere.org') throw new AppError('domain-missing', 'nobody takes mail for nowhere.org');
      if (domain === 'later.org') throw new AppError('name-lookup-failed', 'not just now', { retry: 'later' });
      return [`mx1.${domain}`, `mx2.${domain}`];
    },
  });
  const send = (...to: readonly string[]) => client.send({ from: 'r@own.org', to }, Buffer.from('hello\r\n'));
  return { models, dialled, send };
}

const GOOD: ModelOptions = { offers: ['PIPELINING'] };
const shown = (result: Awaited<ReturnType<ReturnType<typeof world>['send']>>) =>
  result.recipients.map(({ address, status }) => `${address} ${status}`);

describe('direct delivery', () => {
  it('goes to each domain once, with all its recipients, never to whom it does not concern', async () => {
    const { models, dialled, send } = world({ 'mx1.a.org': GOOD, 'mx1.b.org': GOOD });
    expect(shown(await send('x@a.org', 'z@b.org', 'y@a.org', 'n@nowhere.org', 'l@later.org'))).toEqual([
      'x@a.org accepted',
      'z@b.org accepted',
      'y@a.org accepted',
      'n@nowhere.org rejected',
      'l@later.org deferred',
    ]);
    expect(models.get('mx1.a.org')?.taken).toEqual([{ from: 'r@own.org', to: ['x@a.org', 'y@a.org'], data: 'hello\r\n' }]);
    expect(models.get('mx1.b.org')?.taken[0]?.to).toEqual(['z@b.org']);
    expect(
      dialled.every(
        ({ user, password, tls, unauthenticated }) =>
          user === undefined && password === undefined && tls === 'explicit' && unauthenticated,
      ),
    ).toBe(true);
  });

  it('goes to the next server where one is down or busy, and is put off where all are', async () => {
    const busy = { ...GOOD, answer: (line: string) => (line.startsWith('EHLO') ? '421 busy' : undefined) };
    const { models, send } = world({
      'mx1.a.org': 'down',
      'mx2.a.org': GOOD,
      'mx1.b.org': busy,
      'mx2.b.org': GOOD,
      'mx1.c.org': 'down',
      'mx2.c.org': 'down',
    });
    expect(shown(await send('x@a.org', 'x@b.org', 'x@c.org'))).toEqual([
      'x@a.org accepted',
      'x@b.org accepted',
      'x@c.org deferred',
    ]);
    expect([models.get('mx2.a.org')?.taken.length, models.get('mx2.b.org')?.taken.length]).toEqual([1, 1]);
  });

  it('stays with the server that answered: greylisted is put off, refused is refused, unknown is left alone', async () => {
    const reply = (text: string) => ({ ...GOOD, answer: (line: string) => (line.startsWith('RCPT') ? text : undefined) });
    const { dialled, send } = world({
      'mx1.a.org': reply('450 greylisted'),
      'mx1.b.org': reply('550 nobody'),
      'mx1.c.org': { ...GOOD, says: 85 },
    });
    const result = await send('x@a.org', 'x@b.org', 'x@c.org');
    expect(shown(result)).toEqual(['x@a.org deferred', 'x@b.org rejected', 'x@c.org indeterminate']);
    expect(dialled.map(({ host }) => host)).toEqual(['mx1.a.org', 'mx1.b.org', 'mx1.c.org']);
  });
});
