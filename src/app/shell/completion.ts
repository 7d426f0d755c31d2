// Tab completion: commands, names on the server, local names.
import { readdir } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { printable } from '../../core/text.ts';
import { commandNamed, commandNames } from './command-table.ts';
import type { Completion } from './line-shell.ts';
import type { ShellSession } from './shell-session.ts';
import { quotedWord, typedSoFar, withinQuote } from './words.ts';

/** Says nothing, rather than something wrong, when a folder cannot be listed. */
export async function complete(shell: ShellSession, line: string): Promise<Completion> {
  const { words, word, raw, quote } = typedSoFar(line);
  const [first] = words;
  if (first === undefined)
    return fitting(
      commandNames.map(name => `${name} `),
      raw,
    );
  const kind = kindOf(first, words.length - 1);
  if (kind === undefined) return [[], raw];
  if (kind === 'command') return fitting([...commandNames], raw);
  const names = await (kind === 'remote' ? remoteNames(shell, word) : localNames(shell, word)).catch(() => []);
  const written = (name: string) => (quote === undefined ? quotedWord(name) : withinQuote(name, quote));
  const candidates = names.flatMap(name => {
    const text = written(name);
    return text === undefined ? [] : [name.endsWith('/') ? text : `${text}${quote ?? ''} `];
  });
  return fitting(candidates, written(word) ?? raw, raw);
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
