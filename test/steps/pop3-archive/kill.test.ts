// A real process, killed with SIGKILL at every step of a fetch of 30 messages with deletion, and run again. FAULTS=all tries every step.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { run } from '../../../src/steps/pop3-archive/run.ts';
import { sha256 } from '../../archive/messages.ts';
import { FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { count, pointsOf, tellPoints } from './campaign.ts';
import { archived, configOf, contextOf, hashesOf, messagesOf } from './context.ts';

const MESSAGES = messagesOf(30);

/** Many processes, on a machine that may be busy. */
const PROCESSES_MS_MAX = 3_600_000;

let server: FakePop3;
let dir: string;
beforeAll(async () => {
  server = await new FakePop3().start();
});
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'postrider-kill-'));
  server.messages = [...MESSAGES];
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));
afterAll(async () => {
  await server.stop();
  tellPoints();
});

interface Ended {
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
}

function fetchAndDie(dieAt: number): Promise<Ended> {
  const script = join(import.meta.dirname, 'fetch-process.ts');
  const child = spawn(process.execPath, [script, dir, `${server.endpoint().port}`, `${dieAt}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let stdout = '';
  child.stdout.setEncoding('utf8').on('data', text => {
    stdout += text;
  });
  return new Promise(resolve => child.once('close', (_, signal) => resolve({ signal, stdout })));
}

function stored(): string[] {
  try {
    return archived(dir);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}

it('loses nothing, doubles nothing, and deletes nothing that is not here', { timeout: PROCESSES_MS_MAX }, async () => {
  const whole = await fetchAndDie(0);
  const { steps } = JSON.parse(whole.stdout) as { readonly steps: number };
  expect(server.messages).toEqual([]);
  expect(steps).toBeGreaterThan(100);
  for (const at of pointsOf(steps, 0.25)) {
    rmSync(join(dir, 'mail'), { recursive: true, force: true });
    server.messages = [...MESSAGES];
    const { signal } = await fetchAndDie(at + 1);
    // Commits run beside the network, so another run may need a step or two less.
    if (at < steps * 0.9) expect(signal, `step ${at + 1} of ${steps}`).toBe('SIGKILL');
    const hashes = stored();
    expect(new Set(hashes).size, `step ${at + 1}`).toBe(hashes.length);
    const safe = new Set([...hashes, ...server.messages.map(({ octets }) => sha256(octets))]);
    expect(
      MESSAGES.filter(({ octets }) => !safe.has(sha256(octets))),
      `step ${at + 1}`,
    ).toEqual([]);
    await run(configOf({ delete: 'after-archive' }), contextOf(server, dir));
    expect(archived(dir).toSorted(), `step ${at + 1}`).toEqual(hashesOf(MESSAGES));
    expect(server.messages, `step ${at + 1}`).toEqual([]);
    count('kills');
  }
});

it('of two at once, one leaves because the archive is held, or waits where it cannot tell yet by whom', async () => {
  const both = await Promise.allSettled([1, 2].map(() => run(configOf({ delete: 'after-archive' }), contextOf(server, dir))));
  const refused = both.filter(outcome => outcome.status === 'rejected');
  expect(['', 'archive-locked']).toContain(refused.map(({ reason }) => reason.code).join());
  expect(archived(dir).toSorted()).toEqual(hashesOf(MESSAGES));
  expect(server.messages).toEqual([]);
});
