// The archive's commands as a user types them.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { openAccount, periodOf } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { cli, inTempDir } from '../support/cli.ts';

const LETTER = [
  'From: =?utf-8?q?J=C3=BCrg?= <j@example.org>',
  'To: me@example.org',
  'Subject: Rechnung \x1b[31m4711',
  'Date: Sun, 22 Nov 2015 02:30:00 +0000',
  'Content-Type: multipart/mixed; boundary=b',
  '',
  '--b',
  'Content-Type: text/html; charset=utf-8',
  '',
  '<p>Please <b>pay</b>.</p>',
  '--b',
  'Content-Type: application/pdf; name="../in\x1bvoice.pdf"',
  '',
  'PDF',
  '--b--',
  '',
].join('\r\n');
const HASH = createHash('sha256').update(LETTER).digest('hex');

it('import, show, export, stats and verify work together', () =>
  inTempDir(async dir => {
    const run = (...args: string[]) => cli(['archive', ...args], { cwd: dir });
    const json = async (...args: string[]) => JSON.parse((await run(...args, '--json')).stdout);
    mkdirSync(join(dir, 'old/cur'), { recursive: true });
    writeFileSync(join(dir, 'old/cur/1'), LETTER);
    writeFileSync(join(dir, 'old.mbox'), `From x Sun Nov 22 02:30:00 2026\nSubject: second\n\nhello\n\n`);
    expect((await run('import', 'old', 'old.mbox', '--account', 'me@x')).stdout).toBe(
      '2 messages found: 2 archived (352 B), 0 already there, in me@x\n',
    );
    expect(await json('import', 'old', '--account', 'me@x')).toEqual({
      version: 1,
      account: 'me@x',
      found: 1,
      archived: 0,
      duplicates: 1,
      bytes: 0,
    });

    const shown = await run('show', HASH.slice(0, 10));
    expect(shown.stdout).not.toContain('\x1b');
    expect(shown.stdout.split('\n')).toEqual([
      'From: Jürg <j@example.org>',
      'To: me@example.org',
      'Date: Sun, 22 Nov 2015 02:30:00 +0000',
      'Subject: Rechnung \\x1b[31m4711',
      expect.stringMatching(/^Archived: me@x, \d{4}-.*, SHA-256 [0-9a-f]{64}$/),
      '',
      'Please pay.',
      expect.stringMatching(/^Attached: .*voice\.pdf \(application\/pdf, 4 B\)$/),
      '',
    ]);
    expect((await run('show', HASH, '--raw')).stdout).toBe(LETTER);
    expect(await json('show', HASH)).toMatchObject({
      version: 1,
      message: { sha256: HASH, text: 'Please pay.', to: ['me@example.org'] },
    });

    const found = await run('search', 'from:jürg "please pay"');
    expect(found.stderr).toBe('2 new messages indexed\n');
    expect(found.stdout.split('\n')).toEqual([
      `${HASH.slice(0, 12)}  2015-11-22  Jürg <j@example.org>  326 B`,
      expect.stringMatching(/^ {2}Rechnung .*4711 {2}\[.*voice\.pdf\]$/),
      '  Please pay.',
      '',
      '',
    ]);
    expect(found.stdout).not.toContain('\x1b');
    expect(await json('search', 'has:attachment', 'rechnung')).toMatchObject({
      more: false,
      messages: [{ sha256: HASH, size: 326 }],
    });
    expect(await json('reindex')).toEqual({ version: 1, messages: 2 });
    expect(await run('search', 'form:x')).toMatchObject({ code: 2, stderr: expect.stringContaining('There are: from:') });

    const stats = await run('stats');
    expect(stats.stdout).toContain('████████████████████');
    expect(await json('stats')).toMatchObject({
      messages: 2,
      months: [{ account: 'me@x', messages: 2, largest: { sha256: HASH } }],
    });

    expect(await json('export', 'out', '--until', '2015')).toMatchObject({ messages: 1, accounts: 1 });
    expect(readFileSync(join(dir, 'out/me@x', `${HASH}.eml`), 'latin1')).toBe(LETTER);
    expect(await run('export', 'out')).toMatchObject({ code: 1, stderr: expect.stringContaining('out exists already') });
    expect(await run('export', 'x', '--since', '2015-13')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--since 2015-13'),
    });

    expect(await run('verify')).toMatchObject({ code: 0, stdout: expect.stringMatching(/^2 of 2 messages sound/) });
    const folder = join(dir, 'archive/me@x');
    const [mbox] = readdirSync(folder).filter(name => name.endsWith('.mbox'));
    const bytes = readFileSync(join(folder, mbox ?? ''));
    bytes[bytes.indexOf('pay')] = 0x21;
    writeFileSync(join(folder, mbox ?? ''), bytes);
    const verified = await run('verify');
    expect(verified).toMatchObject({ code: 1, stdout: expect.stringContaining(`changed: ${HASH} “Rechnung \\x1b[31m4711”`) });
    expect((await run('verify', '--json')).code).toBe(1);
    expect(await json('verify')).toMatchObject({
      sound: false,
      messages: 2,
      intact: 1,
      problems: [{ kind: 'changed', sha256: HASH }],
    });
    expect(await run('show', HASH, '--raw')).toMatchObject({ code: 1, stdout: '' });
  }));

it('seal packs past months; verify and show read them', () =>
  inTempDir(async dir => {
    const archive = await openAccount({ root: join(dir, 'archive'), account: 'me@x', clock: systemClock });
    const incoming = archive.incoming();
    await incoming.push(Buffer.from(LETTER));
    await archive.store(incoming.complete(), { uidl: '1', fetchedAt: Date.UTC(2015, 10, 22) });
    await archive.commit();
    await archive.close();
    const sealed = await cli(['archive', 'seal'], { cwd: dir });
    expect(sealed).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^me@x 2015-11: 1 message, .* %\), seal [0-9a-f]{64}\n$/),
    });
    const seal = sealed.stdout.trim().slice(-64);
    expect((await cli(['archive', 'verify'], { cwd: dir })).stdout).toMatch(
      `sealed: me@x up to 2015-11, seal ${seal}\n1 of 1 message sound`,
    );
    expect((await cli(['archive', 'show', HASH, '--raw'], { cwd: dir })).stdout).toBe(LETTER);
    expect((await cli(['archive', 'seal', '--json'], { cwd: dir })).stdout).toContain('"sealed": []');
    writeFileSync(join(dir, 'archive/me@x/2015-11.seal.json'), '{}');
    expect(await cli(['archive', 'verify'], { cwd: dir })).toMatchObject({
      code: 1,
      stdout: expect.stringMatching(/^changed: .*2015-11\.seal\.json: this is no seal of this month$/m),
    });
  }));

it('a missing archive and a missing message are said', () =>
  inTempDir(async dir => {
    const result = await cli(['archive', 'verify', '--archive', 'nowhere'], { cwd: dir });
    expect(result).toMatchObject({ code: 1, stderr: expect.stringContaining('there is no archive') });
    expect((await cli(['archive', 'show', 'xyz'], { cwd: dir })).code).toBe(2);
    expect(readdirSync(dir)).toEqual([]);
  }));

it.each([
  ['2026', '2026-01-01', '2027-01-01'],
  ['2026-12', '2026-12-01', '2027-01-01'],
  ['2024-02', '2024-02-01', '2024-03-01'],
  ['2024-02-29', '2024-02-29', '2024-03-01'],
])('%s is a time from %s to %s', (text, from, to) =>
  expect(periodOf('--since', text)).toEqual([Date.parse(from), Date.parse(to)]));

it.each(['', '26', '2026-13', '2026-02-30', '2026-00', 'today', '2026-1'])('%j is none', text =>
  expect(() => periodOf('--until', text)).toThrow('--until'));
