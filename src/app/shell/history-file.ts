// The lines typed in earlier shells, in the state folder; losing them is no error.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { makeFolder } from '../../files/make-folder.ts';
import type { Workspace } from '../workspace.ts';
import { mayHoldPassword } from './elsewhere.ts';
import { HISTORY_LINES_MAX } from './interactive.ts';

/** The newest first. */
export async function readHistory({ stateDir }: Workspace, file: string): Promise<readonly string[]> {
  const text = await readFile(join(stateDir, file), 'utf8').catch(() => '');
  return text.split('\n').filter(isKept).slice(0, HISTORY_LINES_MAX);
}

export async function writeHistory({ stateDir }: Workspace, file: string, lines: readonly string[]): Promise<void> {
  try {
    await makeFolder(stateDir, { mode: 0o700 });
    const kept = lines.filter(isKept).slice(0, HISTORY_LINES_MAX);
    await writeFile(join(stateDir, file), `${kept.join('\n')}\n`, { mode: 0o600 });
  } catch {
    // A shell without a memory still works.
  }
}

function isKept(line: string): boolean {
  return line.trim() !== '' && !mayHoldPassword(line);
}
