// Where a job file is: by path, or by name in the jobs folder.
import { basename, extname, resolve } from 'node:path';
import { didYouMean } from '../core/diagnostic.ts';
import { AppError } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import { isFile, isFolder } from '../files/there.ts';
import { valueAt } from './issue.ts';
import { EXTENSIONS, listJobs } from './job-folder.ts';
import { parseYaml } from './parse.ts';
import { readSource } from './source.ts';

/** A path, or the name of a job in the jobs folder; absolute. Throws AppError `job-missing`. */
export async function findJob(nameOrPath: string, jobsDir: string): Promise<string> {
  const isPath = /[\\/]/.test(nameOrPath) || EXTENSIONS.includes(extname(nameOrPath));
  const candidates = [
    ...(isPath ? [resolve(nameOrPath), resolve(jobsDir, nameOrPath)] : []),
    ...EXTENSIONS.map(extension => resolve(jobsDir, `${nameOrPath}${extension}`)),
  ];
  for (const path of candidates) if (await isFile(path)) return path;
  if (isPath) await refuseFolder(resolve(nameOrPath));
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

async function refuseFolder(path: string): Promise<void> {
  if (!(await isFolder(path))) return;
  const hint = 'Name one of the files in it.';
  throw new AppError('job-missing', `${printable(path)} is a folder, not a job file`, { hint });
}
