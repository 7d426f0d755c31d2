import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AccountArchive, openAccount } from '../../src/archive/account.ts';
import { importMail } from '../../src/archive/import.ts';
import { findMboxMessages } from '../../src/archive/mbox/mbox-scan.ts';
import { systemClock } from '../../src/core/clock.ts';
import { FUZZ_SEED } from '../support/splits.ts';
import { DEAD, filled, NOVEMBER } from './filled.ts';
import { MemoryFiles } from './memory-files.ts';
import { HAZARDS, sha256 } from './messages.ts';

const FROM = 'From me@x Sun Nov 22 02:30:00 2026\n';

async function scan(chunks: readonly Buffer[]): Promise<string[]> {
  const all = Buffer.concat(chunks).toString('latin1');
  const found: string[] = [];
  const stream = (async function* () {
    yield* chunks;
  })();
  for await (const { from, to } of findMboxMessages(stream, 'x.mbox')) found.push(all.slice(from, to));
  return found;
}

describe('the messages of an mbox', () => {
  it.each([
    ['', []],
    [FROM, ['']],
    [`${FROM}a: b\n\nbody\n\n${FROM}c\n`, ['a: b\n\nbody\n', 'c\n']],
    [`${FROM}\n${FROM}\n`, ['', '']],
    [`${FROM}a\n\n\n\n${FROM}b`, ['a\n\n\n', 'b']],
    [`${FROM}a\nFrom here at 12:30 on\n\nb\n`, ['a\nFrom here at 12:30 on\n\nb\n']],
    [`${FROM}a\n\nFrom here on\n`, ['a\n\nFrom here on\n']],
    [`${FROM}a\r\n\r\nFrom ???@??? Mon Apr 1 01:02:03 2002\r\nb\r\n\r\n`, ['a\r\n', 'b\r\n']],
    [`${FROM}a\n>From me 12:30\n`, ['a\n>From me 12:30\n']],
  ])('%j', async (mbox, messages) => {
    const bytes = Buffer.from(mbox, 'latin1');
    expect(await scan([bytes])).toEqual(messages);
    for (let at = 0; at <= bytes.length; at++) expect(await scan([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(messages);
    expect(await scan([...bytes].map(byte => Buffer.from([byte])))).toEqual(messages);
  });

  it('are not looked for in another file', async () => {
    for (const text of ['\n', 'Subject: a\n', 'from me 12:30\n', ' From me 12:30\n']) {
      await expect(scan([Buffer.from(text)])).rejects.toMatchObject({ code: 'import-unknown' });
    }
  });
});

function account(files: MemoryFiles): Promise<AccountArchive> {
  return openAccount({ root: '/archive', account: 'old', clock: systemClock, files, lock: DEAD });
}

function put(files: MemoryFiles, path: string, text: string | Buffer): void {
  const data = Buffer.from(text as string, 'latin1');
  files.nodes.set(path, { data, durable: data, named: true });
}

async function importing(files: MemoryFiles, path: string) {
  const archive = await account(files);
  try {
    return await importMail({ archive, path, now: () => NOVEMBER, files });
  } finally {
    await archive.close();
  }
}

async function stored(files: MemoryFiles): Promise<string[]> {
  const archive = await account(files);
  const hashes = [...archive.index.messages()].map(message => message.sha256);
  for (const message of archive.index.messages()) expect(await archive.verify(message)).toBe(true);
  await archive.close();
  return hashes.toSorted();
}

describe('an import', () => {
  it('of an mbox gives messages the line ends of the wire, and takes none twice', async () => {
    const files = new MemoryFiles();
    put(
      files,
      '/old.mbox',
      `${FROM}Subject: a\n\n>From x\n>>From y\n\n${FROM}raw\r\nmixed\n\n${FROM}Subject: a\n\n>From x\n>>From y\n`,
    );
    expect(await importing(files, '/old.mbox')).toMatchObject({ found: 3, archived: 2, duplicates: 1 });
    const expected = [Buffer.from('Subject: a\r\n\r\nFrom x\r\n>From y\r\n'), Buffer.from('raw\r\nmixed\n')];
    expect(await stored(files)).toEqual(expected.map(sha256).toSorted());
    expect(await importing(files, '/old.mbox')).toEqual({ found: 3, archived: 0, duplicates: 3, bytes: 0 });
  });

  it('of our own mbox knows every message again that an mbox can hold', async () => {
    const files = await filled();
    const mbox = '/archive/me@x/2026-11.mbox';
    await importing(files, mbox);
    const hashes = await stored(files);
    for (const name of ['empty', 'plain', 'From at the very start', 'quoted From', 'blank lines at the end']) {
      expect(hashes, name).toContain(sha256(HAZARDS[name] ?? Buffer.alloc(0)));
    }
    expect(hashes).toHaveLength(12);
  });

  it('of a Maildir takes every file of cur and new', async () => {
    const files = new MemoryFiles();
    put(files, '/Maildir/cur/1.a:2,S', 'Subject: a\n\n>From is no quote here\n');
    put(files, '/Maildir/new/2.b', 'Subject: b\r\n\r\n');
    put(files, '/Maildir/new/.hidden', 'x');
    put(files, '/Maildir/tmp/3.c', 'half');
    expect(await importing(files, '/Maildir')).toMatchObject({ found: 2, archived: 2 });
    const expected = [Buffer.from('Subject: a\r\n\r\n>From is no quote here\r\n'), Buffer.from('Subject: b\r\n\r\n')];
    expect(await stored(files)).toEqual(expected.map(sha256).toSorted());
  });

  it('of a Maildir++ takes its subfolders, too', async () => {
    const files = new MemoryFiles();
    put(files, '/Maildir/new/1', 'Subject: a\n');
    put(files, '/Maildir/.Sent/cur/2:2,S', 'Subject: b\n');
    put(files, '/Maildir/.Sent.2025/new/3', 'Subject: c\n');
    put(files, '/Maildir/.cache/4', 'no mail');
    expect(await importing(files, '/Maildir')).toMatchObject({ found: 3, archived: 3 });
  });

  it('of anything else is refused', async () => {
    const files = new MemoryFiles();
    put(files, '/x.txt', 'hello\n');
    await expect(importing(files, '/x.txt')).rejects.toMatchObject({ code: 'import-unknown' });
    await expect(importing(files, '/nothing')).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('that fails or dies anywhere is made whole by the next, nothing twice', async () => {
    const begin = () => {
      const files = new MemoryFiles();
      put(
        files,
        '/old.mbox',
        Array.from({ length: 5 }, (_, at) => `${FROM}Subject: ${at}\n\n${'x'.repeat(at * 50)}\n\n`).join(''),
      );
      return files;
    };
    const measure = begin();
    await importing(measure, '/old.mbox');
    const whole = await stored(measure);
    const total = measure.operations;
    expect([whole.length, total > 40]).toEqual([5, true]);
    for (const how of ['failAt', 'dieAt'] as const) {
      for (let at = 1; at <= total; at++) {
        const files = begin();
        files[how] = at;
        await importing(files, '/old.mbox').catch(() => undefined);
        files.crash('power');
        await importing(files, '/old.mbox');
        expect(await stored(files), measure.log[at - 1]).toEqual(whole);
      }
    }
  });

  it('of any mbox that was written by the rules gives its messages back', async () => {
    const line = fc.constantFrom('From x 12:30 2026', '>From x', '', ' ', 'text', 'Subject: a', '.', 'From');
    const message = fc.array(line, { maxLength: 8 }).map(lines => lines.map(text => `${text}\n`).join(''));
    await fc.assert(
      fc.asyncProperty(fc.array(message, { minLength: 1, maxLength: 5 }), async messages => {
        const mbox = messages.map(text => `${FROM}${text.replace(/^(>*From )/gm, '>$1')}\n`).join('');
        const found = await scan([Buffer.from(mbox)]);
        expect(found.map(text => text.replace(/^>(>*From )/gm, '$1'))).toEqual(messages);
      }),
      { seed: FUZZ_SEED, numRuns: 300 },
    );
  });
});
