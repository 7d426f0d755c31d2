// Jobs on disk: found by name or path, with the connections beside them, and with variables made of expressions.
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bindStep } from '../../src/job/bind.ts';
import type { ExpressionContext } from '../../src/job/expressions.ts';
import { listJobs } from '../../src/job/job-folder.ts';
import { findJob, type LoadDependencies, loadJob } from '../../src/job/load.ts';
import { checkSchedule } from '../../src/schedule/cron.ts';
import { stepTypes } from '../../src/steps/registry.ts';

const dependencies: LoadDependencies = { steps: stepTypes, checkSchedule };
const MIRROR = 'uses: ftp/mirror\n    with: { connection: web, direction: upload, local: ., remote: / }';
const STEP = `steps:\n  - id: a\n    ${MIRROR}\n`;
const context: ExpressionContext = {
  vars: {},
  env: { HOME: '/home/me' },
  secrets: { web: 'S3CRET' },
  job: { name: 'job' },
  run: { id: 'r1' },
  steps: {},
  status: { success: true, failure: false, cancelled: false },
};

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'postrider-load-'));
});
afterAll(() => rm(root, { recursive: true }));

async function folder(name: string, files: Readonly<Record<string, string>>): Promise<string> {
  const path = join(root, name);
  await mkdir(path);
  await Promise.all(Object.entries(files).map(([file, text]) => writeFile(join(path, file), text)));
  return path;
}

const load = async (path: string) => {
  const result = await loadJob(path, dependencies);
  return { result, said: result.diagnostics.map(({ file, code, range }) => [basename(file), code, range.start.line]) };
};

async function jobOf(path: string) {
  const { result, said } = await load(path);
  if (!result.ok) throw new Error(JSON.stringify(said));
  return result.value;
}

describe('findJob', () => {
  it('finds by file name, by `name` and by path', async () => {
    const dir = await folder('find', {
      'a.yaml': `name: nightly\n${STEP}`,
      'b.yml': STEP,
      'c.txt': '',
      '.hidden.yaml': '',
      'connections.yaml': '',
    });
    expect(await findJob('a', dir)).toBe(join(dir, 'a.yaml'));
    expect(await findJob('b', dir)).toBe(join(dir, 'b.yml'));
    expect(await findJob('nightly', dir)).toBe(join(dir, 'a.yaml'));
    expect(await findJob(join(dir, 'b.yml'), '/nowhere')).toBe(join(dir, 'b.yml'));
    expect(await findJob('b.yml', dir)).toBe(join(dir, 'b.yml'));
    expect(await listJobs(dir)).toEqual([join(dir, 'a.yaml'), join(dir, 'b.yml')]);
  });

  it('says what there is instead', async () => {
    const dir = await folder('missing', { 'deploy-site.yaml': STEP });
    await expect(findJob('deploy-sit', dir)).rejects.toMatchObject({ code: 'job-missing', hint: 'Did you mean deploy-site?' });
    await expect(findJob('zzz', dir)).rejects.toMatchObject({ code: 'job-missing', hint: 'Jobs there: deploy-site.' });
    await expect(findJob('zzz', join(dir, 'no'))).rejects.toMatchObject({
      code: 'job-missing',
      hint: expect.stringContaining('postrider init'),
    });
    await expect(findJob('./zzz.yaml', dir)).rejects.toMatchObject({ code: 'job-missing' });
    await expect(listJobs(join(dir, 'no'))).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('connections.yaml', () => {
  it.each([
    ['flat', 'web: { type: ftp, host: h, ca: ca.pem }\n'],
    ['nested', 'connections:\n  web: { type: ftp, host: h, ca: ca.pem }\n'],
  ])('is shared by the jobs beside it (%s)', async (name, text) => {
    const dir = await folder(`shared-${name}`, { 'job.yaml': `workdir: ..\n${STEP}`, 'connections.yaml': text });
    const { connections } = await jobOf(join(dir, 'job.yaml'));
    expect(connections).toEqual({
      web: { name: 'web', type: 'ftp', host: 'h', port: 21, tls: 'explicit', caFile: join(dir, 'ca.pem'), timeoutMs: 30_000 },
    });
  });

  it('yields to a connection of the job itself', async () => {
    const own = 'connections: { web: { type: ftp, host: mine, tls: implicit, ca: ca.pem } }\n';
    const dir = await folder('own', {
      'job.yaml': `workdir: ..\n${own}${STEP}`,
      'connections.yaml': 'web: { type: ftp, hots: h }\n',
    });
    expect((await jobOf(join(dir, 'job.yaml'))).connections).toMatchObject({
      web: { host: 'mine', port: 990, caFile: join(root, 'ca.pem') },
    });
  });

  it('is reported in its own lines when a job needs it', async () => {
    const wrong = 'web:\n  type: ftp\n  host: h\n  port: x\n';
    const dir = await folder('wrong', {
      'job.yaml': STEP,
      'other.yaml': 'steps:\n  - { id: a, run: make }\n',
      'connections.yaml': wrong,
    });
    expect((await load(join(dir, 'job.yaml'))).said).toEqual([['connections.yaml', 'wrong-type', 4]]);
    expect((await load(join(dir, 'other.yaml'))).said).toEqual([]);
  });

  it('that cannot be read makes no connection unknown', async () => {
    const dir = await folder('broken', { 'job.yaml': STEP, 'connections.yaml': 'web: "\n' });
    expect((await load(join(dir, 'job.yaml'))).said).toEqual([['connections.yaml', 'yaml-syntax', 1]]);
  });

  it('is no job', async () => {
    const dir = await folder('no-job', { 'connections.yaml': 'web: { type: ftp }\n' });
    expect((await load(join(dir, 'connections.yaml'))).said).toEqual([
      ['connections.yaml', 'not-a-job', 1],
      ['connections.yaml', 'missing-key', 1],
    ]);
  });

  it('knows no variables, which belong to jobs', async () => {
    const dir = await folder('vars', {
      'job.yaml': `vars: { h: x }\n${STEP}`,
      'connections.yaml': 'web: { type: ftp, host: "${{ vars.h }}" }\n',
    });
    expect((await load(join(dir, 'job.yaml'))).said).toEqual([['connections.yaml', 'unknown-context', 1]]);
  });
});

describe('values with expressions', () => {
  it('wait for the run where they are no text, and are checked then', async () => {
    const vars = 'vars: { home: "${{ env.HOME }}/site", drop: true, many: 99 }\n';
    const settings = 'connection: web, direction: upload, local: "${{ vars.home }}", remote: /, delete: "${{ vars.drop }}"';
    const step = (more: string) =>
      `${vars}connections: { web: { type: ftp, host: h } }\nsteps:\n  - id: a\n    uses: ftp/mirror\n    with: { ${settings}${more} }\n`;
    const dir = await folder('values', { 'good.yaml': step(''), 'bad.yaml': step(', parallel: "${{ vars.many }}"') });
    const bind = async (name: string) => {
      const { steps, vars: written } = await jobOf(join(dir, name));
      const [only] = steps;
      if (only === undefined) throw new Error('no step');
      return bindStep(only, { ...context, vars: written });
    };
    expect(await bind('good.yaml')).toMatchObject({ local: '/home/me/site', delete: true, parallel: 8 });
    await expect(bind('bad.yaml')).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/^step a: `parallel` must be a whole number from 1 to 64, but is the number 99/),
    });
  });

  it('never show a secret', async () => {
    const step = 'steps:\n  - id: a\n    uses: http/check\n    with: { url: "${{ secrets.web }}" }\n';
    const dir = await folder('secret', { 'job.yaml': step });
    const [only] = (await jobOf(join(dir, 'job.yaml'))).steps;
    if (only === undefined) throw new Error('no step');
    const thrown = (() => {
      try {
        return bindStep(only, context);
      } catch (error) {
        return error;
      }
    })();
    expect(thrown).toMatchObject({ code: 'config-invalid', message: expect.stringContaining('`url`') });
    expect(JSON.stringify(thrown) + String(thrown)).not.toContain('S3CRET');
  });
});

describe('short forms and defaults', () => {
  it('are written out', async () => {
    const text =
      'retry: { attempts: 5 }\nsteps:\n  - id: a\n    run: make\n    if: ${{ always() }}\n  - id: b\n    run: make b\n    retry: { delay: 1s }\n    with: { repeatable: true }\n  - id: c\n    needs: a\n    if: false\n    run: make c\n';
    const dir = await folder('short', { 'my-job.yaml': text });
    const job = await jobOf(join(dir, 'my-job.yaml'));
    expect(job).toMatchObject({ name: 'my-job', workdir: dir, overlap: 'queue', maxCrashes: 3, schedules: [] });
    expect(job.steps.map(({ id, uses, with: settings, needs, condition }) => [id, uses, settings, needs, condition])).toEqual([
      ['a', 'shell', { run: 'make' }, [], 'always()'],
      ['b', 'shell', { run: 'make b', repeatable: true }, ['a'], 'success()'],
      ['c', 'shell', { run: 'make c' }, ['a'], 'false'],
    ]);
    expect(job.steps.map(({ retry }) => [retry.attempts, retry.delayMs])).toEqual([
      [5, 5_000],
      [5, 1_000],
      [5, 5_000],
    ]);
  });
});
