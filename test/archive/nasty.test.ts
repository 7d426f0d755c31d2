// 300 nasty messages: in, sealed, exported, searched, and every one back with the SHA-256 that it came with.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type AccountArchive,
  type ArchiveFormat,
  exportArchive,
  openAccount,
  searchArchive,
  verifyArchive,
} from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { sha256 } from './messages.ts';
import { nastyMails } from './nasty-mails.ts';

const NOVEMBER = Date.UTC(2026, 10, 30);
const mails = [...nastyMails()];
const hashes = mails.map(([, octets]) => sha256(octets)).toSorted();
let dir = '';

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postrider-nasty-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function account(root: string, format: ArchiveFormat, work: (archive: AccountArchive) => Promise<void>): Promise<void> {
  const clock = { ...systemClock, now: () => Date.UTC(2026, 11, 1) };
  const archive = await openAccount({ root, account: 'me@x', clock, format, memoryBytesMax: 64 * 1024 });
  await work(archive).finally(() => archive.close());
}

/** In pieces of ever other sizes. */
async function store(archive: AccountArchive): Promise<void> {
  for (const [index, [uidl, octets]] of mails.entries()) {
    const incoming = archive.incoming();
    const step = 1 + ((index * 7_919) % 5_000);
    for (let at = 0; at < octets.length; at += step) await incoming.push(octets.subarray(at, at + step));
    expect(await archive.store(incoming.complete(), { uidl, fetchedAt: NOVEMBER })).toBe('archived');
    await incoming.discard();
  }
  await archive.commit();
}

async function expectSound(archive: AccountArchive): Promise<void> {
  const messages = [...archive.index.messages()];
  expect(messages.map(message => message.sha256).toSorted()).toEqual(hashes);
  for (const message of messages) expect(await archive.verify(message)).toBe(true);
}

async function exported(root: string, format: 'eml' | 'maildir'): Promise<string[]> {
  const target = `${root}-${format}`;
  await exportArchive({ root, target, format });
  const lines = (await readFile(join(target, 'SHA256SUMS'), 'utf8')).split('\n').slice(0, -1);
  for (const line of lines) expect(sha256(await readFile(join(target, line.slice(66))))).toBe(line.slice(0, 64));
  return lines.map(line => line.slice(0, 64)).toSorted();
}

describe.each(['mbox', 'maildir'] as const)('300 nasty messages kept as %s', format => {
  const root = () => join(dir, format);

  it('are stored and given back octet for octet', async () => {
    expect(mails.length).toBeGreaterThanOrEqual(300);
    await account(root(), format, store);
    await account(root(), format, expectSound);
    expect(await verifyArchive(root())).toMatchObject({ messages: mails.length, sound: mails.length, problems: [] });
  });

  it('come through seal and every export with their hashes', async () => {
    await account(root(), format, async archive => {
      for await (const sealed of archive.seal()) expect(sealed).toMatchObject({ messages: mails.length });
      await expectSound(archive);
    });
    expect(await verifyArchive(root())).toMatchObject({ messages: mails.length, sound: mails.length, problems: [] });
    expect(await exported(root(), 'eml')).toEqual(hashes);
    expect(await exported(root(), 'maildir')).toEqual(hashes);
    await exportArchive({ root: root(), target: `${root()}-mbox`, format: 'mbox' });
    expect(await verifyArchive(`${root()}-mbox`)).toMatchObject({ messages: mails.length, sound: mails.length, problems: [] });
  });
});

describe('300 nasty messages', () => {
  it('are indexed one and all, and none hides another', async () => {
    const found = await searchArchive({ root: join(dir, 'mbox'), query: '-nosuchword', limit: 1_000 });
    expect([found.indexed, found.hits.length]).toEqual([mails.length, mails.length]);
    const body = await searchArchive({ root: join(dir, 'mbox'), query: 'subject:"Grüße aus Zürich"', limit: 10 });
    expect(body.hits.length).toBeGreaterThanOrEqual(4);
    expect(JSON.stringify(found.hits)).not.toMatch(/\\u00(0[^23]|1)|\\u007f/);
  });
});
