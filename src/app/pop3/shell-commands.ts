// The commands of the POP3 shell, named as the protocol names them.
import { resolve } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { helpCommand, need, type ShellCommand } from '../shell/command.ts';
import { listMessages, listOne, noMessage } from './mailbox.ts';
import { messageNumber } from './message-number.ts';
import type { Pop3Session } from './pop3-session.ts';
import { saveMessage } from './save-message.ts';

type Pop3Command = ShellCommand<Pop3Session>;

/** Lines of the body that `top` shows when it is not told. */
const TOP_LINES = 10;
const LIST_MAX = 100_000;

const stat: Pop3Command = {
  names: ['stat', 'status'],
  usage: 'stat',
  summary: 'how many messages there are, and how big they are',
  async run(shell, words) {
    need(stat, words, 0, 0);
    const { count, bytes } = await (await shell.client()).stat();
    const marks = shell.marked.size === 0 ? '' : `, ${shell.marked.size} marked for deletion`;
    shell.io.print(`${formatCount(count, 'messages')}, ${formatSize(bytes)}${marks}`);
  },
};

const list: Pop3Command = {
  names: ['list', 'ls'],
  usage: 'list [NUMBER]',
  summary: 'number, size, date, from and subject',
  async run(shell, words) {
    need(list, words, 0, 1);
    const wanted = words[0] === undefined ? undefined : messageNumber(words[0]);
    const client = await shell.client();
    const rows = wanted === undefined ? await listMessages(client, LIST_MAX) : await listOne(client, wanted);
    for (const { number, size, date = '', from = '', subject = '' } of rows) {
      const when = date.slice(0, 16).replace('T', ' ');
      const line = printable(`${String(number).padStart(5)}  ${formatSize(size).padStart(9)}  ${when}  ${from}  ${subject}`);
      shell.io.print(shorten(line, shell.io.columns() ?? line.length));
    }
  },
};

const uidl: Pop3Command = {
  names: ['uidl'],
  usage: 'uidl [NUMBER]',
  summary: 'the unique ids of the messages',
  async run(shell, words) {
    need(uidl, words, 0, 1);
    const wanted = words[0] === undefined ? undefined : messageNumber(words[0]);
    const ids = await (await shell.client()).uidl();
    if (ids === undefined) throw new AppError('not-offered', 'this server has no unique ids (UIDL)');
    if (wanted !== undefined && !ids.has(wanted)) throw noMessage(wanted);
    for (const [number, id] of ids) if (wanted === undefined || wanted === number) shell.io.print(`${number} ${printable(id)}`);
  },
};

const retr: Pop3Command = {
  names: ['retr', 'get'],
  usage: 'retr NUMBER [FILE]',
  summary: 'a message, on the screen or its exact octets into a new file',
  completes: [],
  async run(shell, words) {
    need(retr, words, 1, 2);
    const client = await shell.client();
    const [number, file] = [messageNumber(words[0] ?? ''), words[1]];
    if (file === undefined) return shell.io.show(client.retrieve(number));
    const path = resolve(shell.one.workspace.cwd, file);
    await saveMessage(client, number, path);
  },
};

const top: Pop3Command = {
  names: ['top', 'head'],
  usage: 'top NUMBER [LINES]',
  summary: `the header and the first lines (${TOP_LINES}) of a message`,
  async run(shell, words) {
    need(top, words, 1, 2);
    const lines = words[1] === undefined ? TOP_LINES : messageNumber(words[1], 0);
    await shell.io.show((await shell.client()).top(messageNumber(words[0] ?? ''), lines));
  },
};

const dele: Pop3Command = {
  names: ['dele', 'delete', 'rm'],
  usage: 'dele NUMBER…',
  summary: 'mark messages; `quit` deletes them, `rset` takes the marks back',
  async run(shell, words) {
    need(dele, words, 1);
    const numbers = words.map(word => messageNumber(word));
    const client = await shell.client();
    for (const number of numbers) {
      await client.delete(number);
      shell.marked.add(number);
    }
  },
};

const rset: Pop3Command = {
  names: ['rset', 'undelete'],
  usage: 'rset',
  summary: 'take back all marks',
  async run(shell, words) {
    need(rset, words, 0, 0);
    await (await shell.client()).reset();
    shell.marked.clear();
  },
};

const noop: Pop3Command = {
  names: ['noop'],
  usage: 'noop',
  summary: 'keep the session alive',
  async run(shell, words) {
    need(noop, words, 0, 0);
    await (await shell.client()).noop();
  },
};

const quit: Pop3Command = {
  names: ['quit', 'bye', 'exit'],
  usage: 'quit',
  summary: 'delete what is marked and end the shell',
  run: shell => shell.quit(),
};

const abort: Pop3Command = {
  names: ['abort'],
  usage: 'abort',
  summary: 'end the shell without deleting anything',
  async run(shell) {
    shell.ended = true;
    shell.close();
    shell.forget();
  },
};

const help: Pop3Command = helpCommand(() => pop3Commands);

export const pop3Commands: readonly Pop3Command[] = [stat, list, retr, top, uidl, dele, rset, noop, quit, abort, help];
