// A scheduler whose state has no room, or may not be written: said in one line, and nothing is lost or begun twice.
import { closeSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { cli, inTempDir, startCli } from '../support/cli.ts';
import { execFileSync } from '../support/sync-child.ts';
import { describeReal } from './require.ts';

const JOB =
  'schedule: { cron: "* * * * * *", seconds: true, misfire: all }\nsteps:\n  - { id: s, run: "echo $POSTRIDER_RUN >> ../ran" }\n';

describeReal('the state of a scheduler', [], () => {
  test('on a full disk: waits until there is room, decides every slot once, and runs none twice', () =>
    inPlace(async (dir, state) => {
      const running = startCli(['schedule', '--state', 'state'], { cwd: dir });
      await running.output(times('"run-finished"', 2));
      fill(join(state, 'filler'));
      await running.output(/"store-trouble".*the disk is full/);
      const before = running.output(times('"run-finished"', 0)).then(text => text.split('"run-finished"').length - 1);
      rmSync(join(state, 'filler'));
      await running.output(times('"run-finished"', (await before) + 2));
      running.child.kill('SIGTERM');
      expect((await running.done).code).toBe(0);
      await soundAndWhole(dir, state);
    }));

  test('on a disk that is full at the start: exit 10, and with room again it runs', () =>
    inPlace(async (dir, state) => {
      fill(join(state, 'filler'));
      const refused = await cli(['schedule', '--state', 'state'], { cwd: dir });
      expect(refused).toMatchObject({ code: 10, stderr: expect.stringMatching(/the disk is full\n.*Free some space/) });
      rmSync(join(state, 'filler'));
      const running = startCli(['schedule', '--state', 'state'], { cwd: dir });
      await running.output(/"run-finished"/);
      running.child.kill('SIGTERM');
      expect((await running.done).code).toBe(0);
      await soundAndWhole(dir, state);
    }));

  test('that is read-only: exit 10, with what to do, and the file stays as it is', () =>
    inPlace(async (dir, state) => {
      await cli(['history', '--state', 'state'], { cwd: dir });
      execFileSync('mount', ['-o', 'remount,ro', state]);
      const before = readFileSync(join(state, 'postrider.sqlite'));
      const refused = await cli(['schedule', '--state', 'state'], { cwd: dir });
      expect(refused).toMatchObject({ code: 10, stderr: expect.stringMatching(/read-only(.|\n)*--state/) });
      expect(readFileSync(join(state, 'postrider.sqlite')).equals(before)).toBe(true);
    }));
});

/** Its state is on a disk of its own. */
function inPlace(work: (dir: string, state: string) => Promise<void>): Promise<void> {
  return inTempDir(async dir => {
    mkdirSync(join(dir, 'jobs'));
    writeFileSync(join(dir, 'jobs/a.yaml'), JOB);
    const state = join(dir, 'state');
    mkdirSync(state);
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', state]);
    try {
      await work(dir, state);
    } finally {
      execFileSync('umount', ['--lazy', state]);
    }
  });
}

function times(text: string, count: number): Pick<RegExp, 'test'> {
  return { test: all => all.split(text).length > count };
}

/** To the last byte. */
function fill(path: string): void {
  const file = openSync(path, 'w');
  try {
    for (let size = 1 << 20; size > 0; ) {
      try {
        if (writeSync(file, Buffer.alloc(size)) < size) size >>= 1;
      } catch {
        size >>= 1;
      }
    }
  } finally {
    closeSync(file);
  }
}

async function soundAndWhole(dir: string, state: string): Promise<void> {
  const path = join(state, 'postrider.sqlite');
  const db = new DatabaseSync(path);
  expect(db.prepare('PRAGMA integrity_check').get()).toEqual({ integrity_check: 'ok' });
  db.close();
  const store = await openSqliteStore(path, { clock: systemClock });
  const decisions = (await store.slots.decisions({ limit: 10_000 })).toReversed();
  const runs = await store.runs({ limit: 10_000 });
  await store.close();
  const [first] = decisions;
  expect(decisions.map(({ slot }) => slot)).toEqual(decisions.map((_, i) => (first?.slot ?? 0) + i * 1_000));
  const ran = readFileSync(join(dir, 'ran'), 'utf8').trim().split('\n');
  expect(new Set(ran).size).toBe(ran.length);
  const succeeded = runs.filter(({ status }) => status === 'succeeded').map(({ id }) => id);
  expect(succeeded.filter(id => !ran.includes(id))).toEqual([]);
  expect(runs.filter(({ status }) => !['succeeded', 'interrupted'].includes(status))).toEqual([]);
}
