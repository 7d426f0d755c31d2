// Ctrl-C in the middle of a transfer: 130, soon, nothing half-done that the next run would not continue or clean.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { isAlive } from '../../src/app/process-life.ts';
import { startCli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { treeOf } from '../support/tree.ts';

let r: Rehearsal | undefined;
afterEach(() => r?.close());

const BIG_SITE = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`file-${i}.bin`, Buffer.alloc(200_000, i)]));
const MAILS = Array.from({ length: 40 }, (_, i) => Buffer.from(`Subject: mail ${i}\r\n\r\n${'x'.repeat(70)}\r\n`));

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it.each([
    ['deploy', 'ftp:data#5@1000=delay:10m', /^ftp .* STOR/, 6],
    ['mail', 'pop3:RETR#5=delay:10m', /^pop3 .* RETR/, 5],
    ['report', 'smtp:RCPT=delay:10m', /^smtp .* RCPT/, 1],
  ])('during %s ends it, and the next run completes', async (step, fault, pattern, count) => {
    r = await rehearsal({ faults: [fault], site: BIG_SITE, messages: MAILS });
    const running = r.start('run', 'main.yaml', '--only', step, '--json');
    await running.output(/"step-started"/);
    await r.said(pattern, count);
    running.child.kill(signal);
    const result = await running.done;
    expect(result.code, result.stderr).toBe(code);
    const last = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ type: 'run-finished', status: 'cancelled' });

    const again = await r.run();
    expect(again.code, again.stderr).toBe(0);
    expect(treeOf(join(r.sandbox.siteDir, 'www'))).toEqual(treeOf(join(r.dir, 'site')));
  });
});

describe('a script that hears nobody', () => {
  const dirs: TempDir[] = [];
  afterEach(() => Promise.all(dirs.splice(0).map(dir => dir.remove())));

  const start = async () => {
    const dir = await tempDir();
    dirs.push(dir);
    await writeFile(join(dir.path, 'job.yaml'), `steps: [{ id: a, run: "trap '' INT TERM HUP; echo pid $$; sleep 100" }]\n`);
    const running = startCli(['run', 'job.yaml', '--json'], { cwd: dir.path });
    const [, pid] = /pid (\d+)/.exec(await running.output(/pid \d+/)) ?? [];
    return { ...running, isScriptAlive: () => isAlive(Number(pid), Date.now()) };
  };

  it('ends with the second Ctrl-C, too', async () => {
    const { child, done, isScriptAlive } = await start();
    const again = setInterval(() => child.kill('SIGINT'), 20);
    expect((await done).code).toBe(130);
    clearInterval(again);
    await vi.waitFor(() => expect(isScriptAlive()).toBe(false), 10_000);
  });

  it('ends with a program that was killed, and its children with it', async () => {
    const { child, done, isScriptAlive } = await start();
    child.kill('SIGKILL');
    expect((await done).signal).toBe('SIGKILL');
    await vi.waitFor(() => expect(isScriptAlive()).toBe(false), 10_000);
  });

  it('ends with the terminal, and the run is on record as cancelled', async () => {
    const { child, done, isScriptAlive } = await start();
    child.kill('SIGHUP');
    const { code, stdout } = await done;
    expect(code).toBe(143);
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({ type: 'run-finished', status: 'cancelled' });
    await vi.waitFor(() => expect(isScriptAlive()).toBe(false), 10_000);
  });
});
