// Which files of a jobs folder are jobs; who only asks that loads no YAML parser.
import { readdir } from 'node:fs/promises';
import { extname, resolve } from 'node:path';
import { fileError } from '../core/errors.ts';

export const EXTENSIONS: readonly string[] = ['.yaml', '.yml'];
/** Of the servers that all jobs of a folder share. */
export const CONNECTIONS_FILES: readonly string[] = ['connections.yaml', 'connections.yml'];

/** Absolute paths of the job files in a folder, in order. Throws what the file system says. */
export async function listJobs(dir: string): Promise<readonly string[]> {
  try {
    const entries = await readdir(dir, { withFileTypes: true });
    return entries
      .filter(entry => (entry.isFile() || entry.isSymbolicLink()) && isJobFile(entry.name))
      .map(entry => resolve(dir, entry.name))
      .sort();
  } catch (error) {
    throw fileError(error, dir);
  }
}

export function isConnectionsFile(fileName: string): boolean {
  return CONNECTIONS_FILES.includes(fileName);
}

function isJobFile(name: string): boolean {
  return EXTENSIONS.includes(extname(name)) && !isConnectionsFile(name) && !name.startsWith('.');
}
