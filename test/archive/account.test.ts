import { describe, expect, it } from 'vitest';
import { type AccountArchive, openAccount } from '../../src/archive/account.ts';
import { parseEntry } from '../../src/archive/manifest.ts';
import { readMessage } from '../../src/archive/reader.ts';
import { systemClock } from '../../src/core/clock.ts';
import { type CrashMode, MemoryFiles } from './memory-files.ts';
import { HAZARDS, sha256 } from './messages.ts';

const ROOT = '/archive';
const FOLDER = '/archive/me@x';
const AT = Date.UTC(2026, 10, 30, 23, 59);
const LATER = Date.UTC(2026, 11, 1);
const DEAD = { owner: { pid: 1, host: 'here', started: 'now' }, isAlive: () => false };

function open(files: MemoryFiles, memoryBytesMax?: number): Promise<AccountArchive> {
  const spool = memoryBytesMax === undefined ? {} : { memoryBytesMax };
  return openAccount({ root: ROOT, account: 'me@x', clock: systemClock, files, lock: DEAD, ...spool });
}

async function store(archive: AccountArchive, octets: Buffer, uidl: string | undefined, fetchedAt = AT): Promise<string> {
  const incoming = archive.incoming();
  try {
    for (let at = 0; at < octets.length; at += 1_000) await incoming.push(octets.subarray(at, at + 1_000));
    return await archive.store(incoming.complete(), { uidl, fetchedAt });
  } finally {
    await incoming.discard();
  }
}

async function whole(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

/** One attempt at a run: groups of two, a duplicate, a change of month. `durable` is told what commit() has promised. */
async function runOnce(files: MemoryFiles, durable: string[] = []): Promise<void> {
  const archive = await open(files, 4_096);
  try {
    let count = 0;
    const commit = async () => {
      await archive.commit();
      durable.splice(0, durable.length, ...[...archive.index.messages()].map(message => message.sha256));
    };
    for (const [name, octets] of Object.entries(HAZARDS)) {
      if (archive.byUidl(name) !== undefined) continue;
      await store(archive, octets, name, count < 9 ? AT : LATER);
      if (++count % 2 === 0) await commit();
    }
    if (archive.byUidl('again') === undefined) await store(archive, HAZARDS['plain'] ?? Buffer.alloc(0), 'again', LATER);
    await commit();
  } finally {
    await archive.close();
  }
}

/** What any reader of the files finds: manifests whole and gapless, mboxes exactly as long as they say. */
function inspect(files: MemoryFiles): string[] {
  const hashes: string[] = [];
  for (const month of ['2026-11', '2026-12']) {
    const text = files.text(`${FOLDER}/${month}.manifest.jsonl`);
    let end = 0;
    for (const line of text.split('\n').slice(0, -1)) {
      const entry = parseEntry(JSON.parse(line));
      expect(entry?.offset).toBe(end);
      end += entry?.length ?? 0;
      hashes.push(entry?.sha256 ?? '');
    }
    expect(text === '' || text.endsWith('\n')).toBe(true);
    expect(files.text(`${FOLDER}/${month}.mbox`)).toHaveLength(end);
  }
  return hashes;
}

async function expectAllOnce(files: MemoryFiles): Promise<void> {
  const hashes = inspect(files);
  expect(hashes.toSorted()).toEqual(Object.values(HAZARDS).map(sha256).toSorted());
  for (const octets of Object.values(HAZARDS)) {
    expect((await whole(readMessage(ROOT, sha256(octets), files))).equals(octets)).toBe(true);
  }
}

describe('an account', () => {
  it('keeps every message once, in the month of its fetch, and knows it again', async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    await expectAllOnce(files);
    expect(files.text('/archive/README.txt')).toContain('mboxrd');
    const archive = await open(files);
    expect(archive.byUidl('again')?.sha256).toBe(sha256(HAZARDS['plain'] ?? Buffer.alloc(0)));
    expect(archive.byUidl('never seen')).toBeUndefined();
    expect(await store(archive, HAZARDS['NUL'] ?? Buffer.alloc(0), 'other uid')).toBe('duplicate');
    for (const message of archive.index.messages()) expect(await archive.verify(message)).toBe(true);
    await archive.close();
  });

  it('finds the same content twice in one group', async () => {
    const archive = await open(new MemoryFiles());
    expect(await store(archive, Buffer.from('a\r\n'), '1')).toBe('archived');
    expect(await store(archive, Buffer.from('a\r\n'), '2')).toBe('duplicate');
    await archive.commit();
    await archive.close();
  });

  it('makes bytes durable before the lines that tell of them', async () => {
    const files = new MemoryFiles();
    const archive = await open(files);
    await store(archive, Buffer.from('a\r\n'), '1');
    const from = files.operations;
    await archive.commit();
    const steps = files.log.slice(from).map(line => line.replace(/^\d+ /, '').replace(`${FOLDER}/`, ''));
    expect(steps).toEqual([
      'write 2026-11.mbox',
      'sync 2026-11.mbox',
      'write 2026-11.manifest.jsonl',
      'sync 2026-11.manifest.jsonl',
    ]);
    await archive.close();
  });

  it('cuts off at close what was not committed', async () => {
    const files = new MemoryFiles();
    const archive = await open(files);
    await store(archive, Buffer.alloc(3_000_000, 'x'), '1');
    expect(files.text(`${FOLDER}/2026-11.mbox`).length).toBeGreaterThan(0);
    await archive.close();
    expect(inspect(files)).toEqual([]);
  });

  it('notices a bit that flipped', async () => {
    const files = new MemoryFiles();
    await runOnce(files);
    const node = files.nodes.get(`${FOLDER}/2026-11.mbox`);
    if (node !== undefined) node.data[node.data.indexOf('body')] = 0x42;
    const archive = await open(files);
    const sound = await Promise.all([...archive.index.messages()].map(message => archive.verify(message)));
    expect(sound.filter(ok => !ok)).toHaveLength(1);
    await archive.close();
  });
});

describe('one failing file operation', () => {
  it('at every place: nothing half counted, everything once after the next run', async () => {
    const measure = new MemoryFiles();
    await runOnce(measure);
    expect(measure.operations).toBeGreaterThan(60);
    for (const errno of ['ENOSPC', 'EIO']) {
      for (let at = 1; at <= measure.operations; at++) {
        const files = new MemoryFiles();
        files.failAt = at;
        files.errno = errno;
        const error = await runOnce(files).then(
          () => undefined,
          (thrown: Error & { code?: string }) => thrown,
        );
        if (error !== undefined) expect(error.code, files.log[at - 1]).toBe(errno === 'ENOSPC' ? 'disk-full' : 'disk-error');
        const before = new Set(inspectLoosely(files));
        await runOnce(files);
        for (const hash of before) expect(inspect(files), files.log[at - 1]).toContain(hash);
        await expectAllOnce(files);
      }
    }
  });
});

describe('a death of the process or the power', () => {
  for (const mode of ['kill', 'power', 'torn'] satisfies CrashMode[]) {
    it(`(${mode}) at every operation: what was committed stays, everything once after the next run`, async () => {
      const measure = new MemoryFiles();
      await runOnce(measure);
      for (let at = 1; at <= measure.operations; at++) {
        const files = new MemoryFiles();
        files.dieAt = at;
        const durable: string[] = [];
        await expect(runOnce(files, durable)).rejects.toThrow('dead');
        files.crash(mode);
        const archive = await open(files);
        for (const hash of durable) expect(await verified(archive, hash), files.log[at - 1]).toBe(true);
        await archive.close();
        await runOnce(files);
        await expectAllOnce(files);
      }
    });
  }
});

describe('damage that no crash makes', () => {
  it('is told and nothing is changed', async () => {
    const damage: readonly ((files: MemoryFiles) => void)[] = [
      files => files.nodes.delete(`${FOLDER}/2026-11.manifest.jsonl`),
      files => shorten(files, '2026-11.mbox'),
      files => files.nodes.delete(`${FOLDER}/2026-12.mbox`),
      files => {
        const node = files.nodes.get(`${FOLDER}/2026-11.manifest.jsonl`);
        if (node !== undefined) node.data[10] = 0;
      },
    ];
    for (const harm of damage) {
      const files = new MemoryFiles();
      await runOnce(files);
      harm(files);
      const before = files.text(`${FOLDER}/2026-11.mbox`);
      await expect(open(files)).rejects.toMatchObject({ code: 'archive-damaged' });
      expect(files.text(`${FOLDER}/2026-11.mbox`)).toBe(before);
    }
  });
});

async function verified(archive: AccountArchive, sha256: string): Promise<boolean> {
  const stored = archive.index.get(sha256);
  return stored !== undefined && (await archive.verify(stored));
}

function shorten(files: MemoryFiles, name: string): void {
  const node = files.nodes.get(`${FOLDER}/${name}`);
  if (node !== undefined) node.data = node.data.subarray(0, -1);
}

/** Hashes of whole manifest lines, whatever else is there. */
function inspectLoosely(files: MemoryFiles): string[] {
  return ['2026-11', '2026-12'].flatMap(month =>
    files
      .text(`${FOLDER}/${month}.manifest.jsonl`)
      .split('\n')
      .flatMap(line => /"sha256":"([0-9a-f]{64})".*\}$/.exec(line)?.[1] ?? []),
  );
}
