// A mirror over TLS whose sessions cannot be resumed for ever: every file arrives, nothing half-written, and few sign-ins.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { sandboxCertificates } from '../../../src/sandbox/index.ts';
import { makeRig, read, write } from './rig.ts';
import { type TicketRules, TicketServer } from './ticket-server.ts';

const FILES = 30;
const SESSIONS = 2;
const DIRECTIONS = ['upload', 'download'] as const;
type Direction = (typeof DIRECTIONS)[number];

const TREE = Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`${n}.txt`, `file ${n} `.repeat(n * 40 + 1)]));

const authority = mkdtempSync(join(tmpdir(), 'postrider-tickets-'));
const certificates = await sandboxCertificates(authority, systemClock, systemRandom);
afterAll(() => rmSync(authority, { recursive: true, force: true }));

async function mirrored(direction: Direction, rules: TicketRules, prepare: (server: TicketServer) => void = () => undefined) {
  const server = new TicketServer(certificates, rules);
  onTestFinished(() => server.stop());
  const endpoint = {
    name: 'web',
    type: 'ftp',
    host: '127.0.0.1',
    port: await server.start(),
    tls: 'implicit',
    caFile: certificates.caFile,
    user: 'u',
    password: new Secret('correct horse'),
    timeoutMs: 10_000,
  } as const;
  const rig = await makeRig({ connect: (_, options) => connectFtp({ ...endpoint }, { ...options, dial, clock: systemClock }) });
  if (direction === 'upload') await write(rig.site, TREE);
  else {
    for (const [name, text] of Object.entries(TREE))
      server.files.set(`/www/${name}`, { data: Buffer.from(text), time: '20240101000000' });
  }
  prepare(server);
  await rig.run({ direction, parallel: SESSIONS });
  const there = Object.fromEntries([...server.files].map(([path, { data }]) => [path.slice('/www/'.length), data.toString()]));
  expect(direction === 'upload' ? there : await read(rig.site)).toEqual(TREE);
  if (direction === 'upload') {
    expect(server.attempts.filter(({ verb, path }) => verb === 'STOR' && !path.includes('.postrider-'))).toEqual([]);
    expect(server.published.map(({ path, data }) => [path, data.toString()]).sort()).toEqual(
      Object.entries(TREE)
        .map(([name, text]) => [`/www/${name}`, text])
        .sort(),
    );
  }
  return server;
}

/** Each refused transfer was asked for again, and taken, on a session opened later. */
function expectSentAgain({ attempts }: TicketServer): void {
  for (const [at, refused] of attempts.entries()) {
    if (refused.taken) continue;
    const again = attempts.slice(at + 1).find(({ verb, path, taken }) => taken && verb === refused.verb && path === refused.path);
    expect([refused, again?.session]).toEqual([refused, expect.any(Number)]);
    expect(again?.session).toBeGreaterThan(refused.session);
  }
}

const refusedIn = ({ attempts }: TicketServer) => attempts.filter(({ taken }) => !taken).length;

describe.each(['TLSv1.2', 'TLSv1.3'] as const)('%s', version => {
  describe.each(DIRECTIONS)('%s', direction => {
    test.each(['425', '522'] as const)('tickets that are void after seven transfers (%s)', async refusal => {
      const server = await mirrored(direction, { version, refusal, uses: 7 });
      expect(refusedIn(server)).toBeGreaterThan(0);
      expect(server.signIns).toBeLessThanOrEqual(Math.ceil((FILES + 1) / 7) + SESSIONS);
      expectSentAgain(server);
    });

    test('all tickets void at once, in the middle', async () => {
      const server = await mirrored(direction, { version, refusal: '425' }, made => {
        let expired = false;
        made.taking = () => {
          if (expired || made.attempts.length < 12) return;
          expired = true;
          made.expire();
        };
      });
      expect(refusedIn(server)).toBeGreaterThan(0);
      expect(server.signIns).toBeLessThanOrEqual(2 * SESSIONS);
      expectSentAgain(server);
    });
  });
});

describe('TLS 1.3, each ticket taken once', () => {
  test.each(DIRECTIONS)('%s: a session serves for two transfers at least', async direction => {
    const server = await mirrored(direction, { version: 'TLSv1.3', refusal: '425', once: true });
    expectSentAgain(server);
    expect(server.signIns).toBeLessThanOrEqual(FILES / 2 + SESSIONS);
  });

  test.each([
    ['every second upload brings none', (upload: number) => upload % 2 === 0],
    ['no upload brings any', () => false],
  ])('%s', async (_, renews) => {
    const server = await mirrored('upload', { version: 'TLSv1.3', refusal: '522', once: true, renews });
    expectSentAgain(server);
    expect(server.signIns).toBeLessThanOrEqual(FILES / 2 + SESSIONS);
  });
});
