// Commands of the shell about single files on the server: delete, rename, size, time, mode.
import { printable } from '../../core/text.ts';
import { localTime } from '../../progress/time.ts';
import { chmodRemote, moveRemote } from '../ftp/edit.ts';
import { need, type ShellCommand } from './command.ts';
import { chosen } from './confirmation.ts';
import { aboutPattern, remoteFiles } from './transfer-commands.ts';

const remove: ShellCommand = {
  names: ['delete', 'rm'],
  usage: 'delete FILE…',
  summary: 'delete files on the server',
  completes: ['remote'],
  async run(shell, words) {
    need(remove, words, 1);
    for (const file of words) {
      await shell.use(client => client.remove(file), { repeatable: false }).catch(aboutPattern(file, 'mdelete'));
    }
  },
};

const mdelete: ShellCommand = {
  names: ['mdelete'],
  usage: 'mdelete PATTERN…',
  summary: 'delete many files; asks for each while prompt is on',
  completes: ['remote'],
  async run(shell, words) {
    need(mdelete, words, 1);
    const items = await remoteFiles(shell, words);
    for await (const { path } of chosen(shell, 'mdelete', items, item => item.path)) {
      await shell.use(client => client.remove(path), { repeatable: false });
    }
  },
};

const rename: ShellCommand = {
  names: ['rename', 'mv'],
  usage: 'rename FROM TO',
  summary: 'rename or move a file on the server, also into a folder',
  completes: ['remote'],
  async run(shell, words) {
    need(rename, words, 2, 2);
    await shell.use(client => moveRemote(client, words[0] ?? '', words[1] ?? ''), { repeatable: false });
  },
};

const size: ShellCommand = {
  names: ['size'],
  usage: 'size FILE',
  summary: 'how many bytes a file on the server has',
  completes: ['remote'],
  async run(shell, words) {
    need(size, words, 1, 1);
    const bytes = await shell.use(client => client.size(words[0] ?? ''));
    shell.io.print(bytes === undefined ? 'the server does not tell' : String(bytes));
  },
};

const modtime: ShellCommand = {
  names: ['modtime'],
  usage: 'modtime FILE',
  summary: 'when a file on the server was changed',
  completes: ['remote'],
  async run(shell, words) {
    need(modtime, words, 1, 1);
    const at = await shell.use(client => client.modified(words[0] ?? ''));
    shell.io.print(at === undefined ? 'the server does not tell' : localTime(at));
  },
};

const chmod: ShellCommand = {
  names: ['chmod'],
  usage: 'chmod MODE FILE…',
  summary: 'set the mode of files on the server, as 644',
  completes: ['remote'],
  async run(shell, words) {
    need(chmod, words, 2);
    const [mode = '', ...patterns] = words;
    for (const pattern of patterns) await shell.use(client => chmodRemote(client, mode, pattern, () => undefined));
  },
};

const quote: ShellCommand = {
  names: ['quote', 'literal'],
  usage: 'quote COMMAND…',
  summary: 'send a command as it is, and print the answer',
  async run(shell, words) {
    // What follows the command's name is the server's: `quote STAT -a`.
    need(quote, words.slice(0, 1), 1);
    const reply = await shell.use(client => client.command(words.join(' ')), { repeatable: false });
    for (const line of reply.lines) shell.io.print(printable(`${reply.code} ${line}`));
  },
};

const site: ShellCommand = {
  names: ['site'],
  usage: 'site COMMAND…',
  summary: 'send a command of this server alone, as site help',
  async run(shell, words) {
    need(site, words.slice(0, 1), 1);
    await quote.run(shell, ['SITE', ...words]);
  },
};

export const fileCommands: readonly ShellCommand[] = [remove, mdelete, rename, size, modtime, chmod, quote, site];
