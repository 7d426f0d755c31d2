// The jobs folder while a scheduler watches it: a changed file is checked and swapped whole, a bad one keeps its last good version.
import { type FSWatcher, watch } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import type { Diagnostic } from '../../core/diagnostic.ts';
import { AppError, reportOf } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { Job } from '../../job/job.ts';
import { CONNECTIONS_FILES, listJobs } from '../../job/job-folder.ts';
import type { Cached, Plan } from './jobs-cache.ts';

export interface FileProblem {
  readonly file: string;
  /** The first of what is wrong, with its place. */
  readonly message: string;
  /** The version before it goes on. */
  readonly keepsOld: boolean;
}

export interface Scan<J = Job> {
  readonly jobs: readonly J[];
  /** Files that changed, came or went since the last scan, by job name. */
  readonly changed: readonly string[];
  /** All that are wrong now. */
  readonly problems: readonly FileProblem[];
  /** Those of them that were not wrong in this way before. */
  readonly fresh: readonly FileProblem[];
}

interface Known<J> {
  readonly stamp: string;
  readonly job: J | undefined;
  readonly problem: string | undefined;
}

/** Files looked at together. */
const LOOKED_AT_MAX = 500;

/** `J`: what an earlier process left of a job, whole jobs or less. */
export class JobsFolder<J extends Plan = Job> {
  readonly #dir: string;
  #known: ReadonlyMap<string, Known<J | Job>> = new Map();
  #told: ReadonlySet<string> = new Set();
  #ready: ReadonlyMap<string, Cached<J>>;
  #hasRead = false;

  /** `ready`: what an earlier process made of the same files. */
  constructor(dir: string, ready: ReadonlyMap<string, Cached<J>> = new Map()) {
    this.#dir = dir;
    this.#ready = ready;
  }

  /** Whether the next process would have to read files again that this one has read. */
  get hasRead(): boolean {
    return this.#hasRead;
  }

  /** What may be handed to the next process. */
  get usable(): ReadonlyMap<string, Cached<J | Job>> {
    return new Map(
      [...this.#known].flatMap(([file, { stamp, job, problem }]) =>
        job && problem === undefined ? [[file, { stamp, job }]] : [],
      ),
    );
  }

  /** Throws AppError `usage` when the folder cannot be read. */
  async scan(): Promise<Scan<J | Job>> {
    const shared = (await Promise.all(CONNECTIONS_FILES.map(name => stampOf(join(this.#dir, name))))).join();
    const files = await this.#files();
    const before = this.#known;
    const known = new Map<string, Known<J | Job>>();
    for (let from = 0; from < files.length; from += LOOKED_AT_MAX) {
      const some = files.slice(from, from + LOOKED_AT_MAX);
      const stamps = await Promise.all(some.map(stampOf));
      for (const [i, file] of some.entries()) known.set(file, await this.#look(file, `${stamps[i]} ${shared}`));
    }
    const changed = [...new Set([...before.keys(), ...known.keys()])].filter(
      file => before.get(file)?.job !== known.get(file)?.job,
    );
    this.#known = known;
    this.#ready = new Map();
    const { jobs, rivals } = byName(known, before);
    const problems = [...problemsOf(known), ...rivals];
    const fresh = problems.filter(problem => !this.#told.has(keyOf(problem)));
    this.#told = new Set(problems.map(keyOf));
    return { jobs, changed: changed.map(file => known.get(file)?.job?.name ?? basename(file)), problems, fresh };
  }

  /** Calls `changed` soon after something changed. A folder that cannot be watched is only looked at from time to time. */
  watch(changed: () => void): { close(): void } {
    let watcher: FSWatcher | undefined;
    try {
      watcher = watch(this.#dir, { persistent: false }, changed);
      watcher.on('error', () => watcher?.close());
    } catch {
      // Network file systems and full inotify tables: the regular look must do.
    }
    return { close: () => watcher?.close() };
  }

  async #files(): Promise<readonly string[]> {
    try {
      return await listJobs(this.#dir);
    } catch (error) {
      throw new AppError('usage', `the jobs folder cannot be read: ${reportOf(error).message}`, {
        hint: '`postrider init` makes one, and --jobs DIR names another.',
      });
    }
  }

  async #look(file: string, stamp: string): Promise<Known<J | Job>> {
    const before = this.#known.get(file);
    if (before?.stamp === stamp) return before;
    const ready = this.#ready.get(file);
    if (ready?.stamp === stamp) return { stamp, job: ready.job, problem: undefined };
    this.#hasRead = true;
    try {
      // Many starts find every file as it was: they need no parser.
      const { readJob } = await import('../jobs.ts');
      const result = await readJob(file);
      if (result.ok) return { stamp, job: result.value, problem: undefined };
      return { stamp, job: before?.job, problem: firstOf(result.diagnostics) };
    } catch (error) {
      return { stamp, job: before?.job, problem: reportOf(error).message };
    }
  }
}

/** Two files may not have one name: the one that had it first keeps it, among new ones the first by path. */
function byName<J extends Plan>(known: ReadonlyMap<string, Known<J>>, before: ReadonlyMap<string, Known<J>>) {
  const owners = new Map<string, J>();
  const rivals: FileProblem[] = [];
  const jobs = [...known.values()].flatMap(({ job }) => (job === undefined ? [] : [job]));
  const isOld = (job: J) => before.get(job.file)?.job?.name === job.name;
  for (const job of [...jobs.filter(isOld), ...jobs.filter(each => !isOld(each))]) {
    const owner = owners.get(job.name);
    if (owner === undefined) owners.set(job.name, job);
    else {
      const message = `the name ${job.name} is taken by ${basename(owner.file)}; give one of them another \`name\``;
      rivals.push({ file: job.file, message, keepsOld: false });
    }
  }
  return { jobs: jobs.filter(job => owners.get(job.name) === job), rivals };
}

function problemsOf(known: ReadonlyMap<string, Known<unknown>>): readonly FileProblem[] {
  return [...known].flatMap(([file, { job, problem }]) =>
    problem === undefined ? [] : [{ file, message: problem, keepsOld: job !== undefined }],
  );
}

function firstOf(diagnostics: readonly Diagnostic[]): string {
  const errors = diagnostics.filter(({ severity }) => severity === 'error');
  const [first] = errors;
  if (first === undefined) return 'cannot be used';
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : '';
  const { line, column } = first.range.start;
  return printable(`${join(basename(dirname(first.file)), basename(first.file))}:${line}:${column}: ${first.message}${more}`);
}

function keyOf({ file, message }: FileProblem): string {
  return `${file}\n${message}`;
}

/** Changes whenever the file does. */
async function stampOf(path: string): Promise<string> {
  try {
    const { mtimeMs, ctimeMs, size, ino } = await stat(path);
    return `${mtimeMs} ${ctimeMs} ${size} ${ino}`;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'unknown';
  }
}
