// Many mails over one session, on every rung of the speed ladder: what is sent when, and what is said when the dialogue is cut anywhere.
import { describe, expect, it } from 'vitest';
import type { Dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import {
  connectSmtp,
  type OutgoingMail,
  rememberChunking,
  type SendResult,
  type ServerMemory,
  type SmtpClient,
  sendPooled,
  type Technique,
} from '../../../src/protocols/smtp/index.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';
import { type ModelOptions, ModelServer, type Taken } from './model-server.ts';

const clock = new VirtualClock();
const ENDPOINT: Endpoint = { name: 'm', type: 'smtp', host: 'm', port: 25, tls: 'none', timeoutMs: 1_000, hostname: 'c.test' };
const TECHNIQUES: readonly Technique[] = ['lock-step', 'group', 'overlap', 'chunks'];

function memory(known: Readonly<Record<string, unknown>> = {}): ServerMemory & { readonly values: Map<string, unknown> } {
  const values = new Map(Object.entries(known));
  return { values, get: async key => values.get(key), put: async (key, value) => void values.set(key, value) };
}

async function memoryFor(technique: Technique): Promise<ServerMemory> {
  const known = memory({ 'smtp-ceiling': { value: technique, at: clock.now() } });
  if (technique === 'chunks') await rememberChunking(true, known, clock);
  return known;
}

const OFFERS = ['PIPELINING', 'CHUNKING', '8BITMIME'];

async function connect(server: ModelServer, technique: Technique): Promise<SmtpClient> {
  return connectSmtp(ENDPOINT, { dial: server.dial, clock, memory: await memoryFor(technique) });
}

interface Mail extends OutgoingMail {
  readonly id: string;
}

function mail(id: string, to: readonly string[] = [`${id}@x.org`]): Mail {
  return { id, envelope: { from: 'r@x.org', to }, message: Buffer.from(`.${id}\r\n`) };
}

/** Recipients by what the server below makes of them, a mail that it refuses, one that it puts off. */
const MAILS = [
  mail('a'),
  mail('b', ['good@x.org', 'bad@x.org', 'later@x.org']),
  mail('c', ['bad@x.org']),
  mail('d'),
  mail('refused'),
  mail('e'),
];
const answer = (line: string) =>
  line.startsWith('RCPT TO:<bad@')
    ? '550 nobody'
    : line.startsWith('RCPT TO:<later@')
      ? '450 later'
      : line.startsWith('RCPT TO:<refused@')
        ? '250 ok'
        : undefined;

type Told = Map<string, SendResult | Error>;

async function sendAll(client: SmtpClient, mails: readonly Mail[]): Promise<Told> {
  const told: Told = new Map();
  await client.sendAll(mails.values(), (one, outcome) => {
    if (told.has(one.id)) throw new Error(`${one.id} is told twice`);
    told.set(one.id, outcome);
  });
  await client.quit();
  return told;
}

const statuses = (outcome: SendResult | Error | undefined) =>
  outcome instanceof Error ? 'error' : outcome?.recipients.map(({ status }) => status).join(' ');

describe.each(TECHNIQUES)('%s', technique => {
  it('sends every mail, once, dots and all, and matches every reply', async () => {
    for (const piece of [1, 7, 1_000]) {
      const server = new ModelServer({ offers: OFFERS, answer, piece });
      const client = await connect(server, technique);
      expect(client.technique).toBe(technique);
      const told = await sendAll(client, MAILS);
      expect([...told].map(([id, outcome]) => `${id}: ${statuses(outcome)}`)).toEqual([
        'a: accepted',
        'b: accepted rejected deferred',
        'c: rejected',
        'd: accepted',
        'refused: accepted',
        'e: accepted',
      ]);
      expect(server.taken.map(({ to, data }) => `${to} ${data}`)).toEqual(
        ['a@x.org .a', 'good@x.org .b', 'd@x.org .d', 'refused@x.org .refused', 'e@x.org .e'].map(text => `${text}\r\n`),
      );
    }
  });

  it('takes as many round trips as it promises', async () => {
    const server = new ModelServer({ offers: OFFERS });
    const client = await connect(server, technique);
    const before = server.roundTrips;
    await client.sendAll(Array.from({ length: 20 }, (_, index) => mail(`m${index}`)).values(), () => undefined);
    const trips = server.roundTrips - before;
    expect(trips).toBe({ 'lock-step': 80, group: 40, overlap: 21, chunks: 1 }[technique]);
  });

  it.each([
    'receives',
    'says',
  ] as const)('cut at every byte (%s): what is said is what happened, and a rerun doubles nothing', async cut => {
    const whole = new ModelServer({ offers: OFFERS, answer });
    await sendAll(await connect(whole, technique), MAILS);
    const total = cut === 'receives' ? whole.received : whole.said;
    for (let at = 1; at <= total; at++) {
      const server = new ModelServer({ offers: OFFERS, answer, [cut]: at });
      const told: Told = await connect(server, technique).then(
        client => sendAll(client, MAILS),
        () => new Map(),
      );
      for (const one of MAILS) compare(one, told.get(one.id), server.taken, `${cut} ${at}`);
      await rerun(told, server.taken, technique, `${cut} ${at}`);
    }
  });
});

function copies(taken: readonly Taken[], { id }: Mail, address: string): number {
  return taken.filter(({ to, data }) => data === `.${id}\r\n` && to.includes(address)).length;
}

/** The outcome against what the server really has. */
function compare(one: Mail, outcome: SendResult | Error | undefined, taken: readonly Taken[], where: string): void {
  for (const address of one.envelope.to) {
    const has = copies(taken, one, address);
    const status =
      outcome === undefined || outcome instanceof Error
        ? 'not-sent'
        : (outcome.recipients.find(recipient => recipient.address === address)?.status ?? 'missing');
    const possible = status === 'indeterminate' ? [0, 1] : [status === 'accepted' ? 1 : 0];
    expect(possible, `${where}: ${one.id} to ${address} is ${status}`).toContain(has);
  }
}

/** Sends what certainly did not get through, as the outbox does. */
async function rerun(told: Told, taken: Taken[], technique: Technique, where: string): Promise<void> {
  const again = MAILS.flatMap((one): Mail[] => {
    const outcome = told.get(one.id);
    const to = one.envelope.to.filter(address => {
      if (outcome === undefined || outcome instanceof Error) return true;
      return ['deferred', 'not-sent'].includes(outcome.recipients.find(recipient => recipient.address === address)?.status ?? '');
    });
    return to.length === 0 ? [] : [{ ...one, envelope: { ...one.envelope, to } }];
  });
  const server = new ModelServer({ offers: OFFERS, answer: line => (line.includes('<bad@') ? '550 no' : undefined) }, taken);
  await sendAll(await connect(server, technique), again);
  for (const one of MAILS) {
    for (const address of one.envelope.to) {
      const has = copies(taken, one, address);
      expect(has, `${where}: copies of ${one.id} for ${address}`).toBeLessThanOrEqual(1);
      const outcome = told.get(one.id);
      const unknown = !(outcome instanceof Error) && outcome?.outcome === 'indeterminate';
      if (!unknown && !address.startsWith('bad@')) expect(has, `${where}: ${one.id} for ${address} arrives`).toBe(1);
    }
  }
}

describe('a session', () => {
  const run = async (options: ModelOptions, technique: Technique, known = memory()) => {
    const server = new ModelServer(options);
    const client = await connectSmtp(ENDPOINT, { dial: server.dial, clock, memory: known });
    void technique;
    const told = await sendAll(client, MAILS);
    return { server, client, told };
  };

  it('starts no body before a 354, and ends with the session', async () => {
    const { told, server } = await run(
      { offers: OFFERS, answer: line => (line === '.' ? '421 going down' : undefined) },
      'overlap',
    );
    expect([...told].map(([id, outcome]) => `${id}: ${statuses(outcome)}`)).toEqual(['a: deferred', 'b: error', 'c: error']);
    expect(server.taken).toEqual([]);
  });

  it('that loses its step goes one rung down for this server, for thirty days', async () => {
    const known = memory();
    const confused = { offers: OFFERS, answer: (line: string) => (line === 'DATA' ? '250 ok\r\n354 go' : undefined) };
    const { client, told } = await run(confused, 'overlap', known);
    expect([client.technique, statuses(told.get('a'))]).toEqual(['overlap', 'error']);
    expect((await run({ offers: OFFERS }, 'group', known)).client.technique).toBe('group');
    const later = new VirtualClock(clock.now() + 30 * 86_400_000);
    const server = new ModelServer({ offers: OFFERS });
    expect((await connectSmtp(ENDPOINT, { dial: server.dial, clock: later, memory: known })).technique).toBe('overlap');
  });

  it('without PIPELINING goes in lock step whatever is remembered', async () => {
    const server = new ModelServer({ offers: ['CHUNKING'] });
    expect((await connect(server, 'chunks')).technique).toBe('lock-step');
  });

  it('tells a mail that cannot be sent and goes on', async () => {
    const server = new ModelServer({ offers: OFFERS });
    const client = await connect(server, 'overlap');
    const odd = { ...mail('odd'), envelope: { from: 'nobody', to: ['x@x.org'] } };
    const told = await sendAll(client, [mail('a'), odd, mail('b')]);
    expect([...told].map(([id, outcome]) => `${id}: ${statuses(outcome)}`).sort()).toEqual([
      'a: accepted',
      'b: accepted',
      'odd: error',
    ]);
  });

  it('has told what became of a mail before the next one may be with the server, though it tells late', async () => {
    const client = await connect(new ModelServer({ offers: OFFERS }), 'overlap');
    const seen: string[] = [];
    const mails = ['a', 'b', 'c'].map(id => ({
      ...mail(id),
      info: { onDataSent: async ([to]: readonly string[]) => void seen.push(`${to} leaves`) },
    }));
    await client.sendAll(mails.values(), (one, outcome) => seen.push(`${one.id} ${statuses(outcome)}`));
    expect(seen).toEqual(['a', 'b', 'c'].flatMap(id => [`${id}@x.org leaves`, `${id} accepted`]));
  });

  it('does not hold the end of a mail back for one that is not there yet', async () => {
    const server = new ModelServer({ offers: OFFERS });
    const client = await connect(server, 'overlap');
    let give: (result: IteratorResult<Mail>) => void = () => undefined;
    const waiting = new Promise<IteratorResult<Mail>>(resolve => {
      give = resolve;
    });
    const answers = [Promise.resolve({ done: false, value: mail('a') } as IteratorResult<Mail>), waiting];
    const source: AsyncIterator<Mail> = { next: async () => (await answers.shift()) ?? { done: true, value: undefined } };
    const told: string[] = [];
    const work = client.sendAll(source, ({ id }) => {
      told.push(id);
      if (id === 'a') give({ done: false, value: mail('b') });
    });
    await work;
    expect(told).toEqual(['a', 'b']);
  });
});

describe('proof of chunking', () => {
  it.each([
    ['a server that throws the chunk away', {}, 'proven'],
    ['a server that reads it', { readsChunks: true }, 'refuted'],
    [
      'a server that takes any recipient',
      { answer: (line: string) => (line.startsWith('RCPT') ? '250 sure' : undefined) },
      'unknown',
    ],
    ['a server that does not offer it', { offers: ['PIPELINING'] }, 'not-offered'],
    ['a server that goes silent', { receives: 60 }, 'refuted'],
  ])('%s', async (_what, options, proof) => {
    const server = new ModelServer({ offers: OFFERS, ...options });
    const client = await connect(server, 'overlap');
    expect(await client.proveChunking()).toBe(proof);
    expect([client.usable, server.taken]).toEqual([false, []]);
  });
});

describe('a batch', () => {
  /** What is read took so long to come. */
  const faraway =
    (dial: Dial, ms: number): Dial =>
    async (to, options) => {
      const transport = await dial(to, options);
      const read = transport.read.bind(transport);
      transport.read = async () => {
        await clock.advance(ms);
        return read();
      };
      return transport;
    };
  const batch = async (options: Partial<ModelOptions>, known = memory(), roundTripMs = 10) => {
    const server = new ModelServer({ offers: OFFERS, ...options });
    const dial = faraway(server.dial, roundTripMs);
    const client = await connectSmtp(ENDPOINT, { dial, clock, memory: known, batch: true });
    return { server, client, known };
  };
  const sessions = (server: ModelServer) => server.lines.filter(line => line.startsWith('EHLO')).length;

  it('asks its server once whether it throws a refused chunk away, and then keeps a few mails on their way', async () => {
    const { server, client, known } = await batch({});
    expect([client.technique, sessions(server), server.taken]).toEqual(['chunks', 2, []]);
    const before = server.roundTrips;
    const told = await sendAll(
      client,
      Array.from({ length: 20 }, (_, index) => mail(`m${index}`)),
    );
    const trips = server.roundTrips - before;
    expect([...told.values()].map(statuses)).toEqual(Array(20).fill('accepted'));
    expect(trips).toBeLessThan(20);
    expect(server.unansweredMax).toBeLessThanOrEqual(4);
    const again = await batch({}, known);
    expect([again.client.technique, sessions(again.server)]).toEqual(['chunks', 1]);
  });

  it.each([
    ['a server that reads the chunk as commands', { readsChunks: true }, 2],
    ['a server without CHUNKING', { offers: ['PIPELINING'] }, 1],
  ])('sends no chunk to %s', async (_what, options, count) => {
    const { server, client, known } = await batch(options);
    expect([client.technique, sessions(server)]).toEqual(['overlap', count]);
    const later = await batch(options, known);
    expect([later.client.technique, sessions(later.server)]).toEqual(['overlap', 1]);
  });

  it('asks no server nearby, and sends it one mail after the other even when it is proven', async () => {
    const near = await batch({}, memory(), 9);
    expect([near.client.technique, sessions(near.server)]).toEqual(['overlap', 1]);
    const proven = memory({ 'smtp-chunking': { value: 'proven-by-batch', at: clock.now() } });
    expect((await batch({}, proven, 9)).client.technique).toBe('overlap');
    expect((await batch({}, proven, 10)).client.technique).toBe('chunks');
  });

  it('asks no server that stumbled lately', async () => {
    const { client, server } = await batch({}, memory({ 'smtp-ceiling': { value: 'group', at: clock.now() } }));
    expect([client.technique, sessions(server)]).toEqual(['group', 1]);
  });
});

describe('a pool', () => {
  it('shares one source, replaces broken sessions, and tells every mail once', async () => {
    const taken: Taken[] = [];
    const cuts = [400, 700, 1_200];
    const mails = Array.from({ length: 60 }, (_, index) => mail(`m${index}`));
    const told = new Map<string, string | undefined>();
    await sendPooled(mails.values(), ({ id }, outcome) => void told.set(id, statuses(outcome)), {
      clock,
      connections: 2,
      connect: () => {
        const receives = cuts.shift();
        return connect(new ModelServer({ offers: OFFERS, ...(receives === undefined ? {} : { receives }) }, taken), 'overlap');
      },
    });
    expect([told.size, cuts.length]).toEqual([60, 0]);
    for (const one of mails) {
      const has = copies(taken, one, `${one.id}@x.org`);
      if (told.get(one.id) === 'accepted') expect(has).toBe(1);
      if (told.get(one.id) === 'error') expect(has).toBe(0);
    }
    expect([...told.values()].filter(status => status === 'accepted').length).toBeGreaterThan(50);
  });

  it('keeps to its rate', async () => {
    const own = new VirtualClock();
    const server = new ModelServer({ offers: OFFERS });
    const times: number[] = [];
    const mails = Array.from({ length: 5 }, (_, index) => mail(`m${index}`)).values();
    const work = sendPooled(mails, () => void times.push(own.elapsed()), {
      clock: own,
      connections: 1,
      mailsPerSecond: 2,
      connect: () => connect(server, 'overlap'),
    });
    await own.until(work);
    expect(times).toEqual([0, 500, 1_000, 1_500, 2_000]);
  });

  it('gives up on a server that breaks every session', async () => {
    const work = sendPooled(Array.from({ length: 20 }, (_, index) => mail(`m${index}`)).values(), () => undefined, {
      clock,
      connections: 1,
      connect: () =>
        connect(new ModelServer({ offers: OFFERS, answer: line => (line.startsWith('MAIL') ? '421 no' : undefined) }), 'overlap'),
    });
    await expect(work).rejects.toMatchObject({ code: 'server-breaks-off' });
  });
});

describe('an envelope', () => {
  const send = async (offers: readonly string[], more: Partial<OutgoingMail['envelope']>) => {
    const server = new ModelServer({ offers });
    const client = await connectSmtp(ENDPOINT, { dial: server.dial, clock });
    await client.send({ from: 'r@x.org', to: ['a+b@x.org', 'jörg@x.org'.replace('ö', 'oe')], ...more }, Buffer.from('x\r\n'));
    return server.lines.filter(line => /^(MAIL|RCPT)/.test(line));
  };

  it('asks for notices where the server gives them (RFC 3461)', async () => {
    const notify = { when: ['failure', 'delay'], returns: 'headers', id: 'a b+1' } as const;
    expect(await send(['DSN'], { notify })).toEqual([
      'MAIL FROM:<r@x.org> RET=HDRS ENVID=a+20b+2B1',
      'RCPT TO:<a+b@x.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a+2Bb@x.org',
      'RCPT TO:<joerg@x.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;joerg@x.org',
    ]);
    expect((await send(['DSN'], { notify: { when: [] } }))[1]).toContain('NOTIFY=NEVER');
    expect(await send(['PIPELINING'], { notify })).toEqual([
      'MAIL FROM:<r@x.org>',
      'RCPT TO:<a+b@x.org>',
      'RCPT TO:<joerg@x.org>',
    ]);
  });

  it('demands TLS on the whole way, or is not sent (RFC 8689)', async () => {
    expect((await send(['REQUIRETLS'], { requireTls: true }))[0]).toBe('MAIL FROM:<r@x.org> REQUIRETLS');
    await expect(send(['PIPELINING'], { requireTls: true })).rejects.toMatchObject({ code: 'requiretls-missing' });
  });
});

describe('what the connection wants for every mail', () => {
  const envelope = async (settings: Partial<Endpoint>, offers: readonly string[]) => {
    const server = new ModelServer({ offers });
    const client = await connectSmtp({ ...ENDPOINT, ...settings }, { dial: server.dial, clock });
    await client.send({ from: 'r@x.org', to: ['a@x.org'] }, Buffer.from('x\r\n'));
    return server.lines.filter(line => /^(MAIL|RCPT)/.test(line));
  };

  it('is told to the server: notices', async () => {
    expect(await envelope({ dsn: ['failure', 'delay'] }, ['DSN'])).toEqual([
      'MAIL FROM:<r@x.org> RET=HDRS',
      'RCPT TO:<a@x.org> NOTIFY=FAILURE,DELAY ORCPT=rfc822;a@x.org',
    ]);
    expect((await envelope({ dsn: ['never'] }, ['DSN']))[1]).toContain('NOTIFY=NEVER');
  });

  it('is told to the server: TLS on the whole way, over a server that is verified itself', async () => {
    const secured = { requireTls: true, tls: 'implicit' } as const;
    expect((await envelope(secured, ['REQUIRETLS']))[0]).toBe('MAIL FROM:<r@x.org> REQUIRETLS');
    await expect(envelope(secured, ['DSN'])).rejects.toMatchObject({ code: 'requiretls-missing' });
    await expect(envelope({ requireTls: true }, ['REQUIRETLS'])).rejects.toMatchObject({ code: 'requiretls-missing' });
    const direct = { ...secured, unauthenticated: true } as const;
    await expect(envelope(direct, ['REQUIRETLS'])).rejects.toMatchObject({ code: 'requiretls-missing' });
  });

  it('LMTP by the connection alone, never in chunks and never asked about them', async () => {
    const server = new ModelServer({ offers: OFFERS, lmtp: true });
    const known = await memoryFor('chunks');
    const client = await connectSmtp({ ...ENDPOINT, protocol: 'lmtp' }, { dial: server.dial, clock, memory: known, batch: true });
    expect([server.lines[0], client.technique]).toEqual(['LHLO c.test', 'overlap']);
  });
});

describe('LMTP', () => {
  it('has a verdict for each recipient, and is cut where nobody knows', async () => {
    const answer = (line: string) =>
      line.startsWith('RCPT TO:<bad@')
        ? '550 nobody'
        : line === '.'
          ? '250 a has it\r\n452 4.2.2 b is full\r\n250 c has it'
          : undefined;
    const to = ['a@x.org', 'bad@x.org', 'b@x.org', 'c@x.org'];
    const run = async (says?: number) => {
      const server = new ModelServer({ offers: OFFERS, answer, lmtp: true, ...(says === undefined ? {} : { says }) });
      const client = await connectSmtp(ENDPOINT, { dial: server.dial, clock, lmtp: true });
      const told = await sendAll(client, [mail('m', to)]);
      return { server, told };
    };
    const { server, told } = await run();
    expect(server.lines[0]).toBe('LHLO c.test');
    expect(statuses(told.get('m'))).toBe('accepted rejected deferred accepted');
    const cut = await run(server.said - '250 c has it\r\n221 bye\r\n'.length);
    expect(statuses(cut.told.get('m'))).toBe('accepted rejected deferred indeterminate');
  });
});
