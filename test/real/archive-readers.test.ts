// Somebody else's programs open the archive of 300 nasty messages and count what is in it: Python, mutt, notmuch, zstd, sha256sum.
import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { exportArchive, openAccount } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { nastyMails } from '../archive/nasty-mails.ts';
import { execFileSync } from '../support/sync-child.ts';
import { describeReal } from './require.ts';

const mails = [...nastyMails()];
let dir = '';
let mboxHash = '';

const sh = (command: string, env: Record<string, string> = {}) =>
  execFileSync('/bin/sh', ['-c', command], {
    cwd: dir,
    encoding: 'latin1',
    env: { ...process.env, ...env },
    maxBuffer: 2 ** 28,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
const countedByPython = (path: string) =>
  Number(sh(`python3 -c 'import mailbox, sys; print(len(mailbox.mbox(sys.argv[1], create=False)))' ${path}`));

/** mutt wants a terminal; what it draws says how many messages there are. A mail folder that is missing it would ask about. */
function countedByMutt(path: string): number {
  const screen = sh(
    `script -qec "exec mutt -n -F /dev/null -R -f ${path} -e 'set folder=.' -e 'push <exit>'" /dev/null </dev/null`,
    {
      TERM: 'xterm',
      COLUMNS: '120',
      LINES: '40',
    },
  );
  return Number(/Msgs:(\d+)/.exec(screen)?.[1]);
}

describeReal('the archive in other programs', ['mail-readers'], () => {
  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'postrider-readers-'));
    const clock = { ...systemClock, now: () => Date.UTC(2026, 11, 1) };
    const archive = await openAccount({ root: join(dir, 'archive'), account: 'me@x', clock });
    for (const [uidl, octets] of mails) {
      const incoming = archive.incoming();
      await incoming.push(octets);
      await archive.store(incoming.complete(), { uidl, fetchedAt: Date.UTC(2026, 10, 22, 2, 30) });
    }
    await archive.commit();
    mboxHash = sh('sha256sum archive/me@x/2026-11.mbox').slice(0, 64);
    expect([countedByPython('archive/me@x/2026-11.mbox'), countedByMutt('archive/me@x/2026-11.mbox')]).toEqual([
      mails.length,
      mails.length,
    ]);
    for await (const _ of archive.seal());
    await archive.close();
  });
  afterAll(() => rm(dir, { recursive: true, force: true }));

  test('zstd gives the mbox of a sealed month back, and Python and mutt read it', () => {
    sh('zstd -dcq archive/me@x/2026-11.mbox.zst > back.mbox');
    expect(sh('sha256sum back.mbox').slice(0, 64)).toBe(mboxHash);
    expect([countedByPython('back.mbox'), countedByMutt('back.mbox')]).toEqual([mails.length, mails.length]);
    expect(sh('zstd -lv archive/me@x/2026-11.mbox.zst')).toMatch(/Window Size/);
  });

  test('the seal says what sha256sum says', () => {
    const seal = JSON.parse(sh('cat archive/me@x/2026-11.seal.json'));
    expect(sh('sha256sum archive/me@x/2026-11.mbox.zst').slice(0, 64)).toBe(seal['compressed-sha256']);
    expect(seal.messages).toBe(mails.length);
  });

  test('notmuch indexes an exported Maildir, and mutt counts it', async () => {
    await exportArchive({ root: join(dir, 'archive'), target: join(dir, 'md'), format: 'maildir' });
    expect(sh('cd md && sha256sum -c --quiet SHA256SUMS')).toBe('');
    expect(countedByMutt('md/me@x')).toBe(mails.length);
    await writeFile(
      join(dir, 'notmuch.conf'),
      `[database]\npath=${dir}/md/me@x\n[new]\ntags=\n[user]\nname=x\nprimary_email=a@b.c\n`,
    );
    const env = { NOTMUCH_CONFIG: join(dir, 'notmuch.conf') };
    sh('notmuch new --quiet 2>/dev/null || true', env);
    // It takes only files that look like mail, and gives copies with the same Message-ID one entry: all of them are files that it knows.
    const known = sh("notmuch search --output=files '*' | wc -l", env);
    expect(Number(known)).toBeGreaterThan(mails.length * 0.8);
  });

  test('the exact octets come out of the mbox by the rules of README.txt alone', () => {
    const python = `
import hashlib, json, re, sys
box = open('back.mbox', 'rb').read()
for line in open('archive/me@x/2026-11.manifest.jsonl', encoding='utf-8'):
    m = json.loads(line)
    record = box[m['offset']:m['offset'] + m['length']]
    octets = record[record.index(b'\\n') + 1:-1]
    if not m['final-newline']: octets = octets[:-1]
    octets = re.sub(rb'(?m)^>(>*From )', rb'\\1', octets)
    if m['eol'] == 'crlf': octets = octets.replace(b'\\n', b'\\r\\n')
    print(hashlib.sha256(octets).hexdigest())
`;
    const hashes = execFileSync('python3', ['-c', python], { cwd: dir, encoding: 'utf8' }).trim().split('\n');
    expect(hashes).toEqual(mails.map(([, octets]) => createHash('sha256').update(octets).digest('hex')));
  });
});
