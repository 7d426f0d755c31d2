// Attachments into a folder: each once, over nothing, recorded, wherever it stops.
import { describe, expect, it } from 'vitest';
import { openAccount } from '../../../src/archive/account.ts';
import { FILES_MAX } from '../../../src/archive/attachments/extract.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { DEAD, NOVEMBER } from '../filled.ts';
import { type CrashMode, MemoryFiles } from '../memory-files.ts';
import { sha256 } from '../messages.ts';

const ROOT = '/archive';
const TARGET = '/files';

function mail(...attachments: readonly (readonly [name: string, type: string, content: string])[]): string {
  const parts = attachments.map(
    ([name, type, content]) =>
      `--b\r\nContent-Type: ${type}\r\nContent-Disposition: attachment; filename="${name}"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.from(content).toString('base64')}\r\n`,
  );
  return `Subject: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\ntext\r\n${parts.join('')}--b--\r\n`;
}

const MAILS = [
  mail(['invoice.pdf', 'application/pdf', 'one']),
  mail(['invoice.pdf', 'application/pdf', 'two'], ['logo.png', 'image/png', 'logo']),
  mail(['../../invoice.pdf', 'application/pdf', 'one'], ['', 'application/pdf', 'nameless']),
  'Subject: nothing attached\r\n\r\n',
];
const TAGGED = `invoice-${sha256(Buffer.from('two')).slice(0, 8)}.pdf`;
const EXPECTED = { 'invoice.pdf': 'one', [TAGGED]: 'two', attachment: 'nameless' };

async function open(files: MemoryFiles) {
  return openAccount({ root: ROOT, account: 'me@x', clock: systemClock, files, lock: DEAD });
}

async function filled(mails: readonly string[] = MAILS): Promise<MemoryFiles> {
  const files = new MemoryFiles();
  const archive = await open(files);
  for (const [index, text] of mails.entries()) {
    const incoming = archive.incoming();
    await incoming.push(Buffer.from(text));
    await archive.store(incoming.complete(), { uidl: String(index), fetchedAt: NOVEMBER });
  }
  await archive.commit();
  await archive.close();
  return files;
}

async function extract(files: MemoryFiles, rule = 'pdfs', skipped: string[] = []) {
  const archive = await open(files);
  try {
    const wants = ({ type }: { type: string }) => type === 'application/pdf';
    return await archive.extractAttachments({ target: TARGET, rule, wants, skipped: (_, reason) => skipped.push(reason) });
  } finally {
    await archive.close();
  }
}

const saved = (files: MemoryFiles) =>
  Object.fromEntries(
    [...files.nodes]
      .filter(([path]) => path.startsWith(`${TARGET}/`))
      .map(([path, { data }]) => [path.slice(TARGET.length + 1), data.toString()]),
  );
const lines = (files: MemoryFiles) =>
  files
    .text(`${ROOT}/me@x/attachments.jsonl`)
    .split('\n')
    .slice(0, -1)
    .map(line => JSON.parse(line));

describe('attachments', () => {
  it('are saved by what is wanted, the same content once, another one beside it, and recorded', async () => {
    const files = await filled();
    expect(await extract(files)).toMatchObject({ saved: 3, bytes: 14 });
    expect(saved(files)).toEqual(EXPECTED);
    expect(lines(files)).toMatchObject([
      {
        rule: 'pdfs',
        message: sha256(Buffer.from(MAILS[0] ?? '')),
        files: [{ file: 'invoice.pdf', sha256: sha256(Buffer.from('one')), size: 3, type: 'application/pdf' }],
      },
      { files: [{ file: TAGGED }] },
      { files: [{ file: 'invoice.pdf' }, { file: 'attachment' }] },
      { files: [] },
    ]);
  });

  it('of the most, the longest and the strangest names and types fit into a line that is read again', async () => {
    const strange = `application/${'\u0001'.repeat(200)}`;
    const most = Array.from({ length: FILES_MAX }, (_, at) => [`${'ﷺ'.repeat(80)}${at}.pdf`, strange, `${at}`] as const);
    const files = await filled([mail(...most)]);
    const again = async () => {
      const archive = await open(files);
      const all = { rule: 'all', wants: () => true, skipped: () => undefined };
      const { saved } = await archive.extractAttachments({ target: TARGET, ...all });
      await archive.close();
      return saved;
    };
    expect(await again()).toBe(FILES_MAX);
    for (const path of [...files.nodes.keys()]) if (path.startsWith(`${TARGET}/`)) files.nodes.delete(path);
    expect(await again()).toBe(0);
  });

  it('are not saved again, though somebody took them away; another rule takes all up again', async () => {
    const files = await filled();
    await extract(files);
    files.nodes.delete(`${TARGET}/invoice.pdf`);
    expect(await extract(files)).toMatchObject({ saved: 0 });
    expect(await extract(files, 'other')).toMatchObject({ saved: 1 });
    expect(saved(files)).toEqual(EXPECTED);
    expect(lines(files)).toHaveLength(8);
  });

  it('never replace a file of somebody else', async () => {
    const files = await filled();
    const own = { data: Buffer.from('mine'), durable: Buffer.from('mine'), named: true };
    files.nodes.set(`${TARGET}/invoice.pdf`, own);
    await extract(files);
    expect(saved(files)).toMatchObject({
      'invoice.pdf': 'mine',
      [TAGGED]: 'two',
      [`invoice-${sha256(Buffer.from('one')).slice(0, 8)}.pdf`]: 'one',
    });
  });

  it('of one message are saved up to a limit', async () => {
    const many = (count: number) =>
      mail(...Array.from({ length: count }, (_, at) => [`${at}.pdf`, 'application/pdf', `${at}`] as [string, string, string]));
    for (const [count, told] of [
      [FILES_MAX, 0],
      [FILES_MAX + 1, 1],
    ] as const) {
      const skipped: string[] = [];
      const files = await filled([many(count)]);
      expect(await extract(files, 'pdfs', skipped)).toMatchObject({ saved: FILES_MAX });
      expect(skipped).toHaveLength(told);
    }
  });

  it.each([
    'kill',
    'power',
    'torn',
  ] satisfies CrashMode[])('are all there, once and whole, after a failure or death (%s) anywhere', async mode => {
    const measure = await filled();
    const before = measure.operations;
    await extract(measure);
    for (const how of ['failAt', 'dieAt'] as const) {
      for (let at = before + 1; at <= measure.operations; at++) {
        const files = await filled();
        files[how] = at;
        await extract(files).catch(() => undefined);
        if (how === 'dieAt') files.crash(mode);
        for (const content of Object.values(saved(files)))
          expect(['one', 'two', 'nameless', '', 'o', 't', 'name', 'n']).toContain(content);
        await extract(files);
        const found = Object.entries(saved(files)).filter(([name]) => !name.endsWith('.partial'));
        expect(Object.fromEntries(found), measure.log[at - 1]).toEqual(EXPECTED);
        expect(lines(files).length, measure.log[at - 1]).toBe(4);
      }
    }
  });
});
