// ftp put: local files and folders to the server, each under its final name only when it is whole.
import { glob, readdir, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { AppError, fileError } from '../../core/errors.ts';
import { exists } from '../../files/there.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { makeFolder } from './edit.ts';
import type { TransferProgress } from './progress.ts';
import { assertDistinct, isFolder, joined, tidy } from './remote.ts';
import { isGlob } from './remote-glob.ts';
import { uploadLocal, uploadStream } from './upload.ts';
import { collected } from './walk.ts';

export interface PutRequest {
  /** Paths, patterns, or `-` for stdin. */
  readonly sources: readonly string[];
  /** A folder on the server, or the name for one file. */
  readonly target: string;
  readonly cwd: string;
  readonly recursive: boolean;
  readonly atomic: boolean;
  readonly stdin: AsyncIterable<Uint8Array>;
  readonly progress: TransferProgress;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

export interface Sent {
  readonly remote: string;
  readonly bytes: number;
}

export async function putFiles(client: FtpClient, request: PutRequest): Promise<readonly Sent[]> {
  if (request.sources.includes('-')) return [await putStdin(client, request)];
  const locals = await localPaths(request.sources, request.cwd);
  assertDistinct(locals);
  const into =
    request.target === '' || request.target.endsWith('/') || locals.length > 1 || (await isFolder(client, request.target));
  const sent: Sent[] = [];
  for (const local of locals) {
    const remote = into ? joined(tidy(request.target), basename(local)) : tidy(request.target);
    if ((await localFacts(local)).isDirectory()) await putFolder(client, local, remote, request, sent);
    else sent.push({ remote, bytes: await uploadLocal(client, { ...request, local, remote }) });
  }
  return sent;
}

async function putStdin(client: FtpClient, request: PutRequest): Promise<Sent> {
  const { sources, target, stdin } = request;
  if (sources.length > 1)
    throw new AppError('usage', 'stdin (-) is put alone', { hint: 'Put the other files with a second command.' });
  if (target === '' || target.endsWith('/') || (await isFolder(client, target))) {
    throw new AppError('usage', 'what comes from stdin needs a file name on the server', { hint: 'Write …/folder/name.txt' });
  }
  const remote = tidy(target);
  return { remote, bytes: await uploadStream(client, stdin, { ...request, remote }) };
}

/** The files that the user named; quoted patterns are matched here. Throws AppError `file-missing`. */
export async function localPaths(sources: readonly string[], cwd: string): Promise<readonly string[]> {
  const paths = new Set<string>();
  for (const source of sources) {
    const exact = resolve(cwd, source);
    if (!isGlob(source) || (await exists(exact))) {
      paths.add(exact);
      continue;
    }
    const found = await collected(glob(source, { cwd }));
    if (found.length === 0)
      throw new AppError('file-missing', `no local file matches ${source}`, { hint: 'Check the pattern and the folder.' });
    for (const path of found.sort()) paths.add(resolve(cwd, path));
  }
  return [...paths];
}

async function localFacts(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    throw fileError(error, path);
  }
}

async function putFolder(client: FtpClient, local: string, remote: string, request: PutRequest, sent: Sent[]): Promise<void> {
  if (!request.recursive) {
    throw new AppError('is-folder', `${local} is a folder`, {
      hint: '--recursive sends it; `ftp mirror` sends only what changed.',
    });
  }
  await makeFolder(client, remote, true);
  for (const entry of (await readdir(local, { withFileTypes: true })).sort((a, b) => (a.name < b.name ? -1 : 1))) {
    const [from, to] = [join(local, entry.name), joined(remote, entry.name)];
    if (entry.isDirectory()) await putFolder(client, from, to, request, sent);
    else if (entry.isFile()) sent.push({ remote: to, bytes: await uploadLocal(client, { ...request, local: from, remote: to }) });
    else request.say(`${from} is left out: it is neither a file nor a folder`);
  }
}
