// What people ask a store about jobs and runs, and what they tell it: pause, resume, why, status, retry, logs --follow.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { type CliResult, cli, inTempDir, startCli } from '../support/cli.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

type Ask = (...args: string[]) => Promise<CliResult>;

async function inPlace(work: (ask: Ask, dir: string) => Promise<void>): Promise<void> {
  await inTempDir(async dir => {
    await mkdir(join(dir, 'jobs'));
    await work((...args) => cli([...args, '--state', 'state'], { cwd: dir }), dir);
  });
}

const json = ({ stdout }: CliResult) => JSON.parse(stdout);

describe('pause and resume', () => {
  it('keep the reason, which status shows, and end it', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(join(dir, 'jobs/a.yaml'), 'schedule: { cron: "0 2 * * *" }\nsteps:\n  - { id: s, run: "true" }\n');
      expect(await ask('pause', 'a', '--reason', 'server moves')).toMatchObject({ code: 0 });
      expect((await ask('status')).stdout).toMatch(/paused(.|\n)*a: paused: server moves/);
      expect(json(await ask('status', '--json'))).toMatchObject({
        deserted: true,
        jobs: [{ job: 'a', running: false, last: null, paused: { reason: 'server moves' } }],
      });
      expect(await ask('resume', 'a')).toMatchObject({ code: 0 });
      expect(await ask('resume', 'a')).toMatchObject({ code: 1, stderr: expect.stringMatching(/a is not paused/) });
      expect(await ask('pause', 'nobody')).toMatchObject({ code: 2 });
    }));
});

describe('why', () => {
  const T0 = Date.UTC(2026, 9, 25);
  const SCHEDULE = '30 2 * * * Europe/Zurich';

  async function past(dir: string): Promise<void> {
    const text = 'schedule: { cron: "30 2 * * *", timezone: Europe/Zurich }\nsteps:\n  - { id: s, run: "true" }\n';
    writeFileSync(join(dir, 'jobs/a.yaml'), text);
    await mkdir(join(dir, 'state'));
    const store = await openSqliteStore(join(dir, 'state/postrider.sqlite'), { clock: new VirtualClock(T0) });
    const cursor = { job: 'a', schedule: SCHEDULE, anchor: T0, decidedTo: T0 };
    await store.slots.open(cursor);
    const slot = T0 + 30 * 60_000;
    const key = { job: 'a', schedule: SCHEDULE };
    await store.slots.decide(cursor, slot + 86_400_000 + 3_600_000, [
      { ...key, slot, decidedAt: slot, action: 'started', run: 'run-1', open: true },
      {
        ...key,
        slot: slot + 86_400_000 + 3_600_000,
        decidedAt: slot,
        action: 'skipped',
        reason: 'overlap',
        detail: 'another waits',
        open: false,
      },
    ]);
    const run = { id: 'run-1', job: 'a', file: 'a.yaml', trigger: 'schedule', host: 'h', pid: 1, slot };
    await store.begin({ ...run, startedAt: slot + 5_000, finishedAt: slot + 9_000, status: 'succeeded' }, []);
    await store.close();
  }

  it('tells the decision about a slot, at a clock change too', () =>
    inPlace(async (ask, dir) => {
      await past(dir);
      const { stdout } = await ask('why', 'a', '2026-10-25');
      expect(stdout).toBe(
        '2026-10-25 02:30 +02:00 (clocks go back, 02:30 comes twice: due the first time)  run run-1 began, 5.0 s after it was due; succeeded after 4.0 s\n',
      );
      expect(json(await ask('why', 'a', '2026-10-26T02:30', '--json'))).toEqual({
        version: 1,
        slots: [{ at: '2026-10-26T01:30:00.000Z', action: 'skipped', reason: 'overlap', text: 'skipped: another waits' }],
      });
    }));

  it('tells of both slots that a time names when it comes twice, and of one when it is exact', () =>
    inPlace(async (ask, dir) => {
      const text = 'schedule: { cron: "30 * * * *", timezone: Europe/Zurich }\nsteps:\n  - { id: s, run: "true" }\n';
      writeFileSync(join(dir, 'jobs/a.yaml'), text);
      const slots = async (time: string) => {
        const { stdout } = await ask('why', 'a', time);
        return stdout.match(/\d\d:\d\d \+\d\d:\d\d/g);
      };
      expect(await slots('2026-10-25T02:30')).toEqual(['02:30 +02:00', '02:30 +01:00']);
      expect(await slots('2026-10-25T02:30+01:00')).toEqual(['02:30 +01:00']);
      expect(await slots('2026-10-25T01:30')).toEqual(['01:30 +02:00']);
      expect(await slots('2026-10-25T03:30')).toEqual(['03:30 +01:00']);
    }));

  it('tells of every minute of the longest day, and says so when there is more', () =>
    inPlace(async (ask, dir) => {
      const job = (schedule: string) => `schedule: ${schedule}\nsteps:\n  - { id: s, run: "true" }\n`;
      writeFileSync(join(dir, 'jobs/a.yaml'), job('{ cron: "* * * * *", timezone: Europe/Zurich }'));
      writeFileSync(join(dir, 'jobs/b.yaml'), job('{ cron: "* * * * * *", seconds: true, timezone: Europe/Zurich }'));
      const minutes = await ask('why', 'a', '2026-10-25', '--json');
      expect(json(minutes).slots).toHaveLength(25 * 60);
      expect([json(minutes).more, minutes.stderr]).toEqual([undefined, '']);
      const seconds = await ask('why', 'b', '2026-10-25', '--json');
      expect(json(seconds)).toMatchObject({ more: true, slots: { length: 1_500 } });
      expect(seconds.stderr).toMatch(/more slots than the first 1500/);
    }));

  it('tells why there is no decision', () =>
    inPlace(async (ask, dir) => {
      await past(dir);
      const why = async (time: string) => (await ask('why', 'a', time)).stdout;
      expect(await why('2026-10-24')).toMatch(/before this schedule was first seen/);
      expect(await why('2026-10-27')).toMatch(/not decided yet: no scheduler is running/);
      expect(await why('2026-10-25T14:00')).toMatch(/no slot then; the next one after it is 2026-10-26 02:30 \+01:00/);
      expect(await why('2099-01-01')).toMatch(/to come, in /);
      expect(await ask('why', 'a', 'tomorrow')).toMatchObject({ code: 2 });
    }));
});

describe('status', () => {
  it('names a file that is wrong', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(join(dir, 'jobs/bad.yaml'), 'steps:\n  - { id: s, rn: x }\n');
      expect(json(await ask('status', '--json')).jobs).toMatchObject([
        { job: 'bad', problem: expect.stringMatching(/bad\.yaml:2:\d+: unknown key/) },
      ]);
    }));
});

describe('retry', () => {
  const JOB = [
    'vars: { word: hello }',
    'steps:',
    '  - { id: one, run: "echo one ${{ vars.word }} >> ../out; echo x=1 >> $POSTRIDER_OUTPUT" }',
    '  - { id: two, uses: shell, with: { run: "echo two $X >> ../out; [ -e ../go ]", env: { X: "${{ steps.one.outputs.x }}" } } }',
    '  - { id: three, run: "echo three >> ../out" }',
    '',
  ].join('\n');
  const out = (dir: string) => readFileSync(join(dir, 'out'), 'utf8').split('\n').slice(0, -1);

  it('keeps what went well with its outputs, and the definition and variables of then', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(join(dir, 'jobs/a.yaml'), JOB);
      expect(await ask('run', 'a', '--set', 'word=bye')).toMatchObject({ code: 1 });
      writeFileSync(join(dir, 'jobs/a.yaml'), 'steps:\n  - { id: other, run: "true" }\n');
      writeFileSync(join(dir, 'go'), '');
      const retried = await ask('retry', 'last', '--from-failed');
      expect(retried, retried.stderr).toMatchObject({ code: 0 });
      expect(retried.stderr).toMatch(/two {2}kept from run \S+: one\n/);
      expect(out(dir)).toEqual(['one bye', 'two 1', 'two 1', 'three']);
      const runs = json(await ask('history', '--json')).runs;
      expect(runs.map((run: { status: string; trigger: string }) => [run.status, run.trigger])).toEqual([
        ['succeeded', 'retry'],
        ['failed', 'manual'],
      ]);
      expect(runs[0]['retry-of']).toBe(runs[1].run);
      expect(json(await ask('show', 'last', '--json')).steps.map((step: { status: string }) => step.status)).toEqual(
        Array(3).fill('succeeded'),
      );
      expect(await ask('retry', runs[1].run)).toMatchObject({ code: 0 });
      expect(out(dir).slice(4)).toEqual(['one bye', 'two 1', 'three']);
    }));

  it('--from-failed runs nothing again where nothing failed, though not every step ran', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(join(dir, 'jobs/a.yaml'), JOB);
      writeFileSync(join(dir, 'go'), '');
      expect(await ask('run', 'a')).toMatchObject({ code: 0 });
      expect(await ask('run', 'a', '--only', 'two')).toMatchObject({ code: 0 });
      expect(await ask('retry', 'last', '--from-failed')).toMatchObject({ code: 0 });
      expect(out(dir)).toEqual(['one hello', 'two 1', 'three', 'two']);
      const mistyped = await ask('logs', 'last', '--step', 'tow');
      expect(mistyped).toMatchObject({ code: 2, stderr: expect.stringContaining('Did you mean two?') });
    }));

  it('--step runs it and what needs it; a step that is not there is wrong usage', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(join(dir, 'go'), '');
      writeFileSync(join(dir, 'jobs/a.yaml'), JOB);
      await ask('run', 'a');
      expect(await ask('retry', 'last', '--step', 'two')).toMatchObject({ code: 0 });
      expect(out(dir)).toEqual(['one hello', 'two 1', 'three', 'two 1', 'three']);
      expect(await ask('retry', 'last', '--step', 'tow')).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/Did you mean two/),
      });
      expect(await ask('retry', 'nothing')).toMatchObject({ code: 2 });
    }));
});

describe('logs --follow', () => {
  it('goes on until the run has ended', () =>
    inPlace(async (ask, dir) => {
      writeFileSync(
        join(dir, 'jobs/a.yaml'),
        'steps:\n  - { id: s, run: "echo begun; until [ -e ../go ]; do sleep 0.05; done; echo done" }\n',
      );
      const running = startCli(['run', 'a', '--state', 'state'], { cwd: dir });
      await running.output(/begun/);
      const following = startCli(['logs', 'last', '--follow', '--state', 'state'], { cwd: dir });
      await following.output(/begun/);
      writeFileSync(join(dir, 'go'), '');
      const [{ stdout, code }] = await Promise.all([following.done, running.done]);
      expect(code).toBe(0);
      expect(stdout).toMatch(/begun\n(.|\n)*done\n(.|\n)*run succeeded/);
      expect(existsSync(join(dir, 'state'))).toBe(true);
      expect((await ask('logs', 'last')).stdout).toBe(stdout);
    }));
});

describe('what has not ended', () => {
  const T0 = Date.UTC(2026, 10, 22, 2, 30);
  const run = { file: '/jobs/a.yaml', trigger: 'schedule', host: 'elsewhere', pid: 1, status: 'running' } as const;

  /** `a` runs and has another slot waiting, `b` was left by its scheduler. */
  async function place(dir: string): Promise<void> {
    const store = await openSqliteStore(join(dir, 'state/postrider.sqlite'), { clock: new VirtualClock(T0) });
    const cursor = { job: 'a', schedule: '* * * * *', anchor: T0, decidedTo: T0 };
    await store.begin({ ...run, id: 'going', job: 'a', startedAt: T0 }, []);
    await store.begin({ ...run, id: 'left', job: 'b', startedAt: T0, owner: 'gone' }, []);
    await store.bury(({ job }) => job === 'a');
    await store.slots.open(cursor);
    const key = { job: 'a', schedule: '* * * * *', slot: T0 + 60_000, decidedAt: T0 + 60_000 };
    await store.slots.decide(cursor, T0 + 60_000, [{ ...key, action: 'queued', run: 'queued-1', open: true }]);
    await store.close();
  }

  it('a slot that waits for the run before it is in history, status and show, and can be cancelled', () =>
    inPlace(async (ask, dir) => {
      await place(dir);
      const { runs } = json(await ask('history', '--json'));
      const waiting = { run: 'queued-1', job: 'a', status: 'waiting', slot: '2026-11-22T02:31:00.000Z', 'duration-ms': null };
      expect(runs.map((each: { run: string }) => each.run).sort()).toEqual(['going', 'left', 'queued-1']);
      expect(runs[0]).toMatchObject(waiting);
      expect(json(await ask('history', '--json', '--status', 'waiting')).runs).toMatchObject([waiting]);
      expect(json(await ask('history', 'b', '--json')).runs).toMatchObject([{ run: 'left' }]);
      expect((await ask('status', '--jobs', 'typo')).stderr).toMatch(/^There is no jobs folder .*typo; shown is what has run\./);
      expect((await ask('history', 'typo', '--status', 'failed')).stderr).toContain('No run of typo that is failed is on record');
      const [a] = json(await ask('status', '--json')).jobs;
      expect(a).toMatchObject({ job: 'a', running: true, last: { run: 'going' }, waiting: { run: 'queued-1' } });
      expect((await ask('status')).stdout).toMatch(/a: run queued-1 waits/);
      expect((await ask('show', 'queued')).stdout).toBe(
        'a  waiting  2026-11-22 02:31:00 +00:00\nrun queued-1 has yet to begin\n',
      );
      expect(await ask('cancel', 'queued-1')).toMatchObject({ code: 0, stdout: 'a: run queued-1 ended as cancelled\n' });
      expect(json(await ask('history', 'a', '--json')).runs).toMatchObject([{ run: 'going' }]);
      expect((await ask('cancel', 'queued-1')).code).not.toBe(0);
    }));

  it('one that was left unfinished does not grow older while nobody works at it', () =>
    inPlace(async (ask, dir) => {
      await place(dir);
      expect(json(await ask('history', 'b', '--json')).runs).toMatchObject([{ status: 'interrupted', 'duration-ms': null }]);
      expect((await ask('history', 'b')).stdout).toMatch(/interrupted +2026-11-22 02:30 \+00:00\n/);
    }));
});
