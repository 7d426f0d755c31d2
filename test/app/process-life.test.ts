import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';
import { isAlive, isRunner } from '../../src/app/process-life.ts';
import { systemClock } from '../../src/core/clock.ts';

const HOUR_MS = 3_600_000;

describe('isRunner', () => {
  const mine = { startedAt: 1_000_000, commandLine: 'node\0/opt/bin/postrider.js\0run' };

  it.each([
    ['the process itself', mine, true],
    ['another program with its number', { ...mine, startedAt: 1_000_000 + HOUR_MS, commandLine: 'sshd' }, false],
    ['the process itself, after the clock was set forward', { ...mine, startedAt: 1_000_000 + HOUR_MS }, true],
    ['a program of another name that was there before', { ...mine, commandLine: 'vitest' }, true],
  ])('%s', (_, facts, alive) => {
    expect(isRunner(facts, 1_000_000)).toBe(alive);
  });
});

describe('isAlive', () => {
  it('knows this process, and not one that has ended', async () => {
    const child = spawn(process.execPath, ['-e', ''], { stdio: 'ignore' });
    await once(child, 'exit');
    expect(isAlive(process.pid, systemClock.now())).toBe(true);
    expect(isAlive(child.pid ?? 0, systemClock.now())).toBe(false);
  });

  it('knows that an earlier process had the number of this one, as in a container that was started again', () => {
    expect(isAlive(process.pid, systemClock.now() - process.uptime() * 1_000 - HOUR_MS)).toBe(false);
  });

  it.runIf(process.platform === 'linux')('is not misled by a number that another program has now', async () => {
    const child = spawn('sleep', ['60'], { stdio: 'ignore' });
    await once(child, 'spawn');
    try {
      expect(isAlive(child.pid ?? 0, systemClock.now())).toBe(true);
      expect(isAlive(child.pid ?? 0, systemClock.now() - HOUR_MS)).toBe(false);
    } finally {
      child.kill('SIGKILL');
    }
  });
});
