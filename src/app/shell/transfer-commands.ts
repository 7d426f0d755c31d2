// Commands of the shell that move files: get, put, mget, mput, reget.
import { createReadStream } from 'node:fs';
import { constants, open, stat } from 'node:fs/promises';
import { basename, dirname, posix, resolve } from 'node:path';
import { cancelled } from '../../core/clock.ts';
import { AppError, fileError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { formatCount } from '../../core/units.ts';
import { exists, isFolder } from '../../files/there.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { LocalFolder } from '../../steps/ftp-mirror/download/local-folder.ts';
import { downloadFile } from '../ftp/download.ts';
import { localPaths } from '../ftp/put.ts';
import { assertDistinct, demand, type RemoteItem } from '../ftp/remote.ts';
import { expand, isGlob } from '../ftp/remote-glob.ts';
import { uploadLocal, uploadStream } from '../ftp/upload.ts';
import { need, type ShellCommand } from './command.ts';
import { chosen } from './confirmation.ts';
import { progressOf } from './hash-marks.ts';
import type { ShellSession } from './shell-session.ts';

const get: ShellCommand = {
  names: ['get', 'recv'],
  usage: 'get REMOTE [LOCAL]',
  summary: 'fetch a file; `-` for LOCAL shows it',
  many: 'mget FILE…',
  completes: ['remote', 'local'],
  async run(shell, words) {
    need(get, words, 1, 2);
    const [remote = '', local] = words;
    if (local === '-')
      return shell.use(client => shell.io.show(untilCancelled(shell, client.download(remote))), { repeatable: false });
    const item = await shell.use(client => demand(client, remote)).catch(aboutPattern(remote, 'mget'));
    await shell.use(client => fetchOne(shell, client, item, local));
  },
};

const mget: ShellCommand = {
  names: ['mget'],
  usage: 'mget PATTERN…',
  summary: 'fetch many files; asks for each while prompt is on',
  completes: ['remote'],
  async run(shell, words) {
    need(mget, words, 1);
    const items = await remoteFiles(shell, words);
    assertDistinct(items.map(({ path }) => path));
    for await (const item of chosen(shell, 'mget', items, ({ path }) => path)) {
      await shell.use(client => fetchOne(shell, client, item, undefined));
    }
  },
};

const put: ShellCommand = {
  names: ['put', 'send'],
  usage: 'put LOCAL [REMOTE]',
  summary: 'send a file',
  many: 'mput FILE…',
  completes: ['local', 'remote'],
  async run(shell, words) {
    need(put, words, 1, 2);
    const [name = '', remote] = words;
    const local = resolve(shell.localFolder, name);
    if (remote !== undefined && remote !== name && (await exists(resolve(shell.localFolder, remote)))) {
      shell.io.say(`${printable(name)} goes to ${printable(remote)} on the server; both are sent by: mput FILE…`);
    }
    await sendOne(shell, local, remote ?? basename(local)).catch(aboutPattern(name, 'mput'));
  },
};

const mput: ShellCommand = {
  names: ['mput'],
  usage: 'mput PATTERN…',
  summary: 'send many files; asks for each while prompt is on',
  completes: ['local'],
  async run(shell, words) {
    need(mput, words, 1);
    const files = await localFiles(shell, words);
    assertDistinct(files);
    for await (const path of chosen(shell, 'mput', files, file => basename(file))) await sendOne(shell, path, basename(path));
  },
};

const reget: ShellCommand = {
  names: ['reget'],
  usage: 'reget REMOTE [LOCAL]',
  summary: 'go on with a file that is here in part',
  completes: ['remote', 'local'],
  async run(shell, words) {
    need(reget, words, 1, 2);
    const [remote = '', local] = words;
    const path = resolve(shell.localFolder, local ?? posix.basename(remote));
    await shell.use(client => continueOne(shell, client, remote, path));
  },
};

export const transferCommands: readonly ShellCommand[] = [get, mget, put, mput, reget];

/** For `catch`: of a pattern where one name belongs it is said what takes patterns. */
export function aboutPattern(word: string, many: string): (error: unknown) => never {
  return error => {
    if (!isGlob(word) || !(error instanceof AppError)) throw error;
    throw new AppError(error.code, error.message, { hint: `Patterns are for: ${many} ${printable(word)}`, cause: error });
  };
}

/** What patterns name, folders left out; with `glob off` the words themselves. Throws AppError `is-folder` where that is nothing. */
export async function remoteFiles(shell: ShellSession, words: readonly string[]): Promise<readonly RemoteItem[]> {
  const items: RemoteItem[] = [];
  for (const word of words) {
    const found = await shell.use(async client => (shell.settings.glob ? expand(client, word) : [await demand(client, word)]));
    for (const item of filesOf(shell, word, found, ({ entry }) => entry.type !== 'folder')) items.push(item);
  }
  return items;
}

/** Says how many folders are left out. */
function filesOf<T>({ io }: ShellSession, word: string, found: readonly T[], isFile: (item: T) => boolean): readonly T[] {
  const files = found.filter(isFile);
  const folders = found.length - files.length;
  if (files.length === 0 && folders > 0) {
    const what = isGlob(word) ? `${printable(word)} matches folders only` : `${printable(word)} is a folder`;
    throw new AppError('is-folder', what, {
      hint: 'Whole folders are for `postrider ftp get --recursive`, `ftp put --recursive` and `ftp rm --recursive`.',
    });
  }
  if (folders > 0) io.say(`${formatCount(folders, 'folders')} left out`);
  return files;
}

async function localFiles(shell: ShellSession, words: readonly string[]): Promise<readonly string[]> {
  const { settings, localFolder } = shell;
  const files = new Set<string>();
  for (const word of words) {
    const paths = settings.glob ? await localPaths([word], localFolder) : [resolve(localFolder, word)];
    const found = await Promise.all(paths.map(async path => ({ path, isFile: await isFile(path) })));
    for (const { path } of filesOf(shell, word, found, each => each.isFile)) files.add(path);
  }
  return [...files];
}

async function fetchOne(
  shell: ShellSession,
  client: FtpClient,
  { path, entry }: RemoteItem,
  local: string | undefined,
): Promise<void> {
  if (entry.type === 'folder')
    throw new AppError('is-folder', `${printable(path)} is a folder`, { hint: 'Use `cd` and `mget *`.' });
  const place = resolve(shell.localFolder, local ?? '.');
  const into = local === undefined || (await isFolder(place));
  const folder = await LocalFolder.open(into ? place : dirname(place));
  const { size, modifiedAt } = entry.type === 'file' ? entry : {};
  const { signal, settings } = shell;
  const name = into ? posix.basename(path) : basename(place);
  const progress = progressOf(shell);
  await downloadFile(client, { remote: path, size, modifiedAt, folder, local: name, progress, signal, ascii: settings.ascii });
}

async function* untilCancelled({ signal }: ShellSession, chunks: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  for await (const chunk of chunks) {
    if (signal.aborted) throw cancelled(signal);
    yield chunk;
  }
}

async function sendOne(shell: ShellSession, local: string, remote: string): Promise<void> {
  const { signal, settings } = shell;
  const say = shell.io.say;
  if (!(await isFile(local)))
    throw new AppError('is-folder', `${local} is no file`, { hint: 'Use `mput`, or `ftp put --recursive`.' });
  await shell.use(client => {
    const upload = { remote, atomic: true, progress: progressOf(shell), signal, say };
    return settings.ascii
      ? uploadStream(client, createReadStream(local), { ...upload, ascii: true })
      : uploadLocal(client, { ...upload, local });
  });
}

/** Into the file itself, as the user asked; what is there must be its beginning. */
async function continueOne(shell: ShellSession, client: FtpClient, remote: string, local: string): Promise<void> {
  const { entry } = await demand(client, remote);
  const progress = progressOf(shell);
  const handle = await open(local, constants.O_RDWR | constants.O_CREAT).catch(error => Promise.reject(fileError(error, local)));
  try {
    let position = (await handle.stat()).size;
    if (entry.size !== undefined && position > entry.size) throw noBeginning(local, position, entry.size);
    if (position === entry.size) return shell.io.say(`${local} is whole already`);
    progress.begin(remote, entry.size);
    progress.at(position);
    for await (const chunk of client.download(remote, { offset: position })) {
      if (shell.signal.aborted) throw cancelled(shell.signal);
      await handle.write(chunk, 0, chunk.length, position);
      position += chunk.length;
      progress.at(position);
    }
  } finally {
    await handle.close();
    progress.end();
  }
}

function noBeginning(local: string, bytes: number, whole: number): AppError {
  return new AppError(
    'size-mismatch',
    `${local} has ${bytes} bytes and the file on the server ${whole}: it is no beginning of it`,
    {
      hint: 'It was left alone; `get` fetches the file anew.',
    },
  );
}

async function isFile(path: string): Promise<boolean> {
  const facts = await stat(path).catch(error => Promise.reject(fileError(error, path)));
  return !facts.isDirectory();
}
