// A reader that goes away in the middle of a run ends its own reading, not the run.
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { BIN, cli, inTempDir } from '../support/cli.ts';
import { spawnSync } from '../support/sync-child.ts';

it.each(['--json', ''])('run %s', flag =>
  inTempDir(async dir => {
    writeFileSync(
      join(dir, 'job.yaml'),
      'name: job\nsteps:\n  - { id: talk, run: "for i in $(seq 300); do echo line $i; done" }\n  - { id: last, run: "echo done > done.txt" }\n',
    );
    const command = `"${process.execPath}" "${BIN}" run job.yaml --state state ${flag} 2>&1 | head -n 1; exit "\${PIPESTATUS[0]}"`;
    const { status } = spawnSync('bash', ['-c', command], { cwd: dir, encoding: 'utf8' });
    expect(status).toBe(0);
    const { stdout } = await cli(['history', '--state', 'state', '--json'], { cwd: dir });
    expect(JSON.parse(stdout).runs).toMatchObject([{ status: 'succeeded' }]);
  }));

it('a reading command whose reader has gone ends in silence', () =>
  inTempDir(async dir => {
    const closedPipe = 'mkfifo p; exec 3<>p 4>p; exec 3<&-';
    const { status, stderr } = spawnSync('bash', ['-c', `${closedPipe}; "${process.execPath}" "${BIN}" schema >&4`], {
      cwd: dir,
      encoding: 'utf8',
    });
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  }));

it.runIf(existsSync('/dev/full')).each([
  'schema',
  'run job.yaml --state state --json',
  // The octets of a message, which are streamed.
  'archive show SHA256 --raw',
])('%s into a full disk says so, does its work, and is no success', line =>
  inTempDir(async dir => {
    writeFileSync(join(dir, 'job.yaml'), 'name: job\nsteps:\n  - { id: last, run: "echo done > done.txt" }\n');
    const message = Buffer.from('Subject: hi\r\n\r\nhello\r\n');
    mkdirSync(join(dir, 'maildir/new'), { recursive: true });
    writeFileSync(join(dir, 'maildir/new/1'), message);
    await cli(['archive', 'import', 'maildir', '--account', 'me@example.org'], { cwd: dir });
    const filled = line.replace('SHA256', createHash('sha256').update(message).digest('hex'));
    const command = `"${process.execPath}" "${BIN}" ${filled} > /dev/full`;
    const { status, stderr } = spawnSync('bash', ['-c', command], { cwd: dir, encoding: 'utf8' });
    expect({ status, stderr }).toEqual({
      status: 1,
      stderr: expect.stringMatching(/^postrider: standard output: the disk is full\n.*\n$/),
    });
    expect(existsSync(join(dir, 'done.txt'))).toBe(line.startsWith('run'));
  }),
);
