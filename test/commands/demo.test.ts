// The first minutes: the demo does what it says, with nothing prepared, and leaves nothing behind but the folder that it names.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { readMail } from '../../src/mail/read.ts';
import { type CliResult, cli, inTempDir } from '../support/cli.ts';
import { treeOf } from '../support/tree.ts';

function named(result: CliResult, label: string): string {
  return new RegExp(`^${label}\\s+(\\S+)`, 'm').exec(result.stdout)?.[1] ?? '';
}

it('deploys a site, archives a mailbox, mails the report', () =>
  inTempDir(async dir => {
    const result = await cli(['demo'], { cwd: dir, env: { TMPDIR: dir } });
    expect(result.code, result.stderr).toBe(0);

    const [folder, ...others] = readdirSync(dir);
    expect(others).toEqual([]);
    const demo = join(dir, folder ?? '');
    expect(result.stdout).toContain(`Everything is below ${demo}`);

    const site = treeOf(join(demo, 'site'));
    expect(Object.keys(site).length).toBeGreaterThan(10);
    expect(treeOf(named(result, 'The deployed site'))).toEqual(site);

    const archive = treeOf(named(result, 'The mail archive'));
    const manifest = Object.keys(archive).find(path => path.endsWith('.manifest.jsonl')) ?? '';
    const lines = readFileSync(join(demo, 'archive', manifest), 'utf8')
      .trim()
      .split('\n');
    expect(lines).toHaveLength(8);
    expect(archive).toHaveProperty(['README.txt']);

    const mail = await readMail(readFileSync(join(demo, 'report.eml')));
    expect(mail.subject).toMatch(/^\[OK\] demo @ .*: 2 steps succeeded/);
    expect(mail.text).toMatch(/deploy/);
    expect(mail.html).toMatch(/deploy/);
    expect(readFileSync(named(result, 'The report'), 'utf8')).toContain('<html');
  }));

it('overwrites nothing', () =>
  inTempDir(async dir => {
    const first = await cli(['demo', '--dir', 'here'], { cwd: dir });
    expect(first.code, first.stderr).toBe(0);
    const again = await cli(['demo', '--dir', 'here'], { cwd: dir });
    expect(again).toMatchObject({ code: 2, stderr: expect.stringContaining('not empty') });
  }));

it('its run can be looked at afterwards', () =>
  inTempDir(async dir => {
    await cli(['demo', '--dir', 'here'], { cwd: dir });
    const show = await cli(['show', 'last', '--state', 'here/state', '--json'], { cwd: dir });
    const { version, status, steps } = JSON.parse(show.stdout);
    expect({ version, status }).toEqual({ version: 1, status: 'succeeded' });
    expect(steps.map((step: { step: string; status: string }) => `${step.step} ${step.status}`)).toEqual([
      'deploy succeeded',
      'mail succeeded',
      'report succeeded',
    ]);
    const history = await cli(['history', '--state', 'here/state'], { cwd: dir });
    expect(history.stdout).toMatch(/^RUN\s+JOB\s+STATUS[^\n]*\n\S+\s+demo\s+succeeded/);
    const logs = await cli(['logs', 'last', '--state', 'here/state', '--step', 'deploy'], { cwd: dir });
    expect(logs.stdout).toMatch(/deploy\s+succeeded/);
    const status_ = await cli(['status', '--state', 'here/state', '--json'], { cwd: dir });
    expect(JSON.parse(status_.stdout).jobs).toMatchObject([{ job: 'demo', running: false, last: { status: 'succeeded' } }]);
  }));

it('says what is to be done where there are no temporary files', () =>
  inTempDir(async dir => {
    const result = await cli(['demo'], { cwd: dir, env: { TMPDIR: join(dir, 'nowhere') } });
    expect(result.code).toBe(1);
    expect(result.stderr).toMatch(/nowhere: no such file or folder\n {2}It is the folder of temporary files: .*TMPDIR/);
  }));
