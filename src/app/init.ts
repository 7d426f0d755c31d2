// A starter jobs folder: example jobs, connections and the JSON Schema for editors. Never overwrites.
import { constants, copyFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileError } from '../core/errors.ts';
import { makeFolder } from '../files/make-folder.ts';
import { jobSchemaText } from './jobs.ts';

export interface WrittenFile {
  readonly path: string;
  /** False: it was there already and stayed as it was. */
  readonly written: boolean;
}

const STARTERS = ['connections.yaml', 'deploy-site.yaml', 'archive-invoices.yaml', 'nightly-report.yaml'];
const SCHEMA = 'job.schema.json';

export async function initJobs(dir: string): Promise<readonly WrittenFile[]> {
  try {
    await makeFolder(dir);
  } catch (error) {
    throw fileError(error, dir);
  }
  const copies = STARTERS.map(name => {
    const path = join(dir, name);
    const example = fileURLToPath(new URL(`../../jobs/${name}`, import.meta.url));
    return unlessThere(path, () => copyFile(example, path, constants.COPYFILE_EXCL));
  });
  const schema = join(dir, SCHEMA);
  return Promise.all([...copies, unlessThere(schema, () => writeFile(schema, jobSchemaText(), { flag: 'wx' }))]);
}

async function unlessThere(path: string, write: () => Promise<void>): Promise<WrittenFile> {
  try {
    await write();
    return { path, written: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { path, written: false };
    throw fileError(error, path);
  }
}
