// A full disk, for real: small file systems in memory, for the archive, for a download and for the state; and servers that are full.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { execFileSync } from '../support/sync-child.ts';
import { treeOf } from '../support/tree.ts';
import { describeReal } from './require.ts';

const MESSAGES = Array.from({ length: 8 }, (_, i) =>
  Buffer.from(`Subject: mail ${i}\r\n\r\n${`line ${i} ${'x'.repeat(60)}\r\n`.repeat(400)}`),
);
const FILES = Object.fromEntries(Array.from({ length: 8 }, (_, i) => [`file-${i}.bin`, Buffer.alloc(30_000, i + 1)]));

describeReal('a full disk', [], () => {
  const undo: (() => Promise<void> | void)[] = [];
  afterEach(async () => {
    for (const each of undo.splice(0).reverse()) await each();
  });

  async function rehearse(options: Parameters<typeof rehearsal>[0]): Promise<Rehearsal> {
    const r = await rehearsal(options);
    undo.push(() => r.close());
    return r;
  }

  function smallDisk(path: string, size: string): void {
    mkdirSync(path, { recursive: true });
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', path]);
    undo.push(() => void execFileSync('umount', [path]));
  }
  const grow = (path: string) => execFileSync('mount', ['-o', 'remount,size=20m', path]);

  test('under the archive: nothing is deleted on the server that is not here, and the next run completes', async () => {
    const r = await rehearse({ messages: MESSAGES });
    const archive = join(r.dir, 'archive');
    smallDisk(archive, '100k');
    const full = await r.run('--only', 'mail');
    expect(full.code, full.stderr).toBe(1);
    expect(full.stderr).toMatch(/disk is full/);
    expect(full.stderr).toMatch(/Free some space/);
    const left = await subjectsLeft(r);
    expect([...new Set([...left, ...archived(archive)])].sort()).toEqual(MESSAGES.map((_, i) => `mail ${i}`));

    grow(archive);
    const again = await r.run('--only', 'mail');
    expect(again.code, again.stderr).toBe(0);
    expect(archived(archive).sort()).toEqual(MESSAGES.map((_, i) => `mail ${i}`));
    expect(await subjectsLeft(r)).toEqual([]);
  });

  test('under a download: no half file under its final name, and the next run completes', async () => {
    const r = await rehearse({ site: {} });
    mkdirSync(join(r.sandbox.siteDir, 'www'), { recursive: true });
    for (const [path, content] of Object.entries(FILES)) writeFileSync(join(r.sandbox.siteDir, 'www', path), content);
    const local = join(r.dir, 'copy');
    smallDisk(local, '120k');
    const job = readFileSync(join(r.dir, 'main.yaml'), 'utf8');
    writeFileSync(
      join(r.dir, 'main.yaml'),
      job.replace(
        'direction: upload, local: ./site, remote: /www, delete: true',
        'direction: download, local: ./copy, remote: /www',
      ),
    );
    const full = await r.run('--only', 'deploy');
    expect(full.code, full.stderr).toBe(1);
    expect(full.stderr).toMatch(/disk is full/);
    const source = treeOf(join(r.sandbox.siteDir, 'www'));
    for (const [path, hash] of Object.entries(treeOf(local))) if (!path.startsWith('.postrider')) expect(hash).toBe(source[path]);

    grow(local);
    const again = await r.run('--only', 'deploy');
    expect(again.code, again.stderr).toBe(0);
    expect(treeOf(local)).toEqual(source);
  });

  test('under a starter folder: no half file is left to be kept, and the next `init` completes it', async () => {
    const dir = join((await rehearse({})).dir, 'starter');
    smallDisk(dir, '8k');
    const full = await cli(['init'], { cwd: dir });
    expect(full).toMatchObject({ code: 1, stderr: expect.stringMatching(/disk is full/) });
    grow(dir);
    expect(await cli(['init'], { cwd: dir })).toMatchObject({ code: 0, stdout: expect.stringContaining('kept') });
    expect(await cli(['validate'], { cwd: dir })).toMatchObject({ code: 0 });
  });

  test('under the state: exit 10 before anything is touched', async () => {
    const r = await rehearse({});
    const state = join(r.dir, 'state');
    smallDisk(state, '8k');
    const full = await r.run('--state', state);
    expect(full.code, full.stderr).toBe(10);
    expect(full.stderr).toMatch(/disk is full/);
    expect(treeOf(r.sandbox.siteDir)).toEqual({});
  });
});

describeReal('a full server', [], () => {
  test.each([
    ['deploy', 'ftp:STOR#2=full'],
    ['deploy', 'ftp:STOR#2=reply:452 Insufficient storage space'],
    ['deploy', 'ftp:STOR#2=reply:552 Exceeded storage allocation'],
    ['report', 'smtp:MAIL=reply:452 4.3.1 Insufficient system storage'],
  ])('%s: %s is said and the next run completes', async (step, fault) => {
    const r = await rehearsal({ faults: [fault] });
    try {
      const full = await r.run('--only', step);
      expect([1, 5]).toContain(full.code);
      expect(full.stderr).toMatch(/full|storage|space/i);
      const again = await r.run();
      expect(again.code, again.stderr).toBe(0);
      expect(treeOf(join(r.sandbox.siteDir, 'www'))).toEqual(treeOf(join(r.dir, 'site')));
    } finally {
      await r.close();
    }
  });
});

async function subjectsLeft({ sandbox }: Rehearsal): Promise<string[]> {
  const messages = await sandbox.mailbox.list();
  const raw = await Promise.all(messages.map(message => sandbox.mailbox.read(message.uid)));
  return raw.map(bytes => /^Subject: (.*)\r$/m.exec(bytes.toString('latin1'))?.[1] ?? '');
}

function archived(archive: string): string[] {
  return Object.keys(treeOf(archive))
    .filter(path => path.endsWith('.manifest.jsonl'))
    .flatMap(path => readFileSync(join(archive, path), 'utf8').trim().split('\n'))
    .filter(line => line !== '')
    .map(line => JSON.parse(line).subject as string);
}
