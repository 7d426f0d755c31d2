import { spawn } from 'node:child_process';
import { once } from 'node:events';
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
  const parent = spawn('sh', ['-c', 'true & echo $!; exec sleep 60'], { stdio: ['ignore', 'pipe', 'inherit'] });
  try {
    const [line] = (await once(parent.stdout, 'data')) as [Buffer];
    const pid = Number(line);
    await vi.waitFor(() => expect(processStat(pid)?.state).toBe('Z'), 10_000);
    expect(isRunning(pid)).toBe(false);
    expect(isAlive({ pid, started: '' })).toBe(false);
  } finally {
    parent.kill('SIGKILL');
  }
});
