// Every command that takes --json, run for real: what it prints is what `schema --output` says. cli() holds all other tests to it, too.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { OUTPUTS, outputSchemaText } from '../../src/app/output/catalog.ts';
import { outputName } from '../support/json-output.ts';
import { misfits } from '../support/json-schema.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

const MAIL =
  'From: Ann <ann@example.org>\r\nDate: Mon, 23 Nov 2026 03:00:00 +0000\r\nSubject: Hello\r\nMessage-ID: <a@b>\r\n\r\nhi\r\n';

let r: Rehearsal;
beforeAll(async () => {
  r = await rehearsal({ messages: [Buffer.from(MAIL)], env: { POSTRIDER_JOBS: 'jobs' } });
  await mkdir(join(r.dir, 'jobs'));
  await writeFile(join(r.dir, 'jobs/timed.yaml'), 'schedule: { every: 1h }\nsteps: [{ id: a, run: "true" }]\n');
  await writeFile(join(r.dir, 'jobs/wrong.yaml'), 'steps: [{ id: a, runn: "true" }]\n');
});
afterAll(() => r.close());

/** In this order; what they print is asked again of the JSON Schema. */
const COMMANDS: readonly string[] = [
  'validate jobs',
  'plan main.yaml',
  'run main.yaml',
  'run nowhere',
  'status',
  'history',
  'show last',
  'logs last',
  'logs last --follow',
  'retry last',
  'cancel last',
  'report preview last',
  'next timed',
  'next',
  'why timed 2020-01-01',
  'pause timed',
  'resume timed',
  'secret list',
  'secret check main.yaml',
  'doctor @web',
  'explain',
  'explain tls-expired',
  'init starter --yes',
  'service status',
  'ftp ls @web/www',
  'ftp stat @web/www/index.html',
  'ftp du @web/www',
  'ftp sum @web/www/index.html',
  'ftp get @web/www/index.html got.html',
  'ftp put got.html @web/www/put.html',
  'ftp mirror ./site @web/www --dry-run',
  'ftp mirror ./site @web/www',
  'pop3 stat @inbox',
  'pop3 list @inbox',
  'pop3 archive @inbox ./mails --dry-run',
  'pop3 archive @inbox ./mails',
  'smtp probe @outbox --chunking',
  'smtp send @outbox --from a@example.org --to b@example.org --subject s --text t --dry-run',
  'smtp send @outbox --from a@example.org --to b@example.org --subject s --text t',
  'outbox list --all',
  'outbox flush',
  'outbox show 0000',
  'outbox resend 0000',
  'archive search Hello --archive ARCHIVE',
  'archive show SHA --archive ARCHIVE',
  'archive stats --archive ARCHIVE',
  'archive verify --archive ARCHIVE',
  'archive seal --archive ARCHIVE',
  'archive export exported --archive ARCHIVE',
  'archive import exported-mbox --account other --archive ARCHIVE',
  'archive reindex --archive ARCHIVE',
];

it('is what its JSON Schema says', async () => {
  await writeFile(join(r.dir, 'exported-mbox'), `From me Mon Nov 23 03:00:00 2026\n${MAIL.replaceAll('\r', '')}`);
  const printed: string[] = [];
  const failed: string[] = [];
  let sha = '';
  for (const line of COMMANDS) {
    const args = [
      ...line.replace('ARCHIVE', 'archive').replace('SHA', sha).split(' '),
      '--json',
      ...(line.includes('@') ? ['--jobs', '.'] : []),
    ];
    const { stdout, stderr } = await r.cli(...args);
    const name = outputName(args) ?? '';
    const schema = JSON.parse(outputSchemaText(name)) as Record<string, unknown>;
    const documents = stdout.startsWith('{\n') ? [stdout] : stdout.trimEnd().split('\n');
    for (const text of documents) {
      const value = JSON.parse(text) as Record<string, unknown>;
      const isFailure = 'error' in value && !('run' in value);
      if (isFailure) failed.push(line);
      else printed.push(name);
      expect({ line, misfits: misfits(isFailure ? JSON.parse(outputSchemaText('error')) : schema, value) }).toEqual({
        line,
        misfits: [],
      });
      if (name === 'archive search') sha = (value['messages'] as { sha256: string }[])[0]?.sha256 ?? '';
    }
    expect(stderr).not.toContain('at file:');
  }
  expect([...new Set(failed)]).toEqual(['run nowhere', 'cancel last', 'outbox show 0000', 'outbox resend 0000']);
  const never = ['cancel', 'outbox show', 'outbox resend', 'error'];
  expect(Object.keys(OUTPUTS).filter(name => !printed.includes(name) && !never.includes(name))).toEqual([]);
});

it('has a schema for every command with --json', async () => {
  const manifest = (await import('../../oclif.manifest.json', { with: { type: 'json' } })).default as unknown as {
    commands: Record<string, { flags?: Record<string, unknown> }>;
  };
  const withJson = Object.entries(manifest.commands).filter(([, { flags }]) => flags !== undefined && 'json' in flags);
  expect(withJson.length).toBeGreaterThan(35);
  expect(withJson.map(([id]) => id.replace(':', ' ')).filter(name => outputName(name.split(' ')) === undefined)).toEqual([]);
});

it('prints them, and names those that there are', async () => {
  const { stdout, code } = await r.cli('schema', '--output', 'ftp ls');
  expect({ code, title: (JSON.parse(stdout) as { title: string }).title }).toEqual({ code: 0, title: 'postrider ftp ls --json' });
  expect(await r.cli('schema', '--output', 'ftp sl')).toMatchObject({ code: 2, stderr: expect.stringContaining('"ftp ls"') });
});
