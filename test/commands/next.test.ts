// `next`: slots of an expression without any job, of a job, of all jobs; what wrong questions get.
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { cli, inTempDir } from '../support/cli.ts';

const next = (cwd: string, ...args: string[]) => cli(['next', ...args], { cwd });

it('--cron prints slots as the contract says, with a note where the clocks change', () =>
  inTempDir(async dir => {
    const zone = ['--timezone', 'Europe/Zurich'];
    const { code, stdout, stderr } = await next(
      dir,
      ...['--cron', '30 2 * * *', ...zone, '--from', '2026-03-28T12:00:00Z', '--count', '2', '--json'],
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({
      version: 1,
      slots: [
        {
          at: '2026-03-29T01:30:00.000Z',
          local: '2026-03-29T03:30:00+02:00',
          note: 'clocks go forward over 02:30: due 1h later',
        },
        { at: '2026-03-30T00:30:00.000Z', local: '2026-03-30T02:30:00+02:00' },
      ],
    });
  }));

it.each([
  ['30 2 * * *', '2026-10-24T12:00Z', 'clocks go back, 02:30 comes twice: due the first time'],
  ['30 * * * *', '2026-10-25T00:00Z', 'clocks go back, 02:30 comes twice: the first'],
  ['30 * * * *', '2026-10-25T01:00Z', 'clocks go back, 02:30 comes twice: the second'],
])('%s after %s: %s', (cron, from, note) =>
  inTempDir(async dir => {
    const { stdout } = await next(dir, '--cron', cron, '--timezone', 'Europe/Zurich', '--from', from, '-n', '1', '--json');
    expect(JSON.parse(stdout).slots[0].note).toBe(note);
  }));

it('--from without an offset is local to the zone, and the table shows local time', () =>
  inTempDir(async dir => {
    const from = ['--from', '2026-07-01T02:29'];
    const { stdout } = await next(dir, '--cron', '30 2 * * *', '--timezone', 'Europe/Zurich', ...from, '--count', '1');
    expect(stdout).toBe('LOCAL TIME               NOTE\n2026-07-01 02:30 +02:00\n');
  }));

it.each([
  ['', '2026-07-02 00:00 +00:00'],
  ['UTC+3', '2026-07-02 00:00 -03:00'],
  ['Europe/Zurich', '2026-07-02 00:00 +02:00'],
])('where TZ is %j the next midnight is %s', (TZ, midnight) =>
  inTempDir(async dir => {
    const args = ['next', '--cron', '@daily', '--from', '2026-07-01T12:00:00Z', '--count', '1'];
    const { stdout } = await cli(args, { cwd: dir, env: { TZ } });
    expect(stdout).toBe(`LOCAL TIME               NOTE\n${midnight}\n`);
  }));

it('takes a job, or all of the folder, soonest first; H depends on the name', () =>
  inTempDir(async dir => {
    mkdirSync(join(dir, 'jobs'));
    const steps = 'steps: [{ id: a, run: "true" }]\n';
    writeFileSync(join(dir, 'jobs/a.yaml'), `schedule: { cron: "0 6 * * *", timezone: UTC }\n${steps}`);
    writeFileSync(
      join(dir, 'jobs/b.yaml'),
      `schedule: [{ cron: "0 5 * * *", timezone: UTC }, { cron: "0 7 * * *", timezone: UTC }]\n${steps}`,
    );
    writeFileSync(join(dir, 'jobs/manual.yaml'), steps);
    const from = ['--from', '2026-01-01T00:00Z', '--json'];
    const all = JSON.parse((await next(dir, ...from, '-n', '4')).stdout).slots;
    expect(all.map((slot: { job: string; at: string }) => `${slot.job} ${slot.at.slice(8, 13)}`)).toEqual([
      'b 01T05',
      'a 01T06',
      'b 01T07',
      'b 02T05',
    ]);
    const one = JSON.parse((await next(dir, 'a', ...from, '-n', '1')).stdout).slots;
    expect(one).toEqual([{ job: 'a', at: '2026-01-01T06:00:00.000Z', local: '2026-01-01T06:00:00+00:00' }]);
    const hashed = async (name: string) =>
      JSON.parse((await next(dir, name, '--cron', 'H H * * *', '--timezone', 'UTC', ...from, '-n', '1')).stdout).slots[0].at;
    expect([await hashed('a'), await hashed('a'), await hashed('b')]).toEqual([
      '2026-01-01T08:18:00.000Z',
      '2026-01-01T08:18:00.000Z',
      expect.not.stringMatching('08:18'),
    ]);
    expect(await next(dir, 'manual')).toMatchObject({
      code: 0,
      stdout: '',
      stderr: expect.stringMatching(/Nothing is scheduled/),
    });
  }));

it.each([
  [['--cron', ''], /--cron: the cron expression is empty/],
  [['--cron', '* * * *'], /4 fields, but needs five/],
  [['--cron', '0 0 30 2 *'], /would never run/],
  [['--cron', '* * * * *', '--timezone', 'Europe/Zuric'], /Did you mean `Europe\/Zurich`/],
  [['--cron', '* * * * *', '--timezone', '+01:00'], /no time zone/],
  [['--cron', '* * * * *', '--from', 'tomorrow'], /--from tomorrow: this is no time/],
  [['--cron', '* * * * *', '--from', '2026-02-30T00:00Z'], /this is no time/],
  [['--cron', '* * * * *', '--count', '0'], /count/],
  [['--timezone', 'UTC'], /goes with --cron/],
])('%j exits 2', (args, message) =>
  inTempDir(async dir => {
    const result = await next(dir, ...args);
    expect(result).toMatchObject({ code: 2, stdout: '', stderr: expect.stringMatching(message) });
  }));

it('says which files are wrong, and shows the slots of the others', () =>
  inTempDir(async dir => {
    mkdirSync(join(dir, 'jobs'));
    writeFileSync(join(dir, 'jobs/a.yaml'), 'schedule: { cron: "0 6 * * *", timezone: UTC }\nsteps: [{ id: a, run: "true" }]\n');
    writeFileSync(join(dir, 'jobs/b.yaml'), 'schedule: { cron: "0 6 * * *" }\nsteps: [{ id: a, rn: "true" }]\n');
    const table = await next(dir, '-n', '1');
    expect(table).toMatchObject({ code: 0, stdout: expect.stringMatching(/06:00 .* a\n/) });
    expect(table.stderr).toBe('jobs/b.yaml:2:18: unknown key `rn` in entry 1 of `steps`; its slots are not shown\n');
    const { slots, problems } = JSON.parse((await next(dir, '-n', '1', '--json')).stdout);
    expect(slots).toHaveLength(1);
    expect(problems).toEqual([{ file: join(dir, 'jobs/b.yaml'), message: expect.stringMatching(/^jobs\/b\.yaml:2:18: /) }]);
    expect(existsSync(join(dir, '.state'))).toBe(false);
  }));

it('counts `every` from when a scheduler first saw it, and says what is paused', () =>
  inTempDir(async dir => {
    mkdirSync(join(dir, 'jobs'));
    writeFileSync(join(dir, 'jobs/a.yaml'), 'schedule: { every: 1h, timezone: UTC }\nsteps: [{ id: a, run: "true" }]\n');
    const store = await openSqliteStore(join(dir, 'state/postrider.sqlite'), { clock: systemClock });
    const at = Date.UTC(2026, 0, 1, 0, 7);
    await store.slots.open({ job: 'a', schedule: 'every 3600000 ms UTC', anchor: at, decidedTo: at });
    await store.slots.pause({ job: 'a', since: at, reason: 'server moves' });
    await store.close();
    const { stdout } = await next(dir, '--state', 'state', '--from', '2026-01-05T10:00Z', '-n', '1', '--json');
    expect(JSON.parse(stdout).slots).toEqual([
      { job: 'a', at: '2026-01-05T10:07:00.000Z', local: '2026-01-05T10:07:00+00:00', note: 'paused: server moves' },
    ]);
  }));
