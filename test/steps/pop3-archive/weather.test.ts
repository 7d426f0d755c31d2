// Bad weather, everywhere: the connection cut after every byte of the server, every file operation failing.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { run } from '../../../src/steps/pop3-archive/run.ts';
import { MemoryFiles } from '../../archive/memory-files.ts';
import { sha256 } from '../../archive/messages.ts';
import { type FakeMessage, FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { configOf, contextOf, hashesIn, hashesOf, type TestContext } from './context.ts';

const MESSAGES: readonly FakeMessage[] = ['a\r\n', '.\r\n', ''].map((text, at) => ({
  uid: `u${at}`,
  octets: Buffer.from(`Subject: ${at}\r\n\r\n${text}`),
}));
const FOLDER = '/w/mail/me@127.0.0.1';
const RUNS_MAX = 4;

let server: FakePop3;
let cut: number | undefined;
/** Only this session is cut. */
let cutSession = 0;

beforeAll(async () => {
  server = await new FakePop3({
    capabilities: ['UIDL', 'PIPELINING'],
    cutAfter: session => (session === cutSession ? cut : undefined),
  }).start();
});
afterAll(() => server.stop());

function archived(files: MemoryFiles): string[] {
  const mbox = files.nodes.get(`${FOLDER}/2026-11.mbox`)?.data ?? Buffer.alloc(0);
  return hashesIn(files.text(`${FOLDER}/2026-11.manifest.jsonl`), mbox);
}

/** What must hold after every run, however it ended. */
function expectNothingLost(files: MemoryFiles): void {
  const hashes = archived(files);
  expect(new Set(hashes).size).toBe(hashes.length);
  const onServer = server.messages.map(({ octets }) => sha256(octets));
  for (const { octets } of MESSAGES) expect([...hashes, ...onServer]).toContain(sha256(octets));
}

async function runUntilDone(files: MemoryFiles, context: TestContext, policy: string): Promise<void> {
  for (let count = 0; count < RUNS_MAX; count++) {
    const error = await run(configOf({ delete: policy }), context, files).then(
      () => undefined,
      (thrown: Error & { retry?: string }) => thrown,
    );
    expectNothingLost(files);
    files.nodes.delete(`${FOLDER}/.lock`);
    if (error === undefined) return;
    cut = undefined;
    files.failAt = Number.POSITIVE_INFINITY;
  }
  throw new Error('it never came to an end');
}

function begin(): MemoryFiles {
  server.messages = [...MESSAGES];
  cutSession = server.sessions;
  cut = undefined;
  return new MemoryFiles();
}

describe.each(['never', 'after-archive'])('with delete: %s', policy => {
  it('a cut after every byte: archived exactly once, nothing gone that is not here', async () => {
    const context = contextOf(server, '/w');
    await runUntilDone(begin(), context, policy);
    const total = server.sent;
    expect(total).toBeGreaterThan(200);
    for (let at = 0; at < total; at++) {
      const files = begin();
      cut = at;
      await runUntilDone(files, context, policy);
      expect(archived(files).toSorted(), `cut after ${at} bytes`).toEqual(hashesOf(MESSAGES));
      expect(server.messages, `cut after ${at} bytes`).toHaveLength(policy === 'never' ? 3 : 0);
    }
  });

  it('every file operation failing once: the same', async () => {
    const context = contextOf(server, '/w');
    const measure = begin();
    await runUntilDone(measure, context, policy);
    expect(measure.operations).toBeGreaterThan(20);
    for (let at = 1; at <= measure.operations; at++) {
      const files = begin();
      files.failAt = at;
      await runUntilDone(files, context, policy);
      expect(archived(files).toSorted(), measure.log[at - 1]).toEqual(hashesOf(MESSAGES));
      expect(server.messages, measure.log[at - 1]).toHaveLength(policy === 'never' ? 3 : 0);
    }
  });
});

describe('a full disk', () => {
  it('is told as that, and nothing is deleted', async () => {
    const files = begin();
    const context = contextOf(server, '/w');
    const [commands, space] = [server.commands.length, 3_500];
    server.messages.push({ uid: 'big', octets: Buffer.alloc(4_000, 'x\r\n') });
    files.space = space;
    await expect(run(configOf({ delete: 'after-archive' }), context, files)).rejects.toMatchObject({
      code: 'disk-full',
      retry: 'never',
    });
    expect(archived(files)).toEqual([]);
    expect(server.commands.slice(commands).filter(line => /^(DELE|QUIT)/.test(line))).toEqual([]);
    files.space = Number.POSITIVE_INFINITY;
    expect(await run(configOf({ delete: 'after-archive' }), context, files)).toMatchObject({
      listed: 4,
      archived: 4,
      deleted: 4,
    });
  });
});
