import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readJobsCache, writeJobsCache } from '../../../src/app/schedule/jobs-cache.ts';
import { JobsFolder } from '../../../src/app/schedule/jobs-folder.ts';
import { inTempDir } from '../../support/cli.ts';

const good = (run: string) => `steps:\n  - { id: s, run: "${run}" }\n`;
const HALF = 'steps:\n  - { id: s, run: "tr';

async function inFolder(
  work: (put: (name: string, text: string) => void, folder: JobsFolder, dir: string) => Promise<void>,
): Promise<void> {
  await inTempDir(async dir => {
    const put = (name: string, text: string) => {
      writeFileSync(join(dir, '.new'), text);
      renameSync(join(dir, '.new'), join(dir, name));
    };
    await work(put, new JobsFolder(dir), dir);
  });
}

describe('the jobs folder', () => {
  it('reads a changed file again, and tells which', () =>
    inFolder(async (put, folder) => {
      put('a.yaml', good('one'));
      put('b.yaml', good('one'));
      expect((await folder.scan()).changed.toSorted()).toEqual(['a', 'b']);
      expect((await folder.scan()).changed).toEqual([]);
      put('a.yaml', good('two'));
      const scan = await folder.scan();
      expect(scan.changed).toEqual(['a']);
      expect(scan.jobs.map(({ steps }) => steps[0]?.with['run'])).toEqual(['two', 'one']);
    }));

  it('a half-written file keeps its last good version and is told of once; whole again, it is taken', () =>
    inFolder(async (put, folder) => {
      put('a.yaml', good('one'));
      await folder.scan();
      put('a.yaml', HALF);
      const [first, second] = [await folder.scan(), await folder.scan()];
      expect(first.jobs.map(({ steps }) => steps[0]?.with['run'])).toEqual(['one']);
      expect(first.fresh).toMatchObject([{ keepsOld: true, message: expect.stringMatching(/a\.yaml:\d+:\d+: /) }]);
      expect([second.problems.length, second.fresh.length]).toEqual([1, 0]);
      put('a.yaml', good('two'));
      expect((await folder.scan()).jobs.map(({ steps }) => steps[0]?.with['run'])).toEqual(['two']);
    }));

  it('of two files with one name the one that had it keeps it, whatever the order of their names', () =>
    inFolder(async (put, folder) => {
      put('b.yaml', `name: x\n${good('b')}`);
      await folder.scan();
      put('a.yaml', `name: x\n${good('a')}`);
      const scan = await folder.scan();
      expect(scan.jobs.map(({ steps }) => steps[0]?.with['run'])).toEqual(['b']);
      expect(scan.fresh).toMatchObject([{ keepsOld: false, message: expect.stringMatching(/the name x is taken by b\.yaml/) }]);
    }));

  it('a change of connections.yaml concerns every job; a file that is gone is gone', () =>
    inFolder(async (put, folder, dir) => {
      put('a.yaml', good('one'));
      put('connections.yaml', 'web: { type: ftp, host: one }\n');
      await folder.scan();
      put('connections.yaml', 'web: { type: ftp, host: two }\n');
      expect((await folder.scan()).jobs[0]?.connections['web']?.host).toBe('two');
      rmSync(join(dir, 'a.yaml'));
      const scan = await folder.scan();
      expect([scan.jobs, scan.changed]).toEqual([[], ['a.yaml']]);
      rmSync(dir, { recursive: true });
      await expect(folder.scan()).rejects.toMatchObject({ code: 'usage' });
      mkdirSync(dir);
    }));
});

describe('the cache of job files', () => {
  it('gives back the same jobs, and only for files that have not changed', () =>
    inFolder(async (put, folder, dir) => {
      put('connections.yaml', 'web: { type: ftp, host: one, user: u, password: "${{ secrets.web }}" }\n');
      put('a.yaml', good('one'));
      put('b.yaml', good('one'));
      put('bad.yaml', HALF);
      const { jobs } = await folder.scan();
      await writeJobsCache(dir, folder.usable);
      const cache = await readJobsCache(dir);
      expect([...cache.values()].map(({ job }) => job)).toEqual(jobs);
      put('b.yaml', good('two'));
      const next = await new JobsFolder(dir, cache).scan();
      expect(next.jobs[0]).toBe(cache.get(join(dir, 'a.yaml'))?.job);
      expect(next.jobs[1]?.steps[0]?.with['run']).toBe('two');
      expect(next.problems).toHaveLength(1);
    }));

  it('holds no password, and a damaged one is nothing', () =>
    inFolder(async (put, folder, dir) => {
      put('a.yaml', `connections: { web: { type: ftp, host: h, user: u, password: hunter2 } }\n${good('one')}`);
      await folder.scan();
      await writeJobsCache(dir, folder.usable);
      expect((await readJobsCache(dir)).size).toBe(0);
      writeFileSync(join(dir, 'jobs-cache.jsonl'), '{"program":');
      expect((await readJobsCache(dir)).size).toBe(0);
    }));
});
