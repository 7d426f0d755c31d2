// Every example job that ships, run for real: against the sandbox, with a web server beside it, twice where a second run must find nothing to do.
import { chmod, copyFile, cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type Sandbox, seedSandbox, startSandbox } from '../../src/sandbox/index.ts';
import { yamlFiles } from '../jobs/job-files.ts';
import { BIN, cli, ROOT } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

const temp = await tempDir();
const here = (...names: readonly string[]) => join(temp.path, ...names);
const asked: string[] = [];
const web = createServer((request, response) => {
  asked.push(request.url ?? '');
  response.writeHead(request.url === '/down' ? 500 : 200).end('<html>hello</html>');
});
let sandbox: Sandbox;
let site = '';

const FILES: Readonly<Record<string, string>> = {
  'package.json': '{"scripts":{"build":"mkdir -p public && echo built > public/index.html"}}',
  'public/index.html': 'old',
  'theme/style.css': '/* theme */',
  'theme/index.php': '<?php',
  'theme/node_modules/x/x.js': 'never',
  'site/index.html': 'demo',
  'jobs/site/index.html': 'demo',
  'jobs/public/a.html': 'a',
  'jobs/dumps/shop.sql.gz': 'dump',
  'jobs/dumps/notes.txt': 'never',
  'sandbox/ftp/outgoing/prices.csv': '1;2',
  'sandbox/ftp/outgoing/stock.xml': '<a/>',
  'bin/postrider': `#!/bin/sh\nexec "${process.execPath}" "${BIN}" "$@"\n`,
};

beforeAll(async () => {
  for (const [path, content] of Object.entries(FILES)) {
    await mkdir(join(here(path), '..'), { recursive: true });
    await writeFile(here(path), content);
  }
  await chmod(here('bin/postrider'), 0o755);
  sandbox = await startSandbox({ dir: here('sandbox'), clock: systemClock, random: systemRandom });
  await seedSandbox(sandbox);
  await new Promise<void>(resolve => web.listen(0, '127.0.0.1', resolve));
  site = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  for (const path of yamlFiles(join(ROOT, 'jobs'))) await copyFile(path, here('jobs', basename(path)));
  await cp(join(ROOT, 'jobs/job.schema.json'), here('jobs/job.schema.json'));
  await writeFile(here('jobs/connections.yaml'), connections());
});
afterAll(async () => {
  web.close();
  await sandbox.close();
  await temp.remove();
});

function connections(): string {
  const { endpoints, caFile, user } = sandbox;
  const lines = {
    web: ['ftp', 'ftp'],
    staging: ['ftp', 'ftp'],
    supplier: ['ftp', 'ftp'],
    inbox: ['pop3', 'pop3s'],
    outbox: ['smtp', 'smtp'],
  } as const;
  return Object.entries(lines)
    .map(([name, [type, endpoint]]) => {
      const { port } = endpoints[endpoint];
      return `${name}: { type: ${type}, host: localhost, port: ${port}, ca: ${JSON.stringify(caFile)}, user: ${user}, password: "\${{ secrets.sandbox }}" }\n`;
    })
    .join('');
}

const environment = () => ({
  POSTRIDER_SECRET_SANDBOX: sandbox.password,
  POSTRIDER_SECRET_PING_URL: `${site}/ping`,
  PATH: `${here('bin')}:${process.env['PATH']}`,
});

async function run(job: string, ...args: readonly string[]) {
  const { code, stdout, stderr } = await cli(['run', job, '--json', ...args], { cwd: temp.path, env: environment() });
  const events = stdout
    .trim()
    .split('\n')
    .map(line => JSON.parse(line) as { type: string; step?: string; status?: string; outputs?: Record<string, unknown> });
  const steps = Object.fromEntries(
    events.filter(({ type }) => type === 'step-finished').map(({ step, status, outputs }) => [step, { status, outputs }]),
  );
  return { code, stderr, steps };
}

const onServer = (...path: readonly string[]) => readFile(join(sandbox.siteDir, ...path), 'utf8');
const mails = async () => (await sandbox.mailbox.list()).length;

describe('the examples run', () => {
  it('deploy-site', async () => {
    const { code, steps } = await run('deploy-site', '--set', `url=${site}/`);
    expect({ code, steps }).toMatchObject({
      code: 0,
      steps: { deploy: { outputs: { uploaded: 1 } }, report: { status: 'skipped' } },
    });
    expect(await onServer('www/index.html')).toBe('built\n');
  });

  it('two-servers', async () => {
    const { code } = await run('two-servers', '--set', `staging=${site}/staging`, '--set', `production=${site}/real`);
    expect(code).toBe(0);
    expect(asked.filter(path => path === '/staging' || path === '/real')).toEqual(['/staging', '/real']);
  });

  it('wordpress-theme', async () => {
    const { code } = await run('wordpress-theme', '--set', `url=${site}/`);
    expect(code).toBe(0);
    expect(
      (await readdir(join(sandbox.siteDir, 'www/wp-content/themes/example'))).filter(name => !name.startsWith('.')).sort(),
    ).toEqual(['index.php', 'style.css']);
    expect((await run('wordpress-theme', '--set', `url=${site}/`)).steps['publish']).toMatchObject({ outputs: { uploaded: 0 } });
  });

  it('supplier-download', async () => {
    const before = await mails();
    const { code, steps } = await run('supplier-download');
    expect({ code, steps }).toMatchObject({ code: 0, steps: { fetch: { outputs: { downloaded: 2 } } } });
    expect(await readFile(here('jobs/incoming/csv/prices.csv'), 'utf8')).toBe('1;2');
    expect(await mails()).toBe(before + 1);
    expect((await run('supplier-download')).steps['tell']).toMatchObject({ status: 'skipped' });
  });

  it('archive-invoices and mailbox-archive', async () => {
    const first = await run('archive-invoices');
    expect(first).toMatchObject({ code: 0, steps: { report: { status: 'skipped' } } });
    const whole = await run('mailbox-archive');
    expect(whole).toMatchObject({ code: 0, steps: { verify: { status: 'succeeded' } } });
  });

  it('nightly-report', async () => {
    const before = await mails();
    expect(await run('nightly-report')).toMatchObject({ code: 0, steps: { report: { outputs: { outcome: 'accepted' } } } });
    expect(await mails()).toBe(before + 1);
  });

  it('remote-backup', async () => {
    await mkdir(join(sandbox.siteDir, 'www/uploads'), { recursive: true });
    await writeFile(join(sandbox.siteDir, 'www/uploads/photo.jpg'), 'photo');
    expect(await run('remote-backup')).toMatchObject({
      code: 0,
      steps: { fetch: { outputs: { downloaded: 1 } }, keep: { status: 'succeeded' } },
    });
    expect((await readdir(here('jobs/backup'))).length).toBe(2);
    expect(await run('remote-backup')).toMatchObject({ code: 0, steps: { keep: { status: 'skipped' } } });
  });

  it('alert-on-failure', async () => {
    expect((await run('alert-on-failure', '--set', `url=${site}/up`)).code).toBe(0);
    const before = await mails();
    const { code } = await run('alert-on-failure', '--set', `url=${site}/down`);
    expect(code).not.toBe(0);
    expect(await mails()).toBe(before + 1);
    expect(await readFile(here('jobs/alerts.log'), 'utf8')).toContain('/down does not answer');
  });

  it('monitored-backup', async () => {
    expect((await run('monitored-backup')).code).toBe(0);
    expect(await readdir(join(sandbox.siteDir, 'backup'))).toEqual(['shop.sql.gz']);
    expect(asked.filter(path => path.startsWith('/ping')).map(path => path.replace(/\?.*/, ''))).toEqual([
      '/ping/start',
      '/ping',
    ]);
  });

  it('weekly-digest', async () => {
    const before = await mails();
    expect(await run('weekly-digest')).toMatchObject({ code: 0, steps: { digest: { outputs: { outcome: 'accepted' } } } });
    const digest = (await Promise.all((await sandbox.mailbox.list()).map(({ uid }) => sandbox.mailbox.read(uid)))).map(String);
    expect(digest.length).toBe(before + 1);
    expect(digest.join('\n')).toMatch(/^Subject: \[DIGEST\]/m);
  });

  it('are all here, and each is planned, too', async () => {
    const names = yamlFiles(join(ROOT, 'jobs')).map(path => basename(path, '.yaml'));
    expect(names.filter(name => name !== 'connections').length).toBeGreaterThan(11);
    for (const name of names.filter(each => each !== 'connections')) {
      const { code, stdout, stderr } = await cli(['plan', name, '--json'], { cwd: temp.path, env: environment() });
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout).steps.every((step: { error?: unknown }) => step.error === undefined)).toBe(true);
    }
  });

  it('demo', async () => {
    expect((await run('demo')).code).toBe(0);
  });
});
