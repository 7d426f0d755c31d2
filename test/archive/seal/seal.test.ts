// Past months sealed: the same octets out of less room, a chain of hashes, and nothing lost wherever it stops.
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { zstdDecompressSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { openAccount } from '../../../src/archive/account.ts';
import { exportArchive } from '../../../src/archive/export.ts';
import { readMessage } from '../../../src/archive/reader.ts';
import { type SealedMonth, sealMonths } from '../../../src/archive/seal/seal.ts';
import { verifyArchive } from '../../../src/archive/verify.ts';
import type { Clock } from '../../../src/core/clock.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { DEAD, DECEMBER, filled, NOVEMBER } from '../filled.ts';
import type { CrashMode, MemoryFiles } from '../memory-files.ts';
import { HAZARDS, sha256 } from '../messages.ts';

const ROOT = '/archive';
const FOLDER = `${ROOT}/me@x`;
const JANUARY = Date.UTC(2027, 0, 2);
const COUNT = Object.keys(HAZARDS).length;

function clockAt(now: number): Clock {
  return { ...systemClock, now: () => now };
}

async function seal(files: MemoryFiles, now = JANUARY): Promise<SealedMonth[]> {
  const archive = await openAccount({ root: ROOT, account: 'me@x', clock: clockAt(now), files, lock: DEAD });
  try {
    const sealed: SealedMonth[] = [];
    for await (const month of archive.seal()) sealed.push(month);
    return sealed;
  } finally {
    await archive.close();
  }
}

async function expectWhole(files: MemoryFiles): Promise<void> {
  for (const octets of Object.values(HAZARDS)) {
    const back = await buffer(Readable.from(readMessage(ROOT, sha256(octets), files)));
    expect(back.equals(octets)).toBe(true);
  }
  await expectSound(files);
}

/** Every hash of every message recomputed; what a run that died left beyond the manifests aside. */
async function expectSound(files: MemoryFiles, after = 'nothing'): Promise<void> {
  const found = await verifyArchive(ROOT, { files });
  expect(found, after).toMatchObject({ messages: COUNT + 2, sound: COUNT + 2, problems: [] });
}

describe('sealing', () => {
  it('replaces past months, the running one stays; every octet comes back', async () => {
    const files = await filled();
    const mbox = files.text(`${FOLDER}/2026-11.mbox`);
    expect((await seal(files, DECEMBER)).map(({ month, messages }) => [month, messages])).toEqual([['2026-11', 12]]);
    const names = [...files.nodes.keys()].filter(path => path.startsWith(FOLDER)).map(path => path.slice(FOLDER.length + 1));
    expect(names.toSorted()).toEqual([
      '2026-11.manifest.jsonl',
      '2026-11.mbox.zst',
      '2026-11.seal.json',
      '2026-12.manifest.jsonl',
      '2026-12.mbox',
      'state.jsonl',
    ]);
    const sealed = files.nodes.get(`${FOLDER}/2026-11.mbox.zst`)?.data ?? Buffer.alloc(0);
    expect(zstdDecompressSync(sealed).toString('latin1')).toBe(mbox);
    expect(sealed.length).toBeLessThan(mbox.length / 2);
    await expectWhole(files);
    expect(await seal(files, DECEMBER)).toEqual([]);
  });

  it('chains each seal to the one before', async () => {
    const files = await filled();
    const [november, december] = [...(await seal(files, DECEMBER)), ...(await seal(files))];
    const text = (month: string) => files.text(`${FOLDER}/${month}.seal.json`);
    expect(november?.sha256).toBe(sha256(Buffer.from(text('2026-11'))));
    expect(JSON.parse(text('2026-11')).previous).toBeNull();
    expect(JSON.parse(text('2026-12')).previous).toEqual({ month: '2026-11', sha256: november?.sha256 });
    const { seals } = await verifyArchive(ROOT, { files });
    expect(seals).toEqual([{ account: 'me@x', month: '2026-12', sha256: december?.sha256 }]);
    await expectWhole(files);
  });

  it('holds the Merkle root of RFC 6962 over the lines of the manifest', async () => {
    const files = await filled();
    await seal(files);
    const hash = (...parts: (Buffer | string)[]) => {
      const all = createHash('sha256');
      for (const part of parts) all.update(part);
      return all.digest();
    };
    const root = (leaves: readonly string[]): Buffer => {
      if (leaves.length === 1) return hash('\0', leaves[0] ?? '');
      const half = 2 ** Math.floor(Math.log2(leaves.length - 1));
      return hash('\x01', root(leaves.slice(0, half)), root(leaves.slice(half)));
    };
    for (const month of ['2026-11', '2026-12']) {
      const lines = files.text(`${FOLDER}/${month}.manifest.jsonl`).trimEnd().split('\n');
      expect(JSON.parse(files.text(`${FOLDER}/${month}.seal.json`))['merkle-root']).toBe(root(lines).toString('hex'));
    }
  });

  it('exports a sealed month as before', async () => {
    const [plain, sealed] = [await filled(), await filled()];
    await seal(sealed);
    for (const format of ['eml', 'maildir', 'mbox'] as const) {
      const out = async (files: MemoryFiles) => {
        await exportArchive({ root: ROOT, target: `/${format}`, format, files });
        return [...files.nodes]
          .filter(([path]) => path.startsWith(`/${format}/`))
          .map(([path, { data }]) => [path, sha256(data)]);
      };
      expect(await out(sealed)).toEqual(await out(plain));
    }
  });

  it('takes nothing more into a sealed month, should the clock go back', async () => {
    const files = await filled();
    await seal(files);
    const archive = await openAccount({ root: ROOT, account: 'me@x', clock: clockAt(NOVEMBER), files, lock: DEAD });
    const incoming = archive.incoming();
    await incoming.push(Buffer.from('late\r\n'));
    await archive.store(incoming.complete(), { uidl: 'late', fetchedAt: NOVEMBER });
    await archive.commit();
    await archive.close();
    expect(files.text(`${FOLDER}/2027-01.mbox`)).toContain('late');
    expect((await verifyArchive(ROOT, { files })).problems).toEqual([]);
  });

  it('reads messages of small frames in any order, and one that spans several', async () => {
    const files = await filled();
    for await (const _ of sealMonths({ files, folder: FOLDER, before: '2027-01', now: () => JANUARY, frameBytesMax: 300 }));
    const sealed = files.nodes.get(`${FOLDER}/2026-12.mbox.zst`)?.data ?? Buffer.alloc(0);
    expect(sealed.readUInt32LE(sealed.length - 9)).toBeGreaterThan(60);
    await expectWhole(files);
    const archive = await openAccount({ root: ROOT, account: 'me@x', clock: clockAt(JANUARY), files, lock: DEAD });
    const messages = [...archive.index.messages()];
    expect(await Promise.all(messages.toReversed().map(message => archive.verify(message)))).not.toContain(false);
    await archive.close();
  });

  it('leaves a month whose messages do not match their hashes as it is', async () => {
    const files = await filled();
    const node = files.nodes.get(`${FOLDER}/2026-11.mbox`);
    node?.data.fill(0x21, 200, 201);
    await expect(seal(files)).rejects.toMatchObject({
      code: 'archive-damaged',
      message: expect.stringMatching(/message [0-9a-f]{64} is changed/),
    });
    expect([...files.nodes.keys()].filter(path => /zst|seal/.test(path))).toEqual([]);
  });
});

describe('a failure while sealing', () => {
  const once = async (files: MemoryFiles) => {
    await seal(files, DECEMBER);
    await seal(files);
  };
  const settled = async () => {
    const files = await filled();
    const before = files.operations;
    await once(files);
    return { before, total: files.operations, log: files.log };
  };

  it('of any operation loses nothing, and the next run seals', async () => {
    const { before, total, log } = await settled();
    expect(total - before).toBeGreaterThan(100);
    for (let at = before + 1; at <= total; at++) {
      const files = await filled();
      files.failAt = at;
      files.errno = 'EIO';
      await once(files).catch(() => undefined);
      await expectSound(files, log[at - 1]);
      await once(files);
      await expectSound(files, log[at - 1]);
      expect(files.nodes.has(`${FOLDER}/2026-12.seal.json`), log[at - 1]).toBe(true);
    }
  });

  it.each(['kill', 'power'] satisfies CrashMode[])('by death (%s) anywhere loses nothing', async mode => {
    const { before, total, log } = await settled();
    for (let at = before + 1; at <= total; at++) {
      const files = await filled();
      files.dieAt = at;
      await once(files).catch(() => undefined);
      files.crash(mode);
      await expectSound(files, log[at - 1]);
      await once(files);
      await expectSound(files, log[at - 1]);
      const left = [...files.nodes.keys()].filter(path => path.startsWith(`${FOLDER}/`) && /mbox$|partial$/.test(path));
      expect(left, log[at - 1]).toEqual([]);
    }
  });
});

describe('verify of sealed months', () => {
  const ZST = `${FOLDER}/2026-11.mbox.zst`;
  const sealedFiles = async () => {
    const files = await filled();
    await seal(files, DECEMBER);
    await seal(files);
    return files;
  };
  const problemsOf = async (files: MemoryFiles) =>
    (await verifyArchive(ROOT, { files, account: 'me@x' })).problems.map(
      ({ kind, path, sha256: hash }) => `${kind} ${path.slice(FOLDER.length + 1)}${hash === undefined ? '' : ' message'}`,
    );

  it('sees every bit that flips in a sealed month', async () => {
    const files = await sealedFiles();
    const node = files.nodes.get(ZST);
    if (node === undefined) throw new Error();
    for (let at = 0; at < node.data.length; at++) {
      const bit = 1 << (at % 8);
      node.data[at] = (node.data[at] ?? 0) ^ bit;
      expect(await problemsOf(files), `byte ${at}`).toContain('changed 2026-11.mbox.zst');
      node.data[at] = (node.data[at] ?? 0) ^ bit;
    }
    expect(await problemsOf(files)).toEqual([]);
  });

  it('names every message that a cut takes away', async () => {
    const files = await sealedFiles();
    const node = files.nodes.get(ZST);
    if (node === undefined) throw new Error();
    const whole = node.data;
    for (const keep of [0, 5, 100, whole.length - 20, whole.length - 1]) {
      node.data = whole.subarray(0, keep);
      const problems = await problemsOf(files);
      expect(problems.filter(line => line.endsWith('message'))).toHaveLength(12);
      expect(problems).toContain('torn 2026-11.mbox.zst');
    }
  });

  it('sees lines of a manifest that were changed or left out, though each is a whole entry', async () => {
    const files = await sealedFiles();
    const node = files.nodes.get(`${FOLDER}/2026-11.manifest.jsonl`);
    if (node === undefined) throw new Error();
    const whole = node.data.toString();
    node.data = Buffer.from(whole.replace('"subject":"a"', '"subject":"b"'));
    expect(await problemsOf(files)).toEqual(['changed 2026-11.manifest.jsonl']);
    node.data = Buffer.from(whole.split('\n').toSpliced(-2, 1).join('\n'));
    expect(await problemsOf(files)).toEqual(['unlisted 2026-11.mbox.zst', 'changed 2026-11.manifest.jsonl']);
  });

  it('sees a seal that is changed, gone, or not one, and a sealed month that is gone', async () => {
    const cases: readonly [(files: MemoryFiles) => void, string[]][] = [
      [files => replace(files, '2026-11.seal.json', '"messages": 12', '"messages":  12'), ['changed 2026-11.seal.json']],
      [files => replace(files, '2026-12.seal.json', '"2026-11"', '"2026-10"'), ['changed 2026-12.seal.json']],
      [files => files.nodes.delete(`${FOLDER}/2026-11.seal.json`), ['missing 2026-11.seal.json', 'missing 2026-11.seal.json']],
      [files => replace(files, '2026-12.seal.json', 'merkle', 'other'), ['changed 2026-12.seal.json']],
      [files => files.nodes.delete(ZST), [...Array(12).fill('missing 2026-11.mbox message'), 'missing 2026-11.mbox.zst']],
      [
        files => {
          for (const path of [...files.nodes.keys()]) if (path.includes('/2026-11.')) files.nodes.delete(path);
        },
        ['missing 2026-11.seal.json', 'unlisted 2026-11.mbox'],
      ],
    ];
    for (const [harm, expected] of cases.slice(0, 5)) {
      const files = await sealedFiles();
      harm(files);
      expect(await problemsOf(files)).toEqual(expected);
    }
    const files = await sealedFiles();
    cases[5]?.[0](files);
    expect(await problemsOf(files)).toEqual(['missing 2026-11.seal.json']);
  });
});

function replace(files: MemoryFiles, name: string, from: string, to: string): void {
  const node = files.nodes.get(`${FOLDER}/${name}`);
  if (node !== undefined) node.data = Buffer.from(node.data.toString().replace(from, to));
}
