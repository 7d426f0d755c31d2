// An account kept as a Maildir: the same promises as for mbox, and mail programs that move its files do not disturb them.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import { type ArchiveFormat, openAccount } from '../../../src/archive/account.ts';
import { type ExportFormat, exportArchive } from '../../../src/archive/export.ts';
import { readMessage } from '../../../src/archive/reader.ts';
import { verifyArchive } from '../../../src/archive/verify.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { DEAD, DECEMBER, NOVEMBER } from '../filled.ts';
import { type CrashMode, MemoryFiles } from '../memory-files.ts';
import { HAZARDS, sha256 } from '../messages.ts';

const ROOT = '/archive';
const FOLDER = `${ROOT}/me@x`;
const COUNT = Object.keys(HAZARDS).length;

function open(files: MemoryFiles, format?: ArchiveFormat) {
  return openAccount({ root: ROOT, account: 'me@x', clock: systemClock, files, lock: DEAD, format });
}

/** One attempt: groups of three, the last ones in December. `durable` is told what commit() has promised. */
async function runOnce(files: MemoryFiles, format: ArchiveFormat | undefined = 'maildir', durable: string[] = []): Promise<void> {
  const archive = await open(files, format);
  try {
    for (const [index, [uidl, octets]] of Object.entries(HAZARDS).entries()) {
      if (archive.byUidl(uidl) !== undefined) continue;
      const incoming = archive.incoming();
      await incoming.push(octets);
      await archive.store(incoming.complete(), { uidl, fetchedAt: index < 12 ? NOVEMBER : DECEMBER });
      await incoming.discard();
      if (index % 3 !== 2) continue;
      await archive.commit();
      durable.splice(0, durable.length, ...[...archive.index.messages()].map(message => message.sha256));
    }
    await archive.commit();
  } finally {
    await archive.close();
  }
}

const inside = (files: MemoryFiles, folder: string) =>
  [...files.nodes.keys()]
    .filter(path => path.startsWith(`${FOLDER}/${folder}/`))
    .map(path => path.slice(FOLDER.length + folder.length + 2));

async function expectWhole(files: MemoryFiles, after = 'nothing'): Promise<void> {
  expect(await verifyArchive(ROOT, { files }), after).toMatchObject({ messages: COUNT, sound: COUNT, problems: [] });
  expect([inside(files, 'new').length + inside(files, 'cur').length, inside(files, 'tmp')], after).toEqual([COUNT, []]);
}

describe('a Maildir account', () => {
  it('holds the exact octets, one file a message, listed in the manifest', async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    await expectWhole(files);
    for (const name of inside(files, 'new'))
      expect(sha256(files.nodes.get(`${FOLDER}/new/${name}`)?.data ?? Buffer.alloc(0))).toBe(name.split('.')[1]);
    const [line] = files.text(`${FOLDER}/2026-11.manifest.jsonl`).split('\n');
    expect(JSON.parse(line ?? '')).toMatchObject({
      file: `${NOVEMBER / 1000}.${sha256(Buffer.alloc(0))}.postrider`,
      size: 0,
      eol: 'crlf',
    });
    expect(line).not.toContain('offset');
    for (const octets of Object.values(HAZARDS))
      expect((await buffer(Readable.from(readMessage(ROOT, sha256(octets), files)))).equals(octets)).toBe(true);
  });

  it('knows messages that a mail program has read, and misses those that it deleted', async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    const [first = '', second = '', third = ''] = inside(files, 'new');
    await files.rename(`${FOLDER}/new/${first}`, `${FOLDER}/cur/${first}:2,S`);
    await expectWhole(files);
    const archive = await open(files);
    expect(await Promise.all([...archive.index.messages()].map(message => archive.verify(message)))).not.toContain(false);
    await archive.close();
    files.nodes.delete(`${FOLDER}/new/${second}`);
    files.nodes.get(`${FOLDER}/new/${third}`)?.data.fill(0x21, 0, 1);
    await files.open(`${FOLDER}/cur/1.somebody`, 'write');
    const { problems } = await verifyArchive(ROOT, { files });
    const expected = [`missing ${FOLDER}/new/${second}`, `changed ${FOLDER}/new/${third}`, `unlisted ${FOLDER}/cur/1.somebody`];
    expect(problems.map(({ kind, path }) => `${kind} ${path}`)).toEqual(expected);
  });

  it('exports the same as an mbox account', async () => {
    const out = async (format: ArchiveFormat, how: ExportFormat) => {
      const files = new MemoryFiles();
      await runOnce(files, format);
      await exportArchive({ root: ROOT, target: '/out', format: how, files });
      return [...files.nodes].filter(([path]) => path.startsWith('/out/')).map(([path, { data }]) => [path, sha256(data)]);
    };
    for (const how of ['eml', 'maildir', 'mbox'] as const) expect(await out('maildir', how)).toEqual(await out('mbox', how));
  });

  it('stays one where nobody says otherwise, and may change its format in the middle', async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    const store = async (text: string, format?: ArchiveFormat) => {
      const archive = await open(files, format);
      const incoming = archive.incoming();
      await incoming.push(Buffer.from(text));
      await archive.store(incoming.complete(), { uidl: text, fetchedAt: NOVEMBER });
      await archive.commit();
      await archive.close();
    };
    await store('one more\r\n');
    expect(inside(files, 'new')).toHaveLength(COUNT + 1);
    await store('as mbox\r\n', 'mbox');
    await store('and back\r\n', 'maildir');
    expect(await verifyArchive(ROOT, { files })).toMatchObject({ messages: COUNT + 3, sound: COUNT + 3, problems: [] });
    const archive = await openAccount({
      root: ROOT,
      account: 'me@x',
      clock: { ...systemClock, now: () => DECEMBER },
      files,
      lock: DEAD,
    });
    for await (const sealed of archive.seal()) expect(sealed).toMatchObject({ month: '2026-11', messages: 15 });
    await archive.close();
    expect(await verifyArchive(ROOT, { files })).toMatchObject({ messages: COUNT + 3, sound: COUNT + 3, problems: [] });
    expect(files.nodes.has(`${FOLDER}/2026-11.mbox.zst`)).toBe(true);
  });
});

describe('a Maildir account that fails', () => {
  const total = async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    return files;
  };

  it('at any operation keeps every message once after the next run', async () => {
    const { operations, log } = await total();
    expect(operations).toBeGreaterThan(150);
    for (let at = 1; at <= operations; at++) {
      const files = new MemoryFiles();
      files.failAt = at;
      const durable: string[] = [];
      await runOnce(files, 'maildir', durable).catch(() => undefined);
      for (const hash of durable) await buffer(Readable.from(readMessage(ROOT, hash, files)));
      await runOnce(files);
      await expectWhole(files, log[at - 1]);
    }
  });

  it.each(['kill', 'power', 'torn'] satisfies CrashMode[])('by death (%s) anywhere keeps what was committed', async mode => {
    const { operations, log } = await total();
    for (let at = 1; at <= operations; at++) {
      const files = new MemoryFiles();
      files.dieAt = at;
      const durable: string[] = [];
      await runOnce(files, 'maildir', durable).catch(() => undefined);
      files.crash(mode);
      const archive = await open(files);
      for (const hash of durable) {
        const stored = archive.index.get(hash);
        expect(stored !== undefined && (await archive.verify(stored)), log[at - 1]).toBe(true);
      }
      await archive.close();
      await runOnce(files);
      await expectWhole(files, log[at - 1]);
    }
  });
});
