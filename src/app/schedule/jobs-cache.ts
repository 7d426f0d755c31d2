// Job files that were found right, kept ready beside the store, so that a scheduler of thousands of jobs starts without reading them all
// again. May be deleted at any time: it only saves work.
import { readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { holdsWrittenSecret } from '../../job/checks/written-secrets.ts';
import type { Connection, Job } from '../../job/job.ts';
import { reviveSnapshot, type Snapshot, writeSnapshot } from '../../job/snapshot.ts';
import type { StepType } from '../../steps/step.ts';
import { packageFile } from '../package-file.ts';

/** What can be said about a job without its step types. */
export type Plan = Pick<Job, 'name' | 'file' | 'schedules'>;

export interface Cached<J> {
  readonly stamp: string;
  readonly job: J;
}

/** The first line of the file; each line after it is a StoredJob. */
interface Head {
  /** Of the program that wrote it: another build may read files differently. */
  readonly program: string;
  /** Each once, since thousands of jobs may share connections.yaml. */
  readonly connections: readonly Connection[];
}

interface StoredJob {
  readonly file: string;
  readonly stamp: string;
  readonly uses: Readonly<Record<string, number>>;
  readonly snapshot: Snapshot;
}

const FILE = 'jobs-cache.jsonl';

/** By file. Empty when there is none, or when it is of no use. */
export async function readJobsCache(stateDir: string): Promise<ReadonlyMap<string, Cached<Job>>> {
  const { stepTypes } = await import('../../steps/registry.ts');
  return read(stateDir, (stored, connections) => jobOf(stored, connections, stepTypes));
}

/** The same for who asks when jobs are due: loads no step. */
export function readPlans(stateDir: string): Promise<ReadonlyMap<string, Cached<Plan>>> {
  return read(stateDir, ({ snapshot }) => snapshot.job);
}

async function read<J>(stateDir: string, jobOf: (stored: StoredJob, connections: Head['connections']) => J) {
  try {
    const [first = '', ...lines] = (await readFile(join(stateDir, FILE), 'utf8')).split('\n');
    const { program: writer, connections } = JSON.parse(first) as Head;
    if (writer !== (await program())) return new Map<string, Cached<J>>();
    const stored = lines.slice(0, -1).map(line => JSON.parse(line) as StoredJob);
    return new Map(stored.map(each => [each.file, { stamp: each.stamp, job: jobOf(each, connections) }]));
  } catch {
    return new Map<string, Cached<J>>();
  }
}

/** Jobs with a secret in clear text stay out of it. Never fails: the next start reads the files. */
export async function writeJobsCache(stateDir: string, jobs: ReadonlyMap<string, Cached<Job>>): Promise<void> {
  const places = new Map<string, number>();
  const place = (connection: Connection): number => {
    const text = JSON.stringify(connection);
    const known = places.get(text) ?? places.size;
    places.set(text, known);
    return known;
  };
  const entries = [...jobs].filter(([, { job }]) => !Object.values(job.connections).some(holdsWrittenSecret));
  const lines = entries.map(([file, { stamp, job }]) => {
    const uses = Object.fromEntries(Object.entries(job.connections).map(([name, connection]) => [name, place(connection)]));
    const snapshot = writeSnapshot({ job: { ...job, connections: {} } });
    return `${JSON.stringify({ file, stamp, uses }).slice(0, -1)},"snapshot":${snapshot}}\n`;
  });
  const connections = [...places.keys()].map(text => JSON.parse(text) as Connection);
  const path = join(stateDir, FILE);
  try {
    const head = JSON.stringify({ program: await program(), connections } satisfies Head);
    await writeFile(`${path}.${process.pid}`, [`${head}\n`, ...lines], { mode: 0o600 });
    await rename(`${path}.${process.pid}`, path);
  } catch {
    // A state folder without room: the store says so where it matters.
  }
}

function jobOf({ uses, snapshot }: StoredJob, connections: Head['connections'], types: ReadonlyMap<string, StepType>): Job {
  const { job } = reviveSnapshot(snapshot, types);
  const own = Object.entries(uses).map(([name, index]) => [name, connections[index] as Connection]);
  return { ...job, connections: Object.fromEntries(own) };
}

/** Its version and its build; a package manager may set the times of all files to one. From its sources it is known by the time alone. */
async function program(): Promise<string> {
  const [text, build] = await Promise.all([
    readFile(packageFile('package.json'), 'utf8'),
    readFile(packageFile('dist/cli/build-id'), 'utf8').catch(() => ''),
  ]);
  const { mtimeMs, size } = await stat(new URL(import.meta.url));
  const { version } = JSON.parse(text) as { version: string };
  return `${version} ${build.trim()} ${mtimeMs} ${size}`;
}
