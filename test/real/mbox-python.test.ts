// Somebody else's reader opens our archive: Python's mailbox finds every message, and nothing but them.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { openAccount } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { HAZARDS } from '../archive/messages.ts';

const SCRIPT = `
import json, mailbox, sys
box = mailbox.mbox(sys.argv[1], create=False)
print(json.dumps([box.get_bytes(key).decode('latin1') for key in box.keys()]))
`;

import { execFileSync } from '../support/sync-child.ts';

let dir = '';
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postrider-mbox-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

test('Python’s mailbox reads every message of an mbox', async () => {
  const archive = await openAccount({ root: dir, account: 'me@x', clock: systemClock });
  for (const [uidl, octets] of Object.entries(HAZARDS)) {
    const incoming = archive.incoming();
    await incoming.push(octets);
    await archive.store(incoming.complete(), { uidl, fetchedAt: Date.UTC(2026, 10, 22) });
    await incoming.discard();
  }
  await archive.commit();
  await archive.close();
  const output = execFileSync('python3', ['-c', SCRIPT, join(dir, 'me@x/2026-11.mbox')], { encoding: 'utf8' });
  const found = JSON.parse(output) as string[];
  const expected = Object.values(HAZARDS).map(octets => stored(octets.toString('latin1')));
  expect(found.map(withoutEnd)).toEqual(expected.map(withoutEnd));
});

/** As mboxrd has it: LF for a message of CRLF lines, From lines quoted. */
function stored(text: string): string {
  const plain = /\r(?!\n)|(?<!\r)\n/.test(text) ? text : text.replaceAll('\r\n', '\n');
  return plain.replace(/(^|\n)(>*From )/g, '$1>$2');
}

/** Readers of mbox do not agree whether the blank line after a message belongs to it. */
function withoutEnd(text: string): string {
  return text.replace(/\n+$/, '');
}
