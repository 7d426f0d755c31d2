// The scheduler as a process: fires, reloads, drains, dies and is succeeded.
import { appendFileSync, existsSync, readFileSync, renameSync, watch, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, inTempDir, type RunningCli, startCli } from '../support/cli.ts';

interface Line {
  readonly event: string;
  readonly level: string;
  readonly message: string;
  readonly job?: string;
  readonly run?: string;
  readonly [fact: string]: unknown;
}

const OFTEN = 'schedule: { cron: "* * * * * *", seconds: true }';

async function inJobsDir(work: (dir: string, jobs: string) => Promise<void>): Promise<void> {
  await inTempDir(async dir => {
    const jobs = join(dir, 'jobs');
    await mkdir(jobs);
    await work(dir, jobs);
  });
}

function scheduler(dir: string, ...flags: string[]): RunningCli {
  return startCli(['schedule', '--state', 'state', ...flags], { cwd: dir });
}

/** Matches a log in which an event comes that often. */
function times(event: string, count: number): Pick<RegExp, 'test'> {
  return { test: text => text.split(`"event":"${event}"`).length > count };
}

async function appears(dir: string, name: string): Promise<void> {
  const changes = watch(dir);
  const seen = new Promise<void>(resolve => {
    const look = () => (existsSync(join(dir, name)) ? resolve() : undefined);
    changes.on('change', look);
    look();
  });
  await seen.finally(() => changes.close());
}

async function ended({ child, done }: RunningCli, signal: NodeJS.Signals = 'SIGTERM') {
  child.kill(signal);
  const result = await done;
  const lines = result.stderr.split('\n').filter(line => line.startsWith('{'));
  return { ...result, log: lines.map(line => JSON.parse(line) as Line) };
}

async function history(dir: string, ...args: string[]): Promise<{ job: string; status: string; run: string }[]> {
  return JSON.parse((await cli(['history', '--state', 'state', '--json', ...args], { cwd: dir })).stdout).runs;
}

describe('schedule', () => {
  it('runs a job at its slots, logs JSON lines, and ends in order with 0', () =>
    inJobsDir(async (dir, jobs) => {
      writeFileSync(join(jobs, 'a.yaml'), `${OFTEN}\nsteps:\n  - { id: s, run: "true" }\n`);
      const running = scheduler(dir);
      await running.output(times('run-finished', 2));
      const { code, log } = await ended(running);
      expect(code).toBe(0);
      expect(log.map(({ event }) => event)).toEqual(
        expect.arrayContaining(['started', 'run-started', 'run-finished', 'draining', 'stopped']),
      );
      const runs = await history(dir);
      expect(new Set(runs.map(({ status }) => status))).toEqual(new Set(['succeeded']));
      expect(new Set(runs.map(({ run }) => run)).size).toBe(runs.length);
    }));

  it('runs what it remembers of unchanged files as it runs what it has read, expressions and all', () =>
    inJobsDir(async (dir, jobs) => {
      const step = '{ id: s, if: "env.HOME != \'\'", run: "echo ${{ job.name }} > ${{ vars.file }}" }';
      writeFileSync(join(jobs, 'a.yaml'), `${OFTEN}\nvars: { file: out }\nsteps:\n  - ${step}\n`);
      for (const file of ['read', 'remembered']) {
        const running = scheduler(dir);
        await running.output(times('run-finished', 1));
        const { log } = await ended(running);
        expect(
          log.find(({ event }) => event === 'run-finished'),
          file,
        ).toMatchObject({ status: 'succeeded' });
      }
    }));

  it('takes a changed file whole, keeps the last good version of a bad one, and a run keeps what it began with', () =>
    inJobsDir(async (dir, jobs) => {
      const write = (text: string) => {
        writeFileSync(join(dir, 'new'), text);
        renameSync(join(dir, 'new'), join(jobs, 'a.yaml'));
      };
      write(
        `${OFTEN}\noverlap: skip\nsteps:\n  - { id: s, run: "until [ -e ../go ]; do sleep 0.05; done" }\n  - { id: t, run: "echo old >> ../out" }\n`,
      );
      const running = scheduler(dir);
      await running.output(/run-started/);
      write('schedule: { cron: "* * * * *" }\nsteps:\n  - { id: s, rn: x }\n');
      await running.output(/its last good version goes on/);
      write(`${OFTEN}\nsteps:\n  - { id: s, run: "echo new >> ../out" }\n`);
      await running.output(/read again: a/);
      writeFileSync(join(dir, 'go'), '');
      await running.output(times('run-finished', 2));
      await ended(running);
      expect(readFileSync(join(dir, 'out'), 'utf8')).toMatch(/^old\nnew\n/);
    }));

  it('SIGHUP reads the folder again; two files of one name are reported, and the first goes on', () =>
    inJobsDir(async (dir, jobs) => {
      const job = 'name: a\nschedule: { every: 1h }\nsteps:\n  - { id: s, run: "true" }\n';
      writeFileSync(join(jobs, 'a.yaml'), job);
      const running = scheduler(dir);
      await running.output(/1 job, 1 schedule/);
      writeFileSync(join(jobs, 'b.yaml'), job);
      running.child.kill('SIGHUP');
      await running.output(/b\.yaml.*|the name a is taken by a\.yaml/);
      const { code, log } = await ended(running);
      expect(code).toBe(0);
      expect(log.find(({ event }) => event === 'job-invalid')?.message).toMatch(/the name a is taken by a\.yaml/);
    }));

  it('SIGTERM with 20 running jobs waits for those that end, and hands over the rest; nothing is lost', () =>
    inJobsDir(async (dir, jobs) => {
      for (let i = 1; i <= 20; i++) {
        const wait = i <= 10 ? '[ -e ../go ]' : 'false';
        writeFileSync(
          join(jobs, `j${i}.yaml`),
          `${OFTEN}\noverlap: skip\nsteps:\n  - { id: s, uses: shell, with: { run: "echo $POSTRIDER_RUN >> ../began; until ${wait} || [ -e ../again ]; do sleep 0.1; done", repeatable: true } }\n`,
        );
      }
      const running = scheduler(dir, '--concurrency', '20', '--drain', '60s');
      await running.output(times('run-started', 20));
      running.child.kill('SIGTERM');
      await running.output(/draining/);
      writeFileSync(join(dir, 'go'), '');
      await running.output(times('run-finished', 10));
      // Another signal than the first: the same one so soon after it would count as the same keypress.
      const first = await ended(running, 'SIGINT');
      expect(first.code).toBe(0);
      expect(first.log.filter(({ event }) => event === 'run-interrupted')).toHaveLength(10);
      expect((await history(dir, '--limit', '100')).map(({ status }) => status).sort()).toEqual([
        ...Array(10).fill('interrupted'),
        ...Array(10).fill('succeeded'),
      ]);
      writeFileSync(join(dir, 'again'), '');
      for (let i = 1; i <= 20; i++) writeFileSync(join(jobs, `j${i}.yaml`), `name: j${i}\nsteps:\n  - { id: s, run: "true" }\n`);
      const next = scheduler(dir, '--concurrency', '20');
      await next.output(times('run-finished', 10));
      await ended(next);
      const runs = await history(dir, '--limit', '100');
      expect(runs.map(({ status }) => status)).toEqual(Array(20).fill('succeeded'));
    }));

  it('after SIGKILL a half-finished job is finished by the next scheduler, without repeating a finished step', () =>
    inJobsDir(async (dir, jobs) => {
      const shell = (id: string, run: string) => `  - { id: ${id}, uses: shell, with: { run: "${run}", repeatable: true } }\n`;
      writeFileSync(
        join(jobs, 'three.yaml'),
        `${OFTEN}\noverlap: skip\nsteps:\n${shell('one', 'echo one >> ../out; echo x=1 >> $POSTRIDER_OUTPUT')}${shell('two', 'echo two >> ../out; touch ../two; until [ -e ../go ]; do sleep 0.05; done')}${shell('three', 'echo three ${{ steps.one.outputs.x }} >> ../out')}`,
      );
      const first = scheduler(dir);
      await appears(dir, 'two');
      await ended(first, 'SIGKILL');
      // The run goes on as it began, whatever the file says now.
      writeFileSync(join(jobs, 'three.yaml'), 'steps:\n  - { id: s, run: "true" }\n');
      writeFileSync(join(dir, 'go'), '');
      const next = scheduler(dir);
      await next.output(/run-finished/);
      const { log } = await ended(next);
      expect(log.map(({ event }) => event)).toEqual(expect.arrayContaining(['run-crashed', 'run-resumed']));
      expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('one\ntwo\ntwo\nthree 1\n');
      const runs = await history(dir);
      expect(runs.map(({ status }) => status)).toEqual(['succeeded']);
      const { stdout } = await cli(['logs', runs[0]?.run ?? '', '--state', 'state'], { cwd: dir });
      expect(stdout).toMatch(/goes on after crash 1/);
    }));

  it('a script that may not run twice is not, and the run ends as failed with its alert', () =>
    inJobsDir(async (dir, jobs) => {
      writeFileSync(
        join(jobs, 'once.yaml'),
        `${OFTEN}\noverlap: skip\nsteps:\n  - { id: s, run: "echo ran >> ../out; sleep 60" }\non-failure:\n  - { id: alert, run: "echo alert >> ../out" }\n`,
      );
      const first = scheduler(dir);
      await appears(dir, 'out');
      await ended(first, 'SIGKILL');
      writeFileSync(join(jobs, 'once.yaml'), 'steps:\n  - { id: s, run: "true" }\n');
      const next = scheduler(dir);
      await next.output(/run-finished/);
      await ended(next);
      expect(readFileSync(join(dir, 'out'), 'utf8')).toBe('ran\nalert\n');
      expect(await history(dir)).toMatchObject([{ status: 'failed', error: { code: 'interrupted' } }]);
    }));

  it('a run of the scheduler is cancelled from another terminal', () =>
    inJobsDir(async (dir, jobs) => {
      writeFileSync(join(jobs, 'a.yaml'), `${OFTEN}\noverlap: skip\nsteps:\n  - { id: s, run: "sleep 60" }\n`);
      const running = scheduler(dir);
      await running.output(/run-started/);
      const cancelled = await cli(['cancel', 'last', '--state', 'state'], { cwd: dir });
      expect(cancelled).toMatchObject({ code: 0, stdout: expect.stringMatching(/ended as cancelled/) });
      await ended(running, 'SIGTERM');
    }));
});

describe('what it cannot work with', () => {
  it('no jobs folder', () =>
    inTempDir(async dir => {
      const result = await cli(['schedule', '--state', 'state'], { cwd: dir });
      expect(result).toMatchObject({ code: 2, stderr: expect.stringMatching(/jobs folder cannot be read(.|\n)*postrider init/) });
    }));

  it('a store of a newer version', () =>
    inJobsDir(async dir => {
      await cli(['history', '--state', 'state'], { cwd: dir });
      const { DatabaseSync } = await import('node:sqlite');
      const db = new DatabaseSync(join(dir, 'state/postrider.sqlite'));
      db.exec('PRAGMA user_version = 999');
      db.close();
      expect(await cli(['schedule', '--state', 'state'], { cwd: dir })).toMatchObject({
        code: 10,
        stderr: expect.stringMatching(/newer postrider/),
      });
    }));

  it('a state folder that is a file', () =>
    inJobsDir(async dir => {
      appendFileSync(join(dir, 'state'), 'x');
      expect(await cli(['schedule', '--state', 'state'], { cwd: dir })).toMatchObject({ code: 10 });
    }));
});

describe('service', () => {
  it('prints its unit and changes nothing; installs it where no systemd answers, and removes it', () =>
    inJobsDir(async (dir, jobs) => {
      const password = '${{ secrets.web }}';
      writeFileSync(
        join(jobs, 'a.yaml'),
        `connections: { web: { type: ftp, host: h, user: u, password: "${password}" } }\nsteps:\n  - { id: m, uses: ftp/mirror, with: { connection: web, direction: upload, local: x, remote: /x } }\n`,
      );
      const ask = (...args: string[]) => cli(['service', ...args], { cwd: dir });
      const printed = await ask('install', '--print', '--credential', 'web=secret-file');
      expect(printed).toMatchObject({ code: 0, stderr: expect.stringMatching(/secret web: put it into .*secret-file/) });
      expect(printed.stdout).toContain(`LoadCredential=web:${dir}/secret-file\n`);
      const unit = join(dir, '.config/systemd/user/postrider.service');
      expect(existsSync(unit)).toBe(false);
      const installed = await ask('install', '--no-start');
      expect(installed).toMatchObject({
        code: 0,
        stderr: expect.stringMatching(/secret web: put it into .*postrider\/secrets\/web/),
      });
      expect(readFileSync(unit, 'utf8')).toContain('schedule --jobs');
      expect(JSON.parse((await ask('status', '--json')).stdout)).toMatchObject({ installed: true });
      expect(await ask('uninstall')).toMatchObject({ code: 0, stdout: 'the unit is removed\n' });
      expect(existsSync(unit)).toBe(false);
    }));

  it('systemd is told when the scheduler is ready, by systemd-notify', () =>
    inJobsDir(async (dir, jobs) => {
      writeFileSync(join(jobs, 'a.yaml'), 'steps:\n  - { id: s, run: "true" }\n');
      await mkdir(join(dir, 'bin'));
      writeFileSync(
        join(dir, 'bin/systemd-notify'),
        '#!/bin/sh\necho "$NOTIFY_SOCKET $*" >> ../told\n'.replace('../told', join(dir, 'told')),
        { mode: 0o755 },
      );
      const env = { PATH: `${join(dir, 'bin')}:${process.env['PATH']}`, NOTIFY_SOCKET: '/run/x', WATCHDOG_USEC: '400000' };
      const running = startCli(['schedule', '--state', 'state'], { cwd: dir, env });
      await running.output(/"started"/);
      await appears(dir, 'told');
      const changes = watch(join(dir, 'told'));
      await new Promise<void>(resolve => {
        const look = () => (/WATCHDOG=1/.test(readFileSync(join(dir, 'told'), 'utf8')) ? resolve() : undefined);
        changes.on('change', look);
        look();
      });
      changes.close();
      await ended(running);
      expect(readFileSync(join(dir, 'told'), 'utf8')).toMatch(/^\/run\/x READY=1 STATUS=1 job\n/);
    }));
});
