// The first run of a new month seals the one that is past.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { verifyArchive } from '../../../src/archive/index.ts';
import { pop3Archive } from '../../../src/steps/pop3-archive/index.ts';
import { FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { configOf, contextOf, messagesOf, type TestContext } from './context.ts';

const DECEMBER = Date.UTC(2026, 11, 1);
let [dir, folder] = ['', ''];
let server: FakePop3;
let context: TestContext;

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postrider-seal-'));
  folder = join(dir, 'mail/me@127.0.0.1');
  server = await new FakePop3({ messages: messagesOf(3) }).start();
  context = contextOf(server, dir);
  await pop3Archive.run(configOf(), context);
  context.time = DECEMBER;
  (context as { run: object }).run = { ...context.run, startedAt: DECEMBER };
});
afterEach(async () => {
  await server.stop();
  await rm(dir, { recursive: true, force: true });
});

it('packs November, knows its messages again and deletes them on the server only after it read them back', async () => {
  const mbox = readFileSync(join(folder, '2026-11.mbox'));
  server.messages.push({ uid: 'new', octets: Buffer.from('Subject: new\r\n\r\n') });
  expect(await pop3Archive.run(configOf(), context)).toMatchObject({ archived: 1, skipped: 3 });
  expect(readdirSync(folder).filter(name => !name.includes('manifest'))).toEqual([
    '2026-11.mbox.zst',
    '2026-11.seal.json',
    '2026-12.mbox',
    'state.jsonl',
  ]);
  expect(zstdDecompressSync(readFileSync(join(folder, '2026-11.mbox.zst'))).equals(mbox)).toBe(true);
  expect(context.notes).toContainEqual(expect.stringMatching(/^info: 2026-11 is sealed: 3 messages, /));
  expect(await pop3Archive.run(configOf({ delete: 'after-archive' }), context)).toMatchObject({ deleted: 4 });
  expect(await verifyArchive(join(dir, 'mail'))).toMatchObject({ messages: 4, sound: 4, problems: [] });
});

it('does nothing to a Maildir, which the job may ask for', async () => {
  const config = configOf({ format: 'maildir', account: 'letters' });
  expect(await pop3Archive.run(config, context)).toMatchObject({ archived: 3 });
  context.time = Date.UTC(2027, 0, 1);
  expect(await pop3Archive.run(config, context)).toMatchObject({ listed: 3, duplicates: 0 });
  expect(readdirSync(join(dir, 'mail/letters/new'))).toHaveLength(3);
  expect(readdirSync(join(dir, 'mail/letters'))).toEqual(['2026-12.manifest.jsonl', 'cur', 'new', 'state.jsonl', 'tmp']);
  expect(await verifyArchive(join(dir, 'mail'))).toMatchObject({ messages: 6, sound: 6, problems: [] });
});

it('leaves it where the job says so', async () => {
  await pop3Archive.run(configOf({ seal: false }), context);
  expect(readdirSync(folder)).toContain('2026-11.mbox');
});

it('fails, changing nothing, when November is damaged', async () => {
  const bytes = readFileSync(join(folder, '2026-11.mbox'));
  bytes[60] = 0x21;
  writeFileSync(join(folder, '2026-11.mbox'), bytes);
  await expect(pop3Archive.run(configOf(), context)).rejects.toMatchObject({ code: 'archive-damaged' });
  expect(readdirSync(folder)).toEqual(['2026-11.manifest.jsonl', '2026-11.mbox', 'state.jsonl']);
});
