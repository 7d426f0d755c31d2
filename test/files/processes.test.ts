import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { Readable, Writable } from 'node:stream';
import { expect, it, vi } from 'vitest';
import { isAlive, isRunning, processStat, thisProcess } from '../../src/files/processes.ts';

it('a living process is told from one with the same number', () => {
  const me = thisProcess();
  expect(isAlive(me)).toBe(true);
  expect(isAlive({ ...me, started: 'another boot/7' })).toBe(false);
  expect(isAlive({ ...me, started: '' })).toBe(true);
  expect(isAlive({ ...me, pid: 2 ** 22 + 1 })).toBe(false);
});

it.runIf(process.platform === 'linux')('a zombie has ended, whoever forgot to ask how', async () => {
  // What the shell has begun ends only when the shell has become another program, which asks for nobody.
  const script = 'cat <&3 & echo $!; exec sleep 60';
  const parent = spawn('sh', ['-c', script], { stdio: ['ignore', 'pipe', 'inherit', 'pipe'] });
  try {
    const [line] = (await once(parent.stdout as Readable, 'data')) as [Buffer];
    const pid = Number(line);
    await vi.waitFor(() => expect(readFileSync(`/proc/${parent.pid}/comm`, 'utf8')).toBe('sleep\n'), 10_000);
    (parent.stdio[3] as Writable).end();
    await vi.waitFor(() => expect(processStat(pid)?.state).toBe('Z'), 10_000);
    expect(isRunning(pid)).toBe(false);
    expect(isAlive({ pid, started: '' })).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
