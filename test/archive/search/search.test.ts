// Real mails in, answers out; the index is deleted, damaged and rebuilt, and says the same.
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openAccount } from '../../../src/archive/account.ts';
import { MATCH_END, MATCH_START, reindexArchive, type SearchHit, searchArchive } from '../../../src/archive/search/search.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { HAZARDS } from '../messages.ts';

const NOW = Date.UTC(2026, 10, 20);
const b64 = (text: string) => Buffer.from(text).toString('base64');

const MAILS: Readonly<Record<string, string>> = {
  invoice: [
    'From: =?utf-8?q?J=C3=BCrg_M=C3=BCller?= <j@acme.example>',
    'To: Billing <billing@example.org>, second@example.org',
    `Subject: =?utf-8?b?${b64('Rechnung Nº 4711 für März')}?=`,
    'Date: Sun, 22 Feb 2026 02:30:00 +0000',
    'Message-ID: <inv-4711@acme.example>',
    'Content-Type: multipart/mixed; boundary=b',
    '',
    '--b',
    'Content-Type: text/html; charset=utf-8',
    '',
    '<style>p{color:hidden}</style><p>Bitte <b>zahlen</b> Sie innert drei&szlig;ig Tagen.</p>',
    '--b',
    'Content-Type: application/pdf',
    "Content-Disposition: attachment; filename*=utf-8''Rechnung%204711.pdf",
    'Content-Transfer-Encoding: base64',
    '',
    b64('secretword inside a file '.repeat(2_000)).replace(/.{76}/g, '$&\r\n'),
    '--b--',
    '',
  ].join('\r\n'),
  plain:
    'From: a@x.org\r\nTo: c@x.org\r\nSubject: lunch\r\nDate: Mon, 2 Mar 2026 10:00:00 +0000\r\n\r\nPlease pay attention: exact words here.\r\n',
  swapped:
    'From: c@x.org\r\nTo: a@x.org\r\nSubject: other\r\nDate: Tue, 3 Mar 2026 10:00:00 +0000\r\n\r\nwords exact, in another order, mentions lunch\r\n',
  csv:
    'From: robot@x.org\r\nSubject: numbers\r\nMIME-Version: 1.0\r\nContent-Type: text/csv; name=numbers.csv\r\nContent-Disposition: attachment; filename=numbers.csv\r\nContent-Transfer-Encoding: base64\r\n\r\n' +
    b64('turnover,42\r\n') +
    '\r\n',
  escape:
    'From: "\x1b[31mred\x02x\x03" <e@x.org>\r\nSubject: \x1b]0;owned\x07 title\r\nDate: Thu, 1 Jan 1970 00:00:00 +0000\r\n\r\nan \x1b[2Jescape \u202esequence\r\n',
  cjk:
    'From: a@x.org\r\nSubject: =?utf-8?b?' +
    b64('請求書 第42号') +
    '?=\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n東京都の会社からの請求です。\r\n',
  deep: `Subject: nested deep\r\nContent-Type: multipart/mixed; boundary=0\r\n\r\n${Array.from({ length: 300 }, (_, at) => `--${at}\r\nContent-Type: multipart/mixed; boundary=${at + 1}\r\n\r\n`).join('')}`,
};

let root = '';
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), 'postrider-search-'));
  await store('me@x', Object.values(MAILS));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function store(account: string, mails: readonly (string | Buffer)[], fetchedAt = NOW): Promise<void> {
  const archive = await openAccount({ root, account, clock: { ...systemClock, now: () => NOW } });
  for (const mail of mails) {
    const incoming = archive.incoming();
    await incoming.push(Buffer.from(mail as string));
    await archive.store(incoming.complete(), { uidl: undefined, fetchedAt });
    await incoming.discard();
  }
  await archive.commit();
  for await (const _ of archive.seal());
  await archive.close();
}

const search = (query: string, limit = 50) => searchArchive({ root, query, limit });
const subjects = async (query: string) => (await search(query)).hits.map(({ subject }) => subject);

describe('a search', () => {
  it.each([
    ['rechnung', ['Rechnung Nº 4711 für März']],
    ['RECHNUNG marz', ['Rechnung Nº 4711 für März']],
    ['from:muller to:second', ['Rechnung Nº 4711 für März']],
    ['dreißig', ['Rechnung Nº 4711 für März']],
    ['hidden', []],
    ['secretword', []],
    ['filename:pdf', ['Rechnung Nº 4711 für März']],
    ['filename:"rechnung 4711"', ['Rechnung Nº 4711 für März']],
    ['has:attachment', ['numbers', 'Rechnung Nº 4711 für März']],
    ['turnover', ['numbers']],
    ['"exact words"', ['lunch']],
    ['exact words', ['lunch', 'other']],
    ['lunch', ['lunch', 'other']],
    ['lunch -order', ['lunch']],
    ['lunch -subject:lunch', ['other']],
    ['lunch OR rechnung -"exact words" -acme', ['other']],
    ['from:c@x.org', ['other']],
    ['to:c@x.org', ['lunch']],
    ['att*', ['lunch']],
    ['date:2026-03', ['other', 'lunch']],
    ['after:2026-02 before:2026-03', ['Rechnung Nº 4711 für März']],
    ['larger:20KB', ['Rechnung Nº 4711 für März']],
    ['larger:20KB -has:attachment', []],
    ['id:inv-4711@acme.example', ['Rechnung Nº 4711 für März']],
    ['nested OR turnover smaller:1KB', ['numbers']],
    ['subject:nested', ['nested deep']],
    ['請求', ['請求書 第42号']],
    ['subject:請求書 東京', ['請求書 第42号']],
    ['京東', []],
    ['account:nobody lunch', []],
  ])('%s', async (query, expected) => expect(await subjects(query)).toEqual(expected));

  it('shows the words around a match, and nothing that a terminal would obey', async () => {
    const [hit] = (await search('zahlen')).hits;
    expect(hit).toMatchObject({
      account: 'me@x',
      month: '2026-11',
      date: Date.UTC(2026, 1, 22, 2, 30),
      files: ['Rechnung 4711.pdf'],
    });
    expect(hit?.snippet).toBe(`Bitte ${MATCH_START}zahlen${MATCH_END} Sie innert dreißig Tagen.`);
    const [hostile] = (await search('sequence')).hits;
    expect(JSON.stringify(hostile)).not.toMatch(/\\u001b|\\u0007/);
    expect(hostile?.from).not.toMatch(/[\x00-\x1f]/);
  });

  it('shows Chinese and Japanese as they were written', async () => {
    const [hit] = (await search('会社')).hits;
    expect([hit?.subject, hit?.snippet]).toEqual(['請求書 第42号', `東京都の${MATCH_START}会社${MATCH_END}からの請求です。`]);
  });

  it('says that there are more', async () => {
    expect(await search('words OR lunch', 1)).toMatchObject({ more: true, hits: [{}] });
    expect(await search('words OR lunch', 2)).toMatchObject({ more: false, hits: [{}, {}] });
  });

  it('refuses what it does not understand before it does anything, and a folder without an archive', async () => {
    await expect(search('form:acme')).rejects.toMatchObject({ code: 'usage' });
    await expect(searchArchive({ root: join(root, 'nowhere'), query: 'a', limit: 1 })).rejects.toMatchObject({
      code: 'archive-missing',
    });
  });
});

describe('the index', () => {
  const QUERIES = ['lunch', 'exact words', 'has:attachment', '-lunch', 'from:x.org OR subject:rechnung', 'a*'];
  const answers = async (): Promise<SearchHit[][]> => {
    const all: SearchHit[][] = [];
    for (const query of QUERIES) all.push([...(await search(query)).hits]);
    return all;
  };
  const path = () => join(root, 'index.sqlite');

  it('takes new messages, of sealed months too, each once', async () => {
    expect((await search('fresh')).indexed).toBe(0);
    await store('you@x', ['Subject: fresh one\r\n\r\n', ...Object.values(HAZARDS)]);
    await store('me@x', ['Subject: fresh two\r\n\r\n'], Date.UTC(2026, 9, 1));
    const found = await search('subject:fresh');
    expect(found.indexed).toBe(2 + Object.keys(HAZARDS).length);
    expect(found.hits.map(({ subject, account }) => `${account} ${subject}`).toSorted()).toEqual([
      'me@x fresh two',
      'you@x fresh one',
    ]);
    expect((await search('fresh')).indexed).toBe(0);
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  it('says the same after it was deleted, rebuilt, damaged or replaced by another file', async () => {
    const before = await answers();
    expect(before.flat().length).toBeGreaterThan(20);
    await reindexArchive(root);
    expect(await answers()).toEqual(before);
    const harms: readonly (() => void)[] = [
      () => rmSync(path()),
      () => writeFileSync(path(), 'this is no database, and long enough to look like a file of some kind'.repeat(99)),
      () => writeFileSync(path(), ''),
      () => truncateSync(path(), 8_192),
      () => {
        const bytes = readFileSync(path());
        writeFileSync(path(), bytes.fill(0x5a, 4_096, bytes.length - 4_096));
      },
    ];
    for (const harm of harms) {
      harm();
      expect(await answers()).toEqual(before);
    }
  });

  it('is not made where there is no archive', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'postrider-nothing-'));
    writeFileSync(join(elsewhere, 'a.txt'), 'x');
    await expect(searchArchive({ root: elsewhere, query: 'a', limit: 1 })).rejects.toMatchObject({ code: 'archive-missing' });
    expect(readdirSync(elsewhere)).toEqual(['a.txt']);
    rmSync(elsewhere, { recursive: true });
  });

  it('serves several searches at once, each message indexed once', async () => {
    rmSync(path());
    const found = await Promise.all(Array.from({ length: 4 }, () => search('lunch')));
    expect(new Set(found.map(({ hits }) => JSON.stringify(hits))).size).toBe(1);
    expect((await search('-nosuchword', 1_000)).hits.length).toBe(Object.keys(MAILS).length + Object.keys(HAZARDS).length + 2);
  });

  it('forgets an account that was moved away', async () => {
    rmSync(join(root, 'you@x'), { recursive: true });
    expect(await subjects('subject:fresh')).toEqual(['fresh two']);
  });
});
