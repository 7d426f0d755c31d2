// Right job files are taken, with every default filled in; so is each example that ships.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { DEFAULT_RETRY } from '../../src/core/backoff.ts';
import { listJobs } from '../../src/job/job-folder.ts';
import { findJob } from '../../src/job/load.ts';
import type { Raw } from '../../src/job/job.ts';
import { parseYaml } from '../../src/job/parse.ts';
import { jobSchema } from '../../src/job/schema.ts';
import { readSource } from '../../src/job/source.ts';
import { planJob } from '../../src/plan/plan.ts';
import { stepTypes } from '../../src/steps/registry.ts';

import { load, written, yamlFiles } from './job-files.ts';

const valid = join(import.meta.dirname, 'valid');
const examples = join(import.meta.dirname, '../../jobs');

async function jobOf(path: string) {
  const result = await load(path);
  if (!result.ok) throw new Error(written(result.diagnostics));
  return result.value;
}

describe('a right job file', () => {
  it.each(yamlFiles(valid).map(path => basename(path)))('%s is taken', async name => {
    const result = await load(join(valid, name));
    expect(written(result.diagnostics.filter(({ severity }) => severity === 'error'))).toBe('');
    expect(result.ok).toBe(true);
  });

  it.each(yamlFiles(examples).map(path => basename(path)))('example %s is taken without a word, and planned', async name => {
    const result = await load(join(examples, name));
    expect(written(result.diagnostics)).toBe('');
    const job = await jobOf(join(examples, name));
    expect(planJob(job).waves.flat().sort()).toEqual(job.steps.map(step => step.id).sort());
  });

  it('has its defaults filled in', async () => {
    const job = await jobOf(join(examples, 'demo.yaml'));
    expect(job).toMatchObject({ name: 'demo', overlap: 'queue', maxCrashes: 3, schedules: [], onFailure: [], workdir: resolve(examples) });
    expect(job.connections).toMatchObject({
      web: { port: 21, tls: 'explicit', timeoutMs: 30_000 },
      supplier: { port: 990, tls: 'implicit' },
      inbox: { port: 995, tls: 'implicit' },
      outbox: { port: 587, tls: 'explicit' },
    });
    expect(job.steps.map(({ id, needs, condition }) => [id, needs, condition])).toEqual([
      ['deploy', [], 'success()'],
      ['mail', [], 'success()'],
      ['report', ['deploy', 'mail'], 'always()'],
    ]);
    expect(job.steps[0]?.retry).toEqual(DEFAULT_RETRY);
  });

  it('keeps what is written', async () => {
    const job = await jobOf(join(valid, 'everything.yaml'));
    expect(job).toMatchObject({
      name: 'everything-1',
      timeoutMs: 7_200_000,
      overlap: 'replace',
      maxCrashes: 0,
      workdir: resolve(valid, '..'),
    });
    expect(job.schedules[0]).toMatchObject({ cron: '30 2 * * mon-fri', timezone: 'Europe/Zurich', jitterMs: 120_000, misfire: 'all' });
    expect(job.schedules[3]).toMatchObject({ everyMs: 900_000, misfire: 'skip', seconds: false, jitterMs: 0 });
    expect(job.connections['web']).toMatchObject({ port: 2121, caFile: resolve(valid, '../ca.pem'), passive: false, maxConnections: 4 });
    const [build, deploy] = job.steps;
    expect(build).toMatchObject({ uses: 'shell', with: { run: 'npm run build', env: { CI: '1' }, repeatable: true }, needs: [] });
    expect(deploy).toMatchObject({ needs: ['build'], condition: 'vars.count > 2', timeoutMs: 1_800_000, continueOnError: true });
    expect(deploy?.retry).toEqual({ attempts: 1, delayMs: 1_000, factor: 1.5, maxDelayMs: 60_000, jitter: 'none', maxElapsedMs: 600_000 });
    expect(job.onFailure[0]?.condition).toBe("steps.mail.outcome == 'failure'");
  });

  it('reads YAML 1.2: on and yes are text', async () => {
    const { vars } = await jobOf(join(valid, 'yaml-corners.yaml'));
    expect(vars).toEqual({ on: 'yes', off: 'no', mode: 15, text: 'several\nlines\n', again: 'several\nlines\n' });
  });

  it('is warned of passwords in the file and on the wire', async () => {
    const { diagnostics } = await load(join(valid, 'warnings.yaml'));
    expect(diagnostics.map(({ severity, code, range }) => [severity, code, range.start.line])).toEqual([
      ['warning', 'clear-text-password', 3],
      ['warning', 'secret-in-file', 3],
    ]);
  });

  it('is warned of two fields that choose the day', async () => {
    const { diagnostics } = await load(join(valid, 'either-day.yaml'));
    expect(diagnostics.map(({ severity, code, range }) => [severity, code, range.start])).toEqual([
      ['warning', 'cron-either-day', { line: 3, column: 11 }],
    ]);
  });

  it('tells once a script of an output in it, and where', async () => {
    const { diagnostics } = await load(join(valid, 'script-injection.yaml'));
    expect(diagnostics.map(({ severity, code, range }) => [severity, code, range.start])).toEqual([
      ['warning', 'script-injection', { line: 7, column: 36 }],
    ]);
  });
});

describe('the schema of job files', () => {
  it('knows every step type, and lets expressions stand for numbers', () => {
    const schema = jobSchema(stepTypes) as { $defs: { settings: Record<string, { properties: Record<string, unknown> }> } };
    expect(Object.keys(schema.$defs.settings)).toEqual([...stepTypes.keys()]);
    expect(JSON.stringify(schema.$defs.settings['ftp/mirror']?.properties['parallel'])).toContain('\\\\$\\\\{\\\\{');
  });
});

describe('files on disk', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'postrider-jobs-'));
    await writeFile(join(folder, 'nightly.yaml'), 'steps:\n  - { id: a, run: make }\n');
    await writeFile(join(folder, 'connections.yaml'), '{}\n');
  });
  afterAll(() => rm(folder, { recursive: true }));

  it('are found by name, and near misses are told', async () => {
    expect(await listJobs(folder)).toEqual([join(folder, 'nightly.yaml')]);
    expect(await findJob('nightly', folder)).toBe(join(folder, 'nightly.yaml'));
    await expect(findJob('nigthly', folder)).rejects.toMatchObject({ code: 'job-missing', hint: expect.stringContaining('nightly') });
    await expect(findJob('./nowhere.yaml', folder)).rejects.toMatchObject({ code: 'job-missing' });
  });

  it('may have 1 MB and no more', async () => {
    const job = 'steps:\n  - { id: a, run: make }\n#';
    const path = join(folder, 'huge.yaml');
    await writeFile(path, job.padEnd(1024 * 1024, 'x'));
    expect((await load(path)).ok).toBe(true);
    await writeFile(path, job.padEnd(1024 * 1024 + 1, 'x'));
    expect((await load(path)).diagnostics.map(({ code }) => code)).toEqual(['too-big']);
    await rm(path);
  });

  it('may not be nested without end', async () => {
    const path = join(folder, 'deep.yaml');
    await writeFile(path, '['.repeat(100_000));
    expect((await load(path)).diagnostics.map(({ code }) => code)).toEqual(['too-big']);
    await writeFile(path, '- '.repeat(100_000));
    expect((await load(path)).diagnostics.map(({ code }) => code)).toEqual(['too-big']);
    await writeFile(path, `vars: { a: ${'['.repeat(40)}${']'.repeat(40)} }\nsteps:\n  - { id: a, run: make }\n`);
    expect((await load(path)).diagnostics.map(({ code }) => code)).toEqual(['too-big']);
    await rm(path);
  });

  it.each([['${{ env.X }}'], [[]]])('with %j in the place of any value are right or wrong, never a bug of ours', async odd => {
    const source = await readSource(join(valid, 'everything.yaml'));
    const { value: whole } = source.ok ? parseYaml(source.value) : {};
    const path = join(folder, 'odd.yaml');
    for (const place of placesIn(whole)) {
      await writeFile(path, JSON.stringify(withOdd(whole, place, odd)));
      const { ok, diagnostics } = await load(path);
      expect([place, ok]).toEqual([place, !diagnostics.some(({ severity }) => severity === 'error')]);
    }
    await rm(path);
  });

  it('with connections.yaml wrong are told so, in that file', async () => {
    await writeFile(join(folder, 'connections.yaml'), 'web:\n  type: ftp\n  hots: ftp.example.org\n');
    const path = join(folder, 'mirror.yaml');
    const settings = '{ connection: web, direction: upload, local: ., remote: / }';
    await writeFile(path, `steps:\n  - id: a\n    uses: ftp/mirror\n    with: ${settings}\n`);
    const { ok, diagnostics } = await load(path);
    expect(ok).toBe(false);
    expect(diagnostics.map(({ file, code }) => [basename(file), code])).toContainEqual(['connections.yaml', 'unknown-key']);
  });
});

type Place = readonly (string | number)[];

function placesIn(value: Raw | undefined, at: Place = []): readonly Place[] {
  if (value === null || typeof value !== 'object') return [at];
  const inside = Array.isArray(value) ? [...value.entries()] : Object.entries(value);
  return [at, ...inside.flatMap(([key, item]) => placesIn(item as Raw, [...at, key]))];
}

function withOdd(value: unknown, [key, ...deeper]: Place, odd: unknown): unknown {
  if (key === undefined) return odd;
  const copy = structuredClone(value) as Record<string | number, unknown>;
  copy[key] = withOdd(copy[key], deeper, odd);
  return copy;
}
