// A starter jobs folder: job files from templates, connections and the JSON Schema for editors. Never overwrites.
import { open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../core/errors.ts';
import { makeFolder } from '../../files/make-folder.ts';
import { readConnections } from '../../job/shared-connections.ts';
import { jobSchemaText } from '../jobs.ts';
import { packageFile } from '../package-file.ts';
import { connectionBlocks, connectionsText, type Settings } from './connections-file.ts';
import { type Answers, type ConnectionName, filled, TEMPLATES, type TemplateName } from './templates.ts';

export interface WrittenFile {
  readonly path: string;
  /** False: it was there already and stayed as it was. */
  readonly written: boolean;
}

export interface Starters {
  readonly templates: readonly TemplateName[];
  readonly answers: Partial<Answers>;
  readonly connections: Partial<Readonly<Record<ConnectionName, Settings>>>;
}

/** What a starter folder holds when nobody says anything. */
export const USUAL: Starters = { templates: ['deploy', 'archive', 'report'], answers: {}, connections: {} };

export interface Started {
  readonly files: readonly WrittenFile[];
  /** Connections that the jobs name, in the order they are first needed. */
  readonly connections: readonly ConnectionName[];
  /** For a connections.yaml that was there already: what the jobs name and it does not have. */
  readonly missing: string | undefined;
}

export async function initJobs(dir: string, { templates, answers, connections: said }: Starters = USUAL): Promise<Started> {
  try {
    await makeFolder(dir);
  } catch (error) {
    throw fileError(error, dir);
  }
  const connections = [...new Set(templates.flatMap(name => TEMPLATES[name].connections))];
  const shared = join(dir, 'connections.yaml');
  const files = [await writeNew(shared, connectionsText(connections, said))];
  for (const { file } of templates.map(name => TEMPLATES[name]))
    files.push(await writeNew(join(dir, file), filled(await example(file), answers)));
  files.push(await writeNew(join(dir, 'job.schema.json'), jobSchemaText()));
  const known = files[0]?.written ? connections : Object.keys((await readConnections(shared)).connections ?? {});
  const unknown = connections.filter(name => !known.includes(name));
  return { files, connections, missing: unknown.length === 0 ? undefined : connectionBlocks(unknown, said) };
}

function example(file: string): Promise<string> {
  return readFile(packageFile(`jobs/${file}`), 'utf8');
}

/** Whole, or not at all: what is there is kept by the next `init`. */
async function writeNew(path: string, text: string): Promise<WrittenFile> {
  try {
    const file = await open(path, 'wx');
    try {
      await file.writeFile(text);
    } catch (error) {
      await rm(path, { force: true });
      throw error;
    } finally {
      await file.close();
    }
    return { path, written: true };
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return { path, written: false };
    throw fileError(error, path);
  }
}
