// Commands of the shell about folders: where we are here and there, and what is in them.
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { table } from '../../progress/table.ts';
import { widest, widthOf } from '../../progress/width.ts';
import { makeFolder } from '../ftp/edit.ts';
import { LISTING, listRemote, nameWithin } from '../ftp/list.ts';
import type { RemoteItem } from '../ftp/remote.ts';
import { isOption, need, noOption, type ShellCommand } from './command.ts';
import type { ShellSession } from './shell-session.ts';

const ls: ShellCommand = {
  names: ['ls', 'nlist'],
  usage: 'ls [-l] [-a] [FOLDER|PATTERN]',
  summary: 'names in a folder on the server; -l for sizes and times, -a for names with a dot, too',
  completes: ['remote'],
  async run(shell, words) {
    const options = words.filter(isOption).join('');
    const paths = words.filter(word => !isOption(word));
    const unknown = /[^-la1]/.exec(options)?.[0];
    if (unknown !== undefined) throw noOption(ls, `-${unknown}`);
    need(ls, paths, 0, 1);
    await show(shell, paths[0] ?? '.', { long: options.includes('l'), all: options.includes('a') });
  },
};

const dir: ShellCommand = {
  names: ['dir', 'll'],
  usage: 'dir [FOLDER|PATTERN]',
  summary: 'the same with mode, size and time, and names with a dot',
  completes: ['remote'],
  async run(shell, words) {
    const paths = words.filter(word => !/^-[la1]+$/.test(word));
    need(dir, paths, 0, 1);
    await show(shell, paths[0] ?? '.', { long: true, all: true });
  },
};

const cd: ShellCommand = {
  names: ['cd'],
  usage: 'cd FOLDER',
  summary: 'go to a folder on the server; `-` for the one before',
  completes: ['remote'],
  async run(shell, words) {
    need(cd, words, 1, 1);
    await shell.changeFolder(words[0] ?? '');
    shell.io.say(printable(shell.folder));
  },
};

const cdup: ShellCommand = {
  names: ['cdup'],
  usage: 'cdup',
  summary: 'go to the folder above',
  async run(shell, words) {
    need(cdup, words, 0, 0);
    await shell.changeFolder('..');
    shell.io.say(printable(shell.folder));
  },
};

const pwd: ShellCommand = {
  names: ['pwd'],
  usage: 'pwd',
  summary: 'the folder on the server',
  async run(shell, words) {
    need(pwd, words, 0, 0);
    shell.io.print(printable(await shell.use(client => client.currentFolder())));
  },
};

const lcd: ShellCommand = {
  names: ['lcd'],
  usage: 'lcd [FOLDER]',
  summary: 'go to a local folder; without one to the home folder',
  completes: ['local'],
  async run(shell, words) {
    need(lcd, words, 0, 1);
    const written = (words[0] ?? '~').replace(/^~(?=$|\/)/, shell.home);
    const folder = resolve(shell.localFolder, written);
    const facts = await stat(folder).catch(error => Promise.reject(fileError(error, folder)));
    if (!facts.isDirectory()) throw new AppError('file-missing', `${folder} is no folder`, { hint: 'Name a folder.' });
    shell.localFolder = folder;
    shell.io.say(printable(folder));
  },
};

const lpwd: ShellCommand = {
  names: ['lpwd'],
  usage: 'lpwd',
  summary: 'the local folder',
  async run(shell, words) {
    need(lpwd, words, 0, 0);
    shell.io.print(printable(shell.localFolder));
  },
};

const mkdir: ShellCommand = {
  names: ['mkdir'],
  usage: 'mkdir [-p] FOLDER…',
  summary: 'make folders on the server; -p makes those above them, too',
  async run(shell, words) {
    const parents = words[0] === '-p';
    const folders = parents ? words.slice(1) : words;
    need(mkdir, folders, 1);
    for (const folder of folders) await shell.use(client => makeFolder(client, folder, parents), { repeatable: false });
  },
};

const rmdir: ShellCommand = {
  names: ['rmdir'],
  usage: 'rmdir FOLDER…',
  summary: 'remove empty folders on the server',
  completes: ['remote'],
  async run(shell, words) {
    need(rmdir, words, 1);
    for (const folder of words) await shell.use(client => client.removeFolder(folder), { repeatable: false });
  },
};

export const folderCommands: readonly ShellCommand[] = [ls, dir, cd, cdup, pwd, lcd, lpwd, mkdir, rmdir];

async function show(
  shell: ShellSession,
  path: string,
  { long, all }: { readonly long: boolean; readonly all: boolean },
): Promise<void> {
  const found = await shell.use(client => listRemote(client, path, { recursive: false, all }));
  if (found.length === 0) return;
  const items = found.map(item => ({ ...item, path: nameWithin(path, item.path) }));
  const lines = long ? table(LISTING, items, shell.io.columns()) : inColumns(items.map(nameOf), shell.io.columns());
  for (const line of lines) shell.io.print(line);
}

function nameOf({ path, entry }: RemoteItem): string {
  return printable(`${path}${entry.type === 'folder' ? '/' : ''}`);
}

/** Down the columns, as ls does; one name a line where the width has no end: in a file or a pipe. */
function inColumns(names: readonly string[], width: number): readonly string[] {
  if (width === Number.POSITIVE_INFINITY) return names;
  const cell = widest(names) + 2;
  const perLine = Math.max(1, Math.floor((width + 2) / cell));
  const rows = Math.ceil(names.length / perLine);
  return Array.from({ length: rows }, (_, row) => {
    let line = '';
    for (let i = row; i < names.length; i += rows) {
      const name = names[i] ?? '';
      line += name + ' '.repeat(Math.max(0, cell - widthOf(name)));
    }
    return line.trimEnd();
  });
}
