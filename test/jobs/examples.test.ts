// The examples that ship are taken without a word, and every step of theirs can be planned without a server.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { initJobs } from '../../src/app/init/init.ts';
import { planNamedJob } from '../../src/app/run/plan-job.ts';
import { validateFiles } from '../../src/app/validate.ts';
import { yamlFiles } from './job-files.ts';

const examples = join(import.meta.dirname, '../../jobs');
const names = yamlFiles(examples).map(path => basename(path, '.yaml'));

let root = '';
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'postrider-examples-'));
});
afterAll(() => rm(root, { recursive: true }));

const workspace = (jobsDir: string) => ({ cwd: root, jobsDir, stateDir: join(root, 'state'), env: {}, host: 'here' });

describe('the examples', () => {
  it('show every kind of step', async () => {
    expect(names).toEqual([
      ...['alert-on-failure', 'archive-invoices', 'demo', 'deploy-site', 'mailbox-archive', 'monitored-backup'],
      ...['nightly-report', 'remote-backup', 'supplier-download', 'two-servers', 'weekly-digest', 'wordpress-theme'],
    ]);
  });

  it('are valid', async () => {
    const files = await validateFiles([examples], workspace(examples));
    expect(files.map(({ valid, diagnostics }) => ({ valid, diagnostics }))).toEqual(names.map(() => ({ valid: true, diagnostics: [] })));
  });

  it.each(names)('%s is planned offline', async job => {
    const signal = new AbortController().signal;
    const planned = await planNamedJob({ job, workspace: workspace(examples), set: [], offline: true, signal });
    expect(planned.plan.job.name).toBe(job);
    for (const { planned: step, description, problem } of planned.steps) {
      const usesOutputs = JSON.stringify(step.step.with).includes('steps.');
      if (!usesOutputs) expect(problem).toBeUndefined();
      expect(description.length).toBeGreaterThan(5);
    }
  });

  it('are what `init` writes, and valid there', async () => {
    const dir = join(root, 'jobs');
    expect((await initJobs(dir)).files.every(({ written }) => written)).toBe(true);
    const files = await validateFiles([dir], workspace(dir));
    expect(files.length).toBeGreaterThanOrEqual(3);
    expect(files.flatMap(({ diagnostics }) => diagnostics)).toEqual([]);
    expect((await initJobs(dir)).files.some(({ written }) => written)).toBe(false);
  });
});
