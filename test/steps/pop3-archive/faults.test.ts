// Bad weather, everywhere: a fetch of 30 messages with deletion that is cut, refused, killed or short of disk at every point, and run again.
// After each: no message lost, none stored twice, nothing deleted on the server that is not here. FAULTS=all tries every point.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Timer } from '../../../src/core/clock.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Transport } from '../../../src/protocols/net/transport.ts';
import { run } from '../../../src/steps/pop3-archive/run.ts';
import { type CrashMode, MemoryFiles } from '../../archive/memory-files.ts';
import { sha256 } from '../../archive/messages.ts';
import { type FakeMessage, FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { CAMPAIGN_LIMIT_MS, count, pointsOf, SMALL_STEPS, tellPoints } from './campaign.ts';
import { configOf, contextOf, hashesIn, hashesOf, type TestContext } from './context.ts';

const MESSAGES: readonly FakeMessage[] = Array.from({ length: 30 }, (_, at) => ({
  uid: `u${at}`,
  octets: Buffer.from(`Subject: ${at}\r\n\r\n${['a\r\n', '.\r\n', '', 'bare\n\r\n', 'From \0\r\r\n'][at % 5]}`),
}));
const FOLDER = '/w/mail/me@127.0.0.1';
const RUNS_MAX = 6;

let server: FakePop3;
/** What goes wrong in the session `bad`; the others are in order. */
let bad = 0;
let cut: number | undefined;
let answer: ((line: string, nth: number) => string | undefined) | undefined;
let commands = 0;

beforeAll(async () => {
  server = await new FakePop3({
    capabilities: ['UIDL', 'PIPELINING'],
    cutAfter: session => (session === bad ? cut : undefined),
    answer: (line, session) => (session === bad ? answer?.(line, commands++) : undefined),
  }).start();
});
afterAll(async () => {
  await server.stop();
  tellPoints();
});

interface World {
  readonly files: MemoryFiles;
  readonly context: TestContext;
}

function begin(): World {
  server.messages = [...MESSAGES];
  bad = server.sessions;
  [cut, answer, commands] = [undefined, undefined, 0];
  const files = new MemoryFiles();
  const context = contextOf(server, '/w');
  // A process that dies says nothing more on the network, either.
  let open: Transport | undefined;
  files.died = () => open?.close();
  const dialling: TestContext['dial'] = async (endpoint, options) => {
    if (files.isDead) throw new Error('the process is dead');
    const transport = await dial(endpoint, options);
    open = transport;
    return transport;
  };
  return { files, context: { ...context, dial: dialling, clock: { ...context.clock, after } } };
}

/** A deadline passes when nothing has come for so many turns of the event loop, in which the server lives, too. */
const SILENT_TURNS = 300;

function after(_ms: number, fire: () => void): Timer {
  let turns = 0;
  const tick = () => {
    turns += 1;
    if (turns <= SILENT_TURNS) setImmediate(tick);
    else if (turns === SILENT_TURNS + 1) fire();
  };
  setImmediate(tick);
  return {
    cancel: () => {
      turns = SILENT_TURNS + 1;
    },
  };
}

function archived({ files }: World): string[] {
  const mbox = files.nodes.get(`${FOLDER}/2026-11.mbox`)?.data ?? Buffer.alloc(0);
  return hashesIn(files.text(`${FOLDER}/2026-11.manifest.jsonl`), mbox);
}

/** What must hold after every run, however it ended. */
function expectNothingLost(world: World, where: string): void {
  const hashes = archived(world);
  expect(new Set(hashes).size, where).toBe(hashes.length);
  const safe = new Set([...hashes, ...server.messages.map(({ octets }) => sha256(octets))]);
  expect(
    MESSAGES.filter(({ octets }) => !safe.has(sha256(octets))).map(({ uid }) => uid),
    where,
  ).toEqual([]);
}

async function attempt({ files, context }: World): Promise<boolean> {
  return run(configOf({ delete: 'after-archive' }), context, { files, ...SMALL_STEPS }).then(
    outputs => {
      const { listed, archived: stored, duplicates, skipped, quarantined, pending } = outputs;
      expect(stored + duplicates + skipped + quarantined + pending).toBe(listed);
      return quarantined + pending === 0;
    },
    () => false,
  );
}

/** Runs until it comes through; `crash` is what becomes of the disk when the first run has died. */
async function survive(world: World, where: string, crash?: CrashMode): Promise<void> {
  const { files, context } = world;
  for (let runs = 0; runs < RUNS_MAX; runs++) {
    const through = await attempt(world);
    if (runs === 0 && crash !== undefined) files.crash(crash);
    expectNothingLost(world, where);
    files.nodes.delete(`${FOLDER}/.lock`);
    if (through && runs > 0 && server.messages.length === 0) break;
    files.failAt = Number.POSITIVE_INFINITY;
    context.time += 25 * 3_600_000;
  }
  expect(archived(world).toSorted(), where).toEqual(hashesOf(MESSAGES));
  expect(server.messages, where).toEqual([]);
}

async function measured(): Promise<World & { readonly sent: number; readonly commands: number }> {
  const world = begin();
  answer = () => undefined;
  expect(await attempt(world)).toBe(true);
  return { ...world, sent: server.sent, commands };
}

describe('the server', () => {
  it(
    'cuts the connection after any byte',
    async () => {
      const { sent } = await measured();
      expect(sent).toBeGreaterThan(1_500);
      for (const at of pointsOf(sent, 3)) {
        const world = begin();
        cut = at;
        await survive(world, `cut after ${at} bytes`);
        count('cuts');
      }
    },
    CAMPAIGN_LIMIT_MS,
  );

  it.each([
    ['-ERR no', '-ERR no\r\n'],
    ['a passing refusal', '-ERR [SYS/TEMP] later\r\n'],
    ['garbage', '\xff\0 nonsense\r\n'],
    ['another +OK', '+OK\r\n+OK\r\n'],
    ['an endless line', 'x'.repeat(9_000)],
    ['nothing', ''],
  ])('answers any command with %s', async (name, reply) => {
    const { commands: total } = await measured();
    expect(total).toBeGreaterThan(60);
    for (const at of pointsOf(total)) {
      const world = begin();
      answer = (_, nth) => (nth === at ? reply : undefined);
      await survive(world, `${name} to command ${at}`);
      count('replies');
    }
  });
});

describe('the disk', () => {
  it.each(['ENOSPC', 'EIO'])('fails with %s at any operation', async errno => {
    const { files: measure } = await measured();
    expect(measure.operations).toBeGreaterThan(60);
    for (const at of pointsOf(measure.operations)) {
      const world = begin();
      Object.assign(world.files, { errno, failAt: at + 1 });
      await survive(world, `${errno} at ${measure.log[at]}`);
      count(errno);
    }
  });

  it.each(['kill', 'power', 'torn'] as const)('is left at any operation by a process that dies: %s', async mode => {
    const { files: measure } = await measured();
    for (const at of pointsOf(measure.operations)) {
      const world = begin();
      world.files.dieAt = at + 1;
      await survive(world, `${mode} at ${measure.log[at]}`, mode);
      count(mode === 'kill' ? 'deaths' : 'power cuts');
    }
  });

  it.each([
    ['ENOSPC', 'the disk is full'],
    ['EDQUOT', 'the disk quota is used up'],
  ])('%s: that is told, and nothing is deleted', async (errno, message) => {
    const world = begin();
    world.files.errno = errno;
    const before = server.commands.length;
    world.files.space = 3_500;
    const config = configOf({ delete: 'after-archive' });
    server.messages.push({ uid: 'big', octets: Buffer.alloc(4_000, 'x\r\n') });
    await expect(run(config, world.context, { files: world.files })).rejects.toMatchObject({
      ...{ code: 'disk-full', retry: 'never', message: expect.stringContaining(message) },
    });
    expect(archived(world)).toEqual([]);
    expect(server.commands.slice(before).filter(line => /^(DELE|QUIT)/.test(line))).toEqual([]);
    world.files.space = Number.POSITIVE_INFINITY;
    expect(await run(config, world.context, { files: world.files })).toMatchObject({ listed: 31, archived: 31, deleted: 31 });
  });
});
