// Tab completion: commands, names on the server, local names.
import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { printable } from '../../core/text.ts';
import { commandNamed, commandNames } from './command-table.ts';
import type { Completion } from './line-shell.ts';
import type { ShellSession } from './shell-session.ts';
import { quotedWord } from './words.ts';

/** Says nothing, rather than something wrong, when a folder cannot be listed. */
export async function complete(shell: ShellSession, line: string): Promise<Completion> {
  const end = lastWord(line);
  const before =
    line
      .slice(0, line.length - end.length)
      .split(';')
      .at(-1) ?? '';
  const words = before
    .trim()
    .split(/\s+/)
    .filter(word => word !== '');
  const word = end.replace(/\\(.)/g, '$1');
  const [first] = words;
  if (first === undefined)
    return fitting(
      commandNames.map(name => `${name} `),
      end,
    );
  const kind = kindOf(first, words.length - 1);
  if (kind === undefined) return [[], end];
  if (kind === 'command') return fitting([...commandNames], end);
  const names = await (kind === 'remote' ? remoteNames(shell, word) : localNames(shell, word)).catch(() => []);
  return fitting(
    names.map(quotedWord).map(name => (name.endsWith('/') ? name : `${name} `)),
    quotedWord(word),
    end,
  );
}

function kindOf(command: string, index: number) {
  try {
    const { completes = [] } = commandNamed(command);
    return completes[index] ?? completes.at(-1);
  } catch {
    return undefined;
  }
}

function fitting(candidates: readonly string[], start: string, end: string = start): Completion {
  return [candidates.filter(candidate => candidate.startsWith(start)), end];
}

/** From the last blank that no backslash protects. */
function lastWord(line: string): string {
  return /(?:\\.|[^\s\\;])*$/s.exec(line)?.[0] ?? '';
}

async function remoteNames(shell: ShellSession, word: string): Promise<readonly string[]> {
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  const entries = await shell.use(client => client.list(folder === '' ? '.' : folder));
  return entries
    .map(({ name, type }) => `${folder}${name}${type === 'folder' ? '/' : ''}`)
    .filter(isSafe)
    .sort();
}

async function localNames(shell: ShellSession, word: string): Promise<readonly string[]> {
  const folder = word.slice(0, word.lastIndexOf('/') + 1);
  const entries = await readdir(dirname(resolve(shell.localFolder, `${folder}x`)), { withFileTypes: true });
  return entries
    .map(entry => `${folder}${entry.name}${entry.isDirectory() ? '/' : ''}`)
    .filter(isSafe)
    .sort();
}

/** Names with control characters never reach the line that is being typed. */
function isSafe(name: string): boolean {
  return printable(name) === name;
}
