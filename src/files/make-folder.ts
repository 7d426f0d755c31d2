// Makes a folder and what is missing above it.
import { dirname } from 'node:path';
import { mkdir, stat } from './elsewhere.ts';

/**
 * Returns the topmost folder that it made; undefined when all were there. Throws what the system says (EACCES, ENOENT, ENOTDIR, …).
 * Node's own `recursive: true` never returns where the parent is there and yet nothing can be made in it (/proc).
 */
export async function makeFolder(path: string, { mode = 0o777 }: { readonly mode?: number } = {}): Promise<string | undefined> {
  if (await isFolder(path)) return undefined;
  const above = dirname(path) === path ? undefined : await makeFolder(dirname(path), { mode });
  try {
    await mkdir(path, { mode });
    return above ?? path;
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!(await isFolder(path))) throw error;
    return above;
  }
}

/** Links are followed: what matters is whether files can be put there. */
async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return false;
    throw error;
  }
}
