// Where job files are: by path, by name in the jobs folder, and all of a folder.
import { readdir, stat } from 'node:fs/promises';
import { basename, extname, resolve } from 'node:path';
import { didYouMean } from '../core/diagnostic.ts';
import { AppError, fileError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { valueAt } from './issue.ts';
import { parseYaml } from './parse.ts';
import { isConnectionsFile } from './shared-connections.ts';
import { readSource } from './source.ts';

const EXTENSIONS = ['.yaml', '.yml'];

/** A path, or the name of a job in the jobs folder; absolute. Throws AppError `job-missing`. */
export async function findJob(nameOrPath: string, jobsDir: string): Promise<string> {
  const isPath = /[\\/]/.test(nameOrPath) || EXTENSIONS.includes(extname(nameOrPath));
  const candidates = [
    ...(isPath ? [resolve(nameOrPath), resolve(jobsDir, nameOrPath)] : []),
    ...EXTENSIONS.map(extension => resolve(jobsDir, `${nameOrPath}${extension}`)),
  ];
  for (const path of candidates) if (await isFile(path)) return path;
  const names = isPath ? undefined : await jobNames(jobsDir);
  const path = names?.get(nameOrPath);
  if (path !== undefined) return path;
  if (isPath) {
    const hint = 'Check the path, or give the name of a job in the jobs folder.';
    throw new AppError('job-missing', `there is no job file ${printable(nameOrPath)}`, { hint });
  }
  throw new AppError('job-missing', `there is no job "${printable(nameOrPath)}" in ${jobsDir}`, {
    hint: missingHint(nameOrPath, names),
  });
}

/** Absolute paths of the job files in a folder, in order. Throws what the file system says. */
export async function listJobs(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter(entry => !entry.isDirectory() && isJobFile(entry.name))
      .map(entry => resolve(dir, entry.name))
      .sort();
  } catch (error) {
    throw fileError(error, dir);
  }
}

/** By the `name` in the file and by the file's own; undefined when there is no such folder. */
async function jobNames(dir: string): Promise<ReadonlyMap<string, string> | undefined> {
  const files = await listJobs(dir).catch(() => undefined);
  if (files === undefined) return undefined;
  const names = new Map(files.map(file => [basename(file, extname(file)), file]));
  for (const file of files) {
    const source = await readSource(file).catch(() => undefined);
    const name = source?.ok === true ? valueAt(parseYaml(source.value).value, ['name']) : undefined;
    if (typeof name === 'string' && !names.has(name)) names.set(name, file);
  }
  return names;
}

function missingHint(name: string, names: ReadonlyMap<string, string> | undefined): string {
  if (names === undefined) return 'There is no such folder; `postrider init` makes one, and `--jobs DIR` names another.';
  const near = didYouMean(name, names.keys());
  if (near !== undefined) return `Did you mean ${printable(near)}?`;
  if (names.size === 0) return 'The folder holds no job; `postrider init` writes examples.';
  return `Jobs there: ${[...names.keys()].map(printable).join(', ')}.`;
}

function isJobFile(name: string): boolean {
  return EXTENSIONS.includes(extname(name)) && !isConnectionsFile(name) && !name.startsWith('.');
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    facts => facts.isFile(),
    () => false,
  );
}
