import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { wantedBy } from '../../../src/steps/pop3-archive/attachments.ts';
import { pop3Archive } from '../../../src/steps/pop3-archive/index.ts';
import { FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { configOf, contextOf } from './context.ts';

it('invoices go into the folder that the job names', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'postrider-attachments-'));
  const octets = Buffer.from(
    'Subject: a\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\nContent-Disposition: attachment; filename="../Invoice 7.PDF"\r\n\r\nPDF\r\n',
  );
  const server = await new FakePop3({
    messages: [
      { uid: 'a', octets },
      { uid: 'b', octets: Buffer.from('Subject: b\r\n\r\n') },
    ],
  }).start();
  try {
    const context = contextOf(server, dir);
    const config = configOf({ attachments: { dir: 'invoices', types: ['application/pdf'], names: ['*invoice*'] } });
    expect(await pop3Archive.run(config, context)).toMatchObject({ archived: 2 });
    expect(readdirSync(join(dir, 'invoices'))).toEqual(['Invoice 7.PDF']);
    expect(readFileSync(join(dir, 'invoices/Invoice 7.PDF'), 'utf8')).toBe('PDF\n');
    expect(context.notes).toContain('info: 1 attachments (4 B) saved in invoices');
    await pop3Archive.run(config, context);
    expect(context.notes.filter(note => note.includes('saved in'))).toHaveLength(1);
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
});

it.each([
  [['application/pdf'], [], 'a.pdf', 'application/pdf', true],
  [['application/pdf'], [], 'a.PDF', 'application/octet-stream', true],
  [['application/pdf'], [], 'a.exe', 'application/octet-stream', false],
  [['image/*'], [], undefined, 'IMAGE/PNG', true],
  [['image/*'], [], 'a.pdf', 'application/pdf', false],
  [[], ['*rechnung*.pdf'], 'x/Die Rechnung 1.pdf', 'text/plain', true],
  [[], ['*rechnung*.pdf'], 'offer.pdf', 'application/pdf', false],
  [['application/pdf'], ['*.xml'], 'a.pdf', 'application/pdf', false],
  [[], [], undefined, 'x/y', true],
])('types %j and names %j: %s as %s', (types, names, name, type, wanted) => {
  expect(wantedBy({ types, names })({ name, type })).toBe(wanted);
});

it('names and types of a megabyte keep nobody busy', () => {
  const wants = wantedBy({ types: ['*a*/*a*pdf'], names: ['*a*b*.pdf'] });
  expect(wants({ name: 'ab'.repeat(500_000), type: 'aa'.repeat(500_000) })).toBe(false);
});
