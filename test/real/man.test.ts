// The manual page: man formats it without a complaint, and every command, flag and topic is in it.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { HELP_TOPICS } from '../../src/commands/oclif/help-topics.ts';
import { ROOT } from '../support/cli.ts';
import { describeReal } from './require.ts';

describeReal('man postrider', ['man'], () => {
  it('says all that --help says', async () => {
    const args = ['--warnings', '-E', 'UTF-8', '-P', 'cat', '-l', join(ROOT, 'dist/postrider.1')];
    const env = { PATH: process.env['PATH'], LANG: 'C.UTF-8', MANWIDTH: '120', MAN_KEEP_FORMATTING: '' };
    const { stdout, stderr } = await promisify(execFile)('/usr/bin/man', args, { env, maxBuffer: 10_000_000 });
    expect(stderr).toBe('');
    const page = stdout
      .replace(/.\u0008/gu, '')
      .replace(/\u001b\[[\d;]*m/g, '')
      .replace(/\s+/g, ' ');
    const { commands } = JSON.parse(readFileSync(join(ROOT, 'oclif.manifest.json'), 'utf8')) as {
      commands: Record<string, { hidden?: boolean; summary?: string; flags?: Record<string, unknown> }>;
    };
    const wanted = Object.entries(commands).flatMap(([id, { hidden, summary = '', flags = {} }]) =>
      hidden === true ? [] : [`postrider ${id.replaceAll(':', ' ')}`, summary, ...Object.keys(flags)],
    );
    const topics = Object.values(HELP_TOPICS).flatMap(({ text }) => text.split('\n').map(line => line.trim()));
    const flat = (text: string) => text.replace(/\s+/g, ' ');
    expect([...wanted, ...topics].filter(text => !page.includes(flat(text)))).toEqual([]);
  });
});
