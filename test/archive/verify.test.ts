import { describe, expect, it } from 'vitest';
import { verifyArchive } from '../../src/archive/verify.ts';
import { filled } from './filled.ts';
import { MemoryFiles } from './memory-files.ts';
import { HAZARDS, sha256 } from './messages.ts';

const ROOT = '/archive';
const MBOX = `${ROOT}/me@x/2026-11.mbox`;
const MANIFEST = `${ROOT}/me@x/2026-11.manifest.jsonl`;
const COUNT = Object.keys(HAZARDS).length;

/** Replaces the bytes of a file. */
function change(files: MemoryFiles, path: string, how: (bytes: Buffer) => Buffer): void {
  const node = files.nodes.get(path);
  if (node === undefined) throw new Error(path);
  node.data = how(Buffer.from(node.data));
}

describe('verify', () => {
  it('finds a sound archive sound, and changes nothing', async () => {
    const files = await filled();
    const before = [...files.nodes].map(([path, { data }]) => `${path} ${sha256(data)}`);
    const found = await verifyArchive(ROOT, { files });
    expect(found).toMatchObject({ accounts: 2, months: 3, messages: COUNT + 2, sound: COUNT + 2, problems: [], busy: [] });
    expect([...files.nodes].map(([path, { data }]) => `${path} ${sha256(data)}`)).toEqual(before);
    expect(await verifyArchive(ROOT, { files, account: 'you@x' })).toMatchObject({ accounts: 1, messages: 2, sound: 2 });
  });

  it('sees every single bit that flips in an mbox, and names one message', async () => {
    const files = await filled();
    const path = `${ROOT}/you@x/2026-11.mbox`;
    const { length } = files.text(path);
    expect(length).toBeGreaterThan(100);
    for (let at = 0; at < length; at++) {
      const bit = 1 << (at % 8);
      const flip = (bytes: Buffer) => Buffer.from(bytes.fill((bytes[at] ?? 0) ^ bit, at, at + 1));
      change(files, path, flip);
      const { problems } = await verifyArchive(ROOT, { files, account: 'you@x' });
      expect(
        problems.map(({ kind }) => kind),
        `byte ${at}`,
      ).toEqual(['changed']);
      expect(problems[0]?.sha256).toMatch(/^[0-9a-f]{64}$/);
      change(files, path, flip);
    }
  });

  it('sees every cut of an mbox', async () => {
    const files = await filled();
    const path = `${ROOT}/you@x/2026-11.mbox`;
    const octets = Buffer.from(files.nodes.get(path)?.data ?? '');
    for (let size = 0; size < octets.length; size++) {
      change(files, path, () => octets.subarray(0, size));
      const { problems, sound } = await verifyArchive(ROOT, { files, account: 'you@x' });
      expect(problems.length + sound, `${size} bytes`).toBe(2);
      expect(problems.length).toBeGreaterThan(0);
      for (const { kind } of problems) expect(['missing', 'torn']).toContain(kind);
    }
  });

  it('names each message of a month whose mbox is gone', async () => {
    const files = await filled();
    files.nodes.delete(MBOX);
    const { problems, sound } = await verifyArchive(ROOT, { files });
    expect(problems.every(({ kind, path }) => kind === 'missing' && path === MBOX)).toBe(true);
    expect([problems.length, sound]).toEqual([12, COUNT - 12 + 2]);
  });

  it('finds what no manifest lists: at the end, in between, and a whole month', async () => {
    const files = await filled();
    change(files, MBOX, bytes => Buffer.concat([bytes, Buffer.from('From x\n')]));
    change(files, MANIFEST, bytes => {
      const lines = bytes.toString().split('\n');
      return Buffer.from([...lines.slice(0, 3), ...lines.slice(4)].join('\n'));
    });
    files.nodes.delete(`${ROOT}/me@x/2026-12.manifest.jsonl`);
    const { problems } = await verifyArchive(ROOT, { files, account: 'me@x' });
    expect(problems.map(({ kind, path }) => `${kind} ${path.slice(-12)}`)).toEqual([
      'unlisted 2026-11.mbox',
      'unlisted 2026-11.mbox',
      'unlisted 2026-12.mbox',
    ]);
    expect(problems[1]?.length).toBe(7);
  });

  it('finds lines of a manifest that were torn or made to overlap', async () => {
    const files = await filled();
    change(files, MANIFEST, bytes => bytes.subarray(0, -5));
    expect((await verifyArchive(ROOT, { files, account: 'me@x' })).problems.map(({ kind }) => kind)).toEqual([
      'torn',
      'unlisted',
    ]);
    const other = await filled();
    change(other, MANIFEST, bytes => {
      const lines = bytes.toString().split('\n');
      return Buffer.from([lines[0], lines[0], ...lines.slice(1)].join('\n'));
    });
    expect((await verifyArchive(ROOT, { files: other, account: 'me@x' })).problems.map(({ kind }) => kind)).toEqual(['changed']);
  });

  it('does not call unlisted what a run is just writing', async () => {
    const files = await filled();
    change(files, MBOX, bytes => Buffer.concat([bytes, Buffer.from('From x\n')]));
    await files.open(`${ROOT}/me@x/.lock`, 'write');
    expect(await verifyArchive(ROOT, { files })).toMatchObject({ problems: [], busy: ['me@x'] });
  });

  it('says that there is no archive, or no such account', async () => {
    await expect(verifyArchive('/nowhere', { files: new MemoryFiles() })).rejects.toMatchObject({ code: 'archive-missing' });
    await expect(verifyArchive(ROOT, { files: await filled(), account: 'x' })).rejects.toMatchObject({ code: 'account-unknown' });
  });
});
