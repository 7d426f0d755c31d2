// Names and subjects from strangers are data: no shell runs them, and no header is made of them.
// YAML bombs are in test/jobs/invalid (alias-bomb, anchor-twice-deep, nested-too-deep), expressions in test/job/expressions.test.ts.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let dir: TempDir;
let r: Rehearsal | undefined;
beforeEach(async () => {
  dir = await tempDir();
  r = undefined;
});
afterEach(async () => {
  await r?.close();
  await dir.remove();
});

/** A step that gives out a stranger's text, as a file name or a subject would be, and one that uses it. */
function job(value: string, use: string): string {
  const give = `printf 'name<<END\\n%s\\nEND\\n' ${quoted(value)} >> "$POSTRIDER_OUTPUT"`;
  return `name: job\nretry: { attempts: 1 }\nsteps:\n  - id: give\n    run: |\n      ${give}\n  - id: use\n${use}\n`;
}

function quoted(value: string): string {
  return `'${value.replaceAll("'", "'\\''")}'`;
}

async function run(text: string) {
  writeFileSync(join(dir.path, 'job.yaml'), text);
  const result = await cli(['run', 'job.yaml'], { cwd: dir.path });
  return { ...result, owned: existsSync(join(dir.path, 'owned')) };
}

const INTO_SCRIPT = '    run: echo "got ${{ steps.give.outputs.name }}"';
const INTO_ENV = '    uses: shell\n    with: { run: \'echo "got $NAME"\', env: { NAME: "${{ steps.give.outputs.name }}" } }';

it.each([
  '$(touch owned)',
  '`touch owned`',
  '"; touch owned; "',
  "a' touch owned",
  'x & touch owned',
  '$HOME',
  'a\\b',
  '*',
  'a > owned',
])('a script with %j in it is refused before it runs', async value => {
  const { code, stderr, owned } = await run(job(value, INTO_SCRIPT));
  expect([code, owned]).toEqual([1, false]);
  expect(stderr).toContain('could be run as code in `run`');
  expect(stderr).toContain('env: { VALUE: "${{ steps.give.outputs.name }}" }');
});

it.each([
  'site/über uns/index-2.html',
  '17',
  'Invoice 2026-11 v1.0',
  'me@example.org',
])('%j harms nobody and goes in', async value => {
  const { code, stderr } = await run(job(value, INTO_SCRIPT));
  expect([code, stderr]).toEqual([0, expect.stringContaining(`got ${value}`)]);
});

it('what comes by env is data, whatever it is', async () => {
  const { code, stderr, owned } = await run(job('$(touch owned) `touch owned`"; touch owned', INTO_ENV));
  expect([code, owned]).toEqual([0, false]);
  expect(stderr).toContain('got $(touch owned) `touch owned`"; touch owned');
});

it('a subject of several lines adds no header and no recipient', async () => {
  r = await rehearsal();
  const value = 'hello\r\nBcc: evil@example.org\r\nX-Owned: yes\r\n\r\nbody';
  const use = `    uses: smtp/send
    with: { connection: outbox, from: a@example.org, to: [b@example.org], subject: "\${{ steps.give.outputs.name }}", text: hi }`;
  writeFileSync(join(r.dir, 'job.yaml'), job(value, use));
  const result = await r.cli('run', 'job.yaml');
  const mails = await Promise.all((await r.sandbox.mailbox.list()).map(({ uid }) => (r as Rehearsal).sandbox.mailbox.read(uid)));
  const headers = mails.map(mail => mail.toString('latin1').split('\r\n\r\n')[0] ?? '');
  expect(headers.filter(header => /^(Bcc|X-Owned):/im.test(header))).toEqual([]);
  expect(mails.length === 1 || result.code !== 0).toBe(true);
});
