// Results and help on real terminals of 20, 40, 80 and 120 columns: tables fit, sentences break between words; in a pipe nothing is cut.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { widthOf } from '../../src/progress/width.ts';
import { BIN, cli } from '../support/cli.ts';
import { Pty } from '../support/pty.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { describeReal } from './require.ts';

const DEEP = 'a/very/deeply/nested/folder/with/a/long/path/to/a/file-with-a-long-name-that-goes-on-and-on-to-a-hundred.html';
const COMMANDS = [
  '--help',
  'ftp --help',
  'ftp mirror --help',
  'help connections',
  'ftp ls @web/www -R',
  'ftp ls @wbe',
  'pop3 list @inbox',
  'status',
  'history',
  'doctor @web',
  'explain tls-expired',
  'archive search Grüße',
];

describeReal('narrow terminals', ['terminal'], () => {
  let r: Rehearsal;
  beforeAll(async () => {
    const subjects = [
      'Grüße aus Zürich und von überall her, auch von hier',
      '日本語の件名がここに長く書かれています、とても長いです',
    ];
    const mails = subjects.map(subject =>
      Buffer.from(
        `From: A Rather Long Name <a.long.address@department.example.org>\r\nSubject: ${encoded(subject)}\r\n\r\nGrüße\r\n`,
      ),
    );
    r = await rehearsal({ messages: mails, site: { 'index.html': 'a', [DEEP]: 'b', '日本語のとても長い名前.txt': 'c' } });
    await writeFile(
      join(r.dir, 'keep.yaml'),
      'steps:\n  - { id: keep, uses: pop3/archive, with: { connection: inbox, archive: ./archive } }\n',
    );
    await r.run('--only', 'deploy');
    await r.cli('run', 'keep.yaml');
    await mkdir(join(r.dir, 'jobs'));
    await writeFile(
      join(r.dir, 'jobs/a-job-with-a-long-name.yaml'),
      'schedule: { every: 1h }\nsteps: [{ id: a, run: "true" }]\n',
    );
  });
  afterAll(() => r.close());

  it.each([20, 40, 80, 120])('%i columns', async columns => {
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', HOME: r.dir, XDG_STATE_HOME: join(r.dir, '.state'), LANG: 'C.UTF-8', TZ: 'UTC' },
      POSTRIDER_SECRET_SANDBOX: r.sandbox.password,
    };
    for (const command of COMMANDS) {
      const words = [...command.split(' '), ...(command.includes('@') ? ['--jobs', '.'] : [])];
      const screen = new Pty([process.execPath, BIN, ...words], { cwd: r.dir, env, columns });
      await screen.exit;
      const wide = screen.text.split(/[\r\n]+/).filter(line => widthOf(line) > columns && line.trim().includes(' '));
      expect({ command, wide }).toEqual({ command, wide: [] });
      expect(screen.text.length).toBeGreaterThan(20);
    }
  });

  it('nothing is cut in a pipe, and no colour goes there unless FORCE_COLOR asks for it', async () => {
    const { stdout } = await r.cli('ftp', 'ls', '@web/www', '-R', '--jobs', '.');
    expect(stdout).toContain(`  ${DEEP}\n`);
    expect((await r.cli('pop3', 'list', '@inbox', '--jobs', '.')).stdout).toContain('<a.long.address@department.example.org>');
    expect(stdout).not.toContain('\u001b');
    await writeFile(join(r.dir, 'site/new.txt'), 'new');
    const plan = (more: Record<string, string>) =>
      cli(['plan', 'main.yaml'], { cwd: r.dir, env: { POSTRIDER_SECRET_SANDBOX: r.sandbox.password, ...more } });
    expect((await plan({})).stdout).not.toContain('\u001b');
    expect((await plan({ FORCE_COLOR: '1' })).stdout).toContain('\u001b');
    expect((await plan({ FORCE_COLOR: '1', NO_COLOR: '1' })).stdout).not.toContain('\u001b');
  });
});

function encoded(subject: string): string {
  return `=?utf-8?B?${Buffer.from(subject).toString('base64')}?=`;
}
