// A mirror step with everything around it held by the test: folder, clock, ledger, notes.
import { mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { onTestFinished } from 'vitest';
import { type Clock, cancelled } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { check } from '../../../src/core/schema.ts';
import { type MirrorConfig, mirrorSchema } from '../../../src/steps/ftp-mirror/config.ts';
import { createFtpMirror } from '../../../src/steps/ftp-mirror/mirror.ts';
import type { StepContext, StepProgress } from '../../../src/steps/step.ts';
import type { FakeServer } from './fake-server.ts';

export const T0 = 1_700_000_000_000;

export class MemoryClock implements Clock {
  time = T0;
  now = () => this.time;
  elapsed = () => this.time;
  after: Clock['after'] = () => ({ cancel: () => undefined });
  async sleep(ms: number, signal?: AbortSignal): Promise<void> {
    if (signal?.aborted) throw cancelled(signal);
    this.time += ms;
  }
}

export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'postrider-mirror-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export async function write(root: string, files: Record<string, string>, modifiedAt = T0): Promise<void> {
  for (const [path, data] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    await writeFile(join(root, path), data);
    await utimes(join(root, path), modifiedAt / 1000, modifiedAt / 1000);
  }
}

/** Contents of every file below a folder, temporary ones left out. */
export async function read(root: string): Promise<Record<string, string>> {
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const paths = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name));
  const visible = paths.filter(path => !path.includes('.postrider-')).sort();
  const rows = await Promise.all(visible.map(async path => [path.slice(root.length + 1), await readFile(path, 'utf8')]));
  return Object.fromEntries(rows);
}

export async function modifiedAt(path: string): Promise<number> {
  return Math.floor((await stat(path)).mtimeMs);
}

export function settings(config: Record<string, unknown>): MirrorConfig {
  const result = check(mirrorSchema, { connection: 'web', local: 'site', remote: '/www', ...config });
  if (!result.ok) throw new Error(result.issues.map(issue => issue.message).join('; '));
  return result.value;
}

export interface Rig {
  readonly folder: string;
  /** `folder/site`. */
  readonly site: string;
  readonly notes: string[];
  readonly ledger: Map<string, unknown>;
  readonly progress: StepProgress[];
  readonly abort: AbortController;
  readonly clock: MemoryClock;
  readonly context: StepContext;
  readonly step: ReturnType<typeof createFtpMirror>;
  run(config: Record<string, unknown>): ReturnType<ReturnType<typeof createFtpMirror>['run']>;
  preview(config: Record<string, unknown>): ReturnType<ReturnType<typeof createFtpMirror>['preview']>;
}

export async function makeRig(server: Pick<FakeServer, 'connect'>, maxConnections?: number): Promise<Rig> {
  const folder = await temporaryFolder();
  const [notes, progress, ledger] = [[] as string[], [] as StepProgress[], new Map<string, unknown>()];
  const [abort, clock] = [new AbortController(), new MemoryClock()];
  const context: StepContext = {
    signal: abort.signal,
    clock,
    random: systemRandom,
    progress: value => void progress.push(typeof value === 'function' ? value() : value),
    note: (level, message) => void notes.push(`${level}: ${message}`),
    connection: async name => ({
      name,
      type: 'ftp',
      host: 'ftp.test',
      port: 21,
      tls: 'none',
      timeoutMs: 1000,
      ...(maxConnections === undefined ? {} : { maxConnections }),
    }),
    dial: async () => {
      throw new Error('no network here');
    },
    secret: async () => {
      throw new Error('no secrets here');
    },
    workdir: folder,
    job: { name: 'job', file: join(folder, 'job.yaml') },
    run: { id: 'run', startedAt: T0, host: 'here', trigger: 'manual' },
    steps: () => [],
    history: { recent: async () => [] },
    ledger: {
      get: async key => ledger.get(key),
      put: async (key, value) => void ledger.set(key, JSON.parse(JSON.stringify(value))),
      delete: async key => void ledger.delete(key),
    },
  };
  const step = createFtpMirror({ connect: server.connect });
  const site = join(folder, 'site');
  await mkdir(site);
  return {
    folder,
    site,
    notes,
    ledger,
    progress,
    abort,
    clock,
    context,
    step,
    run: config => step.run(settings(config), context),
    preview: config => step.preview(settings(config), context),
  };
}
