import { describe, expect, it } from 'vitest';
import { findMessage } from '../../src/archive/catalog.ts';
import { dateOf } from '../../src/archive/date-of.ts';
import { type ExportFormat, exportArchive } from '../../src/archive/export.ts';
import { archiveStats } from '../../src/archive/stats.ts';
import { verifyArchive } from '../../src/archive/verify.ts';
import { DECEMBER, filled } from './filled.ts';
import type { MemoryFiles } from './memory-files.ts';
import { HAZARDS, sha256 } from './messages.ts';

const ROOT = '/archive';
const COUNT = Object.keys(HAZARDS).length;

const exported = (files: MemoryFiles, format: ExportFormat, more: object = {}) =>
  exportArchive({ root: ROOT, target: '/out', format, files, ...more });
const filesBelow = (files: MemoryFiles, folder: string) => [...files.nodes].filter(([path]) => path.startsWith(`${folder}/`));

describe.each(['eml', 'maildir'] as const)('an export as %s', format => {
  it('gives back every message octet for octet, with sums to prove it', async () => {
    const files = await filled();
    expect(await exported(files, format)).toMatchObject({ messages: COUNT + 2, accounts: 2 });
    const sums = files.text('/out/SHA256SUMS').split('\n').slice(0, -1);
    expect(sums).toHaveLength(COUNT + 2);
    for (const line of sums) {
      const [hash, name] = line.split('  ');
      expect(sha256(files.nodes.get(`/out/${name}`)?.data ?? Buffer.from('missing'))).toBe(hash);
    }
    expect(filesBelow(files, '/out')).toHaveLength(COUNT + 3);
    if (format === 'maildir')
      expect([...files.folders]).toEqual(expect.arrayContaining(['/out/me@x/tmp', '/out/me@x/new', '/out/me@x/cur']));
  });
});

describe('an export as mbox', () => {
  it('is an archive of its own, the same byte for byte', async () => {
    const files = await filled();
    await exported(files, 'mbox');
    expect(await verifyArchive('/out', { files })).toMatchObject({ messages: COUNT + 2, problems: [] });
    expect(files.text('/out/me@x/2026-11.mbox')).toBe(files.text(`${ROOT}/me@x/2026-11.mbox`));
    expect(files.text('/out/me@x/2026-12.manifest.jsonl')).toBe(files.text(`${ROOT}/me@x/2026-12.manifest.jsonl`));
  });
});

describe('an export', () => {
  it('takes one account, or some days', async () => {
    expect(await exported(await filled(), 'eml', { account: 'you@x' })).toMatchObject({ messages: 2, accounts: 1 });
    expect(await exported(await filled(), 'mbox', { since: DECEMBER })).toMatchObject({ messages: COUNT - 12, accounts: 1 });
    expect(await exported(await filled(), 'mbox', { until: DECEMBER })).toMatchObject({ messages: 14, accounts: 2 });
  });

  it('goes by the date of the message, else by its arrival', () => {
    expect(dateOf({ date: 'Sun, 22 Nov 2015 02:30:00 +0100 (CET)', fetchedAt: 5 })).toBe(Date.UTC(2015, 10, 22, 1, 30));
    expect(dateOf({ date: 'soon', fetchedAt: 5 })).toBe(5);
    expect(dateOf({ date: undefined, fetchedAt: 5 })).toBe(5);
  });

  it('never writes into what is there', async () => {
    const files = await filled();
    await exported(files, 'eml');
    await expect(exported(files, 'eml')).rejects.toMatchObject({ code: 'export-exists' });
    await expect(exported(files, 'eml', { target: '/archive' })).rejects.toMatchObject({ code: 'export-exists' });
  });

  it.each(['eml', 'maildir', 'mbox'] as const)('as %s gives no message that does not match its hash', async format => {
    const files = await filled();
    const node = files.nodes.get(`${ROOT}/me@x/2026-12.mbox`);
    node?.data.fill(0x21, node.data.length - 5, node.data.length - 3);
    await expect(exported(files, format)).rejects.toMatchObject({ code: 'archive-damaged' });
    expect(filesBelow(files, '/out')).toEqual([]);
  });

  it.each(['eml', 'maildir', 'mbox'] as const)('as %s is there whole or not at all, whatever operation fails', async format => {
    const measure = await filled();
    const before = measure.operations;
    await exported(measure, format);
    const whole = filesBelow(measure, '/out').map(([path, { data }]) => `${path} ${sha256(data)}`);
    expect(measure.operations - before).toBeGreaterThan(40);
    for (let at = before + 1; at <= measure.operations; at++) {
      const files = await filled();
      files.failAt = at;
      const failed = await exported(files, format).then(
        () => false,
        () => true,
      );
      if (failed) expect(filesBelow(files, '/out'), measure.log[at - 1]).toEqual([]);
      else
        expect(
          filesBelow(files, '/out').map(([path, { data }]) => `${path} ${sha256(data)}`),
          measure.log[at - 1],
        ).toEqual(whole);
    }
  });
});

describe('one message', () => {
  it('is found by a beginning of its hash that names no other', async () => {
    const files = await filled();
    const hash = sha256(HAZARDS['plain'] ?? Buffer.alloc(0));
    expect(await findMessage(ROOT, hash.slice(0, 8).toUpperCase(), files)).toMatchObject({
      sha256: hash,
      uidl: 'plain',
      subject: 'a',
    });
    await expect(findMessage(ROOT, 'x'.repeat(8), files)).rejects.toMatchObject({ code: 'usage' });
    await expect(findMessage(ROOT, 'abc', files)).rejects.toMatchObject({ code: 'usage' });
    await expect(findMessage(ROOT, 'f'.repeat(64), files)).rejects.toMatchObject({ code: 'message-unknown' });
  });

  it('is not guessed', async () => {
    const files = await filled();
    const path = `${ROOT}/me@x/2026-11.manifest.jsonl`;
    const node = files.nodes.get(path);
    const hashes = [...files.text(path).matchAll(/"sha256":"([0-9a-f]{64})"/g)].map(match => match[1] ?? '');
    const twin = `${hashes[0]?.slice(0, 63)}${hashes[0]?.endsWith('0') ? '1' : '0'}`;
    if (node !== undefined) node.data = Buffer.from(files.text(path).replace(hashes[1] ?? '', twin));
    await expect(findMessage(ROOT, twin.slice(0, 20), files)).rejects.toMatchObject({ code: 'message-ambiguous' });
  });
});

describe('stats', () => {
  it('count by account and month', async () => {
    const { months: rows, senders, largest } = await archiveStats(ROOT, { files: await filled() });
    expect(rows.map(({ account, month, messages }) => `${account} ${month} ${messages}`)).toEqual([
      'me@x 2026-11 12',
      `me@x 2026-12 ${COUNT - 12}`,
      'you@x 2026-11 2',
    ]);
    const total = Object.values(HAZARDS).reduce((sum, { length }) => sum + length, 0);
    expect((rows[0]?.bytes ?? 0) + (rows[1]?.bytes ?? 0)).toBe(total);
    expect(senders.map(({ address, messages }) => `${messages} of ${address}`)).toEqual([`${COUNT + 1} of `, '1 of not quoted']);
    expect(largest).toHaveLength(10);
    expect(largest[0]).toMatchObject({ account: 'me@x', sha256: sha256(HAZARDS['long line'] ?? Buffer.alloc(0)) });
    expect(rows[1]?.largest).toMatchObject({ sha256: sha256(HAZARDS['long line'] ?? Buffer.alloc(0)) });
  });
});
