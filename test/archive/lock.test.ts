import { describe, expect, it } from 'vitest';
import type { ArchiveFile, ArchiveFiles } from '../../src/archive/files.ts';
import { lockAccount } from '../../src/archive/lock.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { ProcessIdentity } from '../../src/files/processes.ts';
import { mulberry } from '../support/chance.ts';
import { MemoryFiles } from './memory-files.ts';

const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 27, 6), sleep: async () => undefined };
const HERE: ProcessIdentity = { pid: 10, host: 'here', started: 'boot/1' };

const lock = (files: MemoryFiles, owner = HERE, alive = false) =>
  lockAccount('/a', { files, clock, owner, isAlive: () => alive });

describe('the lock of an account', () => {
  it('is held by one, given back, and taken again', async () => {
    const files = new MemoryFiles();
    const unlock = await lock(files);
    await expect(lock(files, { ...HERE, pid: 11 }, true)).rejects.toMatchObject({ code: 'archive-locked', retry: 'never' });
    await unlock();
    await (await lock(files, { ...HERE, pid: 11 }))();
    expect([...files.nodes.keys()]).toEqual([]);
  });

  it('is taken over from the dead, never from another host', async () => {
    const files = new MemoryFiles();
    await lock(files);
    await lock(files, { ...HERE, pid: 11 });
    expect(files.text('/a/.lock')).toContain('"pid":11');
    const elsewhere = lock(files, { ...HERE, host: 'elsewhere' });
    await expect(elsewhere).rejects.toThrow('process 11 on here, since 2026-11-27T06:00:00.000Z, is writing this account');
    await expect(elsewhere).rejects.toMatchObject({ hint: expect.stringContaining('if it is gone for good, rm /a/.lock') });
  });

  it('that is to be removed by hand is named as a shell takes it', async () => {
    const files = new MemoryFiles();
    const take = (host: string) => lockAccount('/our mail', { files, clock, owner: { ...HERE, host }, isAlive: () => true });
    await take('here');
    await expect(take('elsewhere')).rejects.toMatchObject({ hint: expect.stringContaining("rm '/our mail/.lock'") });
  });

  it('of an older version does not say since when', async () => {
    const files = new MemoryFiles();
    const file = await files.open('/a/.lock', 'create');
    await file?.write(Buffer.from(JSON.stringify(HERE)), 0);
    await expect(lock(files, HERE, true)).rejects.toThrow('process 10 on here is writing');
  });

  it('without an owner is looked at twice', async () => {
    const files = new MemoryFiles();
    await files.open('/a/.lock', 'write');
    let looks = 0;
    const counting = {
      ...clock,
      sleep: async () => {
        looks += 1;
      },
    };
    await lockAccount('/a', { files, clock: counting, owner: HERE, isAlive: () => true });
    expect(looks).toBe(1);
    expect(files.text('/a/.lock')).toContain('"pid":10');
  });
});

const TAKERS = [11, 12, 13, 14];
const ROUNDS = 500;
const PAUSES_MAX = 12;

async function turns(count: number): Promise<void> {
  for (let left = count; left > 0; left--) await Promise.resolve();
}

/** The same disk, on which every operation begins late and is heard of late, by chance. */
function unsteady<T extends ArchiveFiles | ArchiveFile>(target: T, chance: () => number): T {
  const pause = () => turns(Math.floor(chance() * PAUSES_MAX));
  const late =
    (name: string) =>
    async (...words: unknown[]) => {
      await pause();
      const result: unknown = await (target[name as keyof T] as (...words: unknown[]) => unknown)(...words);
      await pause();
      return name === 'open' && result !== undefined ? unsteady(result as ArchiveFile, chance) : result;
    };
  // It is no promise: what is awaited is asked for `then`.
  return new Proxy(target, { get: (_, name) => (name === 'then' ? undefined : late(String(name))) });
}

describe('a lock that a dead process left', () => {
  it.each([
    ['with its name', JSON.stringify(HERE)],
    ['empty', ''],
  ])('%s is taken over by one alone, whoever finds it at once', async (_, left) => {
    const chance = mulberry(12);
    for (let round = 0; round < ROUNDS; round++) {
      const disk = new MemoryFiles();
      const file = await disk.open('/a/.lock', 'create');
      await file.write(Buffer.from(left), 0);
      const slow = { ...clock, sleep: () => turns(5 * PAUSES_MAX) };
      const files = unsteady<ArchiveFiles>(disk, chance);
      const isAlive = ({ pid }: ProcessIdentity) => pid !== HERE.pid;
      const takers = TAKERS.map(pid => lockAccount('/a', { files, clock: slow, owner: { ...HERE, pid }, isAlive }));
      const taken = (await Promise.allSettled(takers)).map(({ status }) => status);
      expect(taken.filter(status => status === 'fulfilled')).toHaveLength(1);
      expect([...disk.nodes.keys()]).toEqual(['/a/.lock']);
    }
  });
});
