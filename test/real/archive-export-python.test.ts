// Somebody else's readers open what we export, and their mail becomes ours: Python's mailbox, sha256sum.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportArchive, importMail, nodeFiles, openAccount, verifyArchive } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { fill, NOVEMBER } from '../archive/filled.ts';
import { HAZARDS } from '../archive/messages.ts';
import { execFileSync } from '../support/sync-child.ts';

const COUNT = Object.keys(HAZARDS).length;
let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postrider-export-'));
  await fill(join(dir, 'archive'), nodeFiles);
});
afterAll(() => rm(dir, { recursive: true, force: true }));

function python(script: string, ...args: string[]): unknown {
  return JSON.parse(
    execFileSync('python3', ['-c', `import hashlib, json, mailbox, sys\n${script}`, ...args], { encoding: 'utf8' }),
  );
}

test('Python’s mailbox and sha256sum read an exported Maildir, octet for octet', async () => {
  await exportArchive({ root: join(dir, 'archive'), target: join(dir, 'md'), format: 'maildir' });
  const hashes = python(
    'box = mailbox.Maildir(sys.argv[1], create=False)\nprint(json.dumps(sorted(hashlib.sha256(box.get_bytes(k)).hexdigest() for k in box.keys())))',
    join(dir, 'md/me@x'),
  );
  // Python gives a message with its line ends turned into LF.
  expect(hashes).toHaveLength(COUNT);
  const sums = execFileSync('sha256sum', ['-c', '--quiet', 'SHA256SUMS'], { cwd: join(dir, 'md'), encoding: 'utf8' });
  expect(sums).toBe('');
});

test('Python’s mailbox counts what is in an exported mbox', async () => {
  await exportArchive({ root: join(dir, 'archive'), target: join(dir, 'mb'), format: 'mbox', account: 'me@x' });
  const counts = ['2026-11', '2026-12'].map(month =>
    python('print(len(mailbox.mbox(sys.argv[1], create=False)))', join(dir, `mb/me@x/${month}.mbox`)),
  );
  expect(counts).toEqual([12, COUNT - 12]);
});

test('an mbox and a Maildir that Python wrote are imported whole', async () => {
  python(
    `
import email.message
def letters():
    for i in range(20):
        m = email.message.EmailMessage(); m['Subject'] = 'letter %d' % i; m['From'] = 'a@b.c'
        m.set_content('one\\n\\nFrom here on\\n>From there\\n' * i + 'end\\n'); yield m
box, md = mailbox.mbox(sys.argv[1]), mailbox.Maildir(sys.argv[2])
for m in letters(): box.add(m); md.add(m)
box.close(); print('0')`,
    join(dir, 'py.mbox'),
    join(dir, 'py'),
  );
  const root = join(dir, 'imported');
  for (const name of ['py', 'py.mbox']) {
    const archive = await openAccount({ root, account: name, clock: systemClock });
    expect(await importMail({ archive, path: join(dir, name), now: () => NOVEMBER })).toMatchObject({ found: 20, archived: 20 });
    await archive.close();
  }
  expect(await verifyArchive(root)).toMatchObject({ messages: 40, problems: [] });
});
