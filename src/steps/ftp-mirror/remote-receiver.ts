// Uploading: makes the server's folder like the local one, file by file over the shared sessions.
import { join, posix } from 'node:path';
import { AppError, RefusedError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { FtpClient, HashAlgorithm } from '../../protocols/ftp/index.ts';
import { BATCH_ITEMS } from './batch.ts';
import type { Removal, Transfer } from './compare.ts';
import { NameProbe } from './name-probe.ts';
import { remotePath, siblingOf } from './paths.ts';
import type { Delivery, Receiver, Staged } from './receiver.ts';
import { orRefused, remoteExists, remoteSize } from './remote-facts.ts';
import { renameOver } from './rename-over.ts';
import type { Survey } from './survey.ts';
import type { Tally } from './tally.ts';
import { tempName } from './temp-name.ts';
import { type Sent, uploadFile, verifyHash, verifySize } from './upload-file.ts';
import { finishSoon, type Tail, TailError } from './upload-tail.ts';
import { isMissingPath, type Workshop } from './workshop.ts';

export class RemoteReceiver implements Receiver {
  readonly #workshop: Workshop;
  readonly #tally: Tally;
  readonly #temps: Survey['temps'];
  readonly #deployed: Survey['deployed'];
  /** Answers of #toldApart(), by the path where two spellings part. */
  readonly #apart = new Map<string, Promise<boolean>>();

  readonly #names: NameProbe;

  constructor(workshop: Workshop, tally: Tally, { temps, deployed, plan }: Pick<Survey, 'temps' | 'deployed' | 'plan'>) {
    this.#workshop = workshop;
    this.#tally = tally;
    this.#temps = temps;
    this.#deployed = deployed;
    this.#names = new NameProbe(workshop, [...plan.folders, ...plan.transfers.map(({ path }) => path)]);
  }

  readonly window = BATCH_ITEMS;

  async prepareRoot(missing: boolean): Promise<void> {
    const { pool, remoteRoot } = this.#workshop;
    if (missing) await pool.use(client => makeAll(client, remoteRoot));
  }

  tempOf({ path, facts }: Transfer): string {
    return siblingOf(path, tempName({ path: this.#remote(path), size: facts.size, modifiedAt: facts.modifiedAt }));
  }

  async removeTemp(path: string): Promise<void> {
    await this.remove({ path, kind: 'file' });
  }

  async makeFolder(path: string): Promise<void> {
    await this.#names.assertKept(path);
    const remote = this.#remote(path);
    const mode = this.#workshop.config.chmod?.dirs;
    const { pool, batch } = this.#workshop;
    try {
      await batch.soon(soon => soon.makeFolder(remote));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await pool.use(client => makeOne(client, remote));
    }
    if (mode !== undefined) await pool.use(client => this.#chmod(client, remote, mode));
    this.#deployed?.addFolder(path);
  }

  async remove({ path, kind, twin }: Removal): Promise<boolean> {
    const remote = this.#remote(path);
    if (twin !== undefined && !(await this.#toldApart(path, twin))) {
      this.#tally.once('the server does not tell upper from lower case: a file keeps its old spelling there');
      return false;
    }
    const { pool, batch } = this.#workshop;
    try {
      await batch.soon(soon => (kind === 'file' ? soon.remove(remote) : soon.removeFolder(remote)));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      if (kind === 'folder' && this.#deployed !== undefined) return this.#leave(path, remote);
      await pool.use(client => removeOne(client, remote, kind));
    }
    this.#deployed?.drop(path);
    if (kind === 'file') await this.#workshop.memory.delete(path);
    return true;
  }

  /** A folder of ours that holds what others put there. */
  async #leave(path: string, remote: string): Promise<boolean> {
    const entries = await this.#workshop.pool.use(client =>
      client.list(remote).catch(reason => (isMissingPath(reason) ? undefined : Promise.reject(reason))),
    );
    if (entries?.length === 0) await this.#workshop.pool.use(client => removeOne(client, remote, 'folder'));
    else if (entries !== undefined) this.#tally.once(`${printable(path)}/ stays: it holds what this mirror did not put there`);
    this.#deployed?.drop(path);
    return entries === undefined || entries.length === 0;
  }

  async stage(transfer: Transfer): Promise<Staged> {
    await this.#names.assertKept(transfer.path);
    return this.#workshop.pool.use(async (client, attempt) =>
      this.#equip(client, transfer, await this.#send(client, transfer, attempt)),
    );
  }

  /** What remains after the content arrived leaves with the next file on the same session; what fails there is done again, step by step. */
  async deliver(transfer: Transfer): Promise<Delivery> {
    await this.#names.assertKept(transfer.path);
    const { sent, finished } = await this.#workshop.pool.use(async (client, attempt) => {
      const file = await this.#send(client, transfer, attempt);
      const tail = { finished: finishSoon(client, this.#tailOf(client, transfer, file)) };
      tail.finished.catch(() => undefined);
      return { sent: file, ...tail };
    });
    const done = finished.then(
      time => this.#remember(transfer.path, contentOf(sent), time),
      error => this.#finishSlowly(transfer, sent, error),
    );
    done.catch(() => undefined);
    return { done: done.then(() => sent.size) };
  }

  async publish(staged: Staged): Promise<void> {
    await this.#name(staged, false);
  }

  #send(client: FtpClient, transfer: Transfer, attempt: number): Promise<Sent> {
    const { config, bandwidth, signal, localRoot } = this.#workshop;
    const { path } = transfer;
    return uploadFile(client, {
      local: join(localRoot, path),
      followLinks: config.symlinks === 'follow',
      remote: facts => this.#remote(config.atomic ? this.tempOf({ ...transfer, facts: { ...facts, precisionMs: 0 } }) : path),
      offset: (session, remote) => this.#offset(session, remote, attempt),
      verify: false,
      digests: this.#digests(client),
      moved: (at, bytes) => this.#tally.at(path, at, bytes),
      chunkBytes: bandwidth.chunkBytes,
      take: bytes => bandwidth.take(bytes, signal),
      note: message => this.#tally.once(message),
      keepsPart: !config.atomic,
    });
  }

  #digests({ hashing }: FtpClient): readonly HashAlgorithm[] {
    const wanted = new Set<HashAlgorithm>();
    if (this.#workshop.config.verify === 'hash' && hashing !== undefined) wanted.add(hashing);
    if (this.#deployed !== undefined) wanted.add('sha256');
    return [...wanted];
  }

  /** Checks what arrived and gives it time and mode. */
  async #equip(client: FtpClient, transfer: Transfer, sent: Sent): Promise<Staged> {
    const { config } = this.#workshop;
    if (config.verify !== 'none') {
      const note = (message: string) => this.#tally.once(message);
      const check = { ...sent, local: transfer.path, keepsPart: !config.atomic, note };
      await verifySize(client, check);
      if (config.verify === 'hash') await verifyHash(client, check);
    }
    const timeKept = config['preserve-times'] && (await client.setModified(sent.remote, sent.modifiedAt));
    if (config['preserve-times'] && !timeKept) this.#tally.once('the server cannot set times: they are remembered here instead');
    if (config.chmod?.files !== undefined) await this.#chmod(client, sent.remote, config.chmod.files);
    const at = config.atomic ? siblingOf(transfer.path, posix.basename(sent.remote)) : transfer.path;
    return { transfer, at, ...contentOf(sent), timeLost: !timeKept };
  }

  #tailOf({ hashing }: FtpClient, { path }: Transfer, sent: Sent): Tail {
    const { config } = this.#workshop;
    return {
      ...sent,
      to: this.#remote(path),
      verify: config.verify !== 'none',
      hash: config.verify === 'hash' && hashing !== undefined ? sent.hashes[hashing] : undefined,
      keepTime: config['preserve-times'],
      ...(config.chmod?.files === undefined ? {} : { mode: config.chmod.files }),
    };
  }

  /** The same with a reply awaited for each command. `why`: what went wrong before; a rename may have been done and its answer lost. */
  async #finishSlowly(transfer: Transfer, sent: Sent, why: unknown): Promise<void> {
    const { pool, signal, config } = this.#workshop;
    if (signal.aborted || pool.failure !== undefined) throw why;
    const mayBeDone = config.atomic && !(why instanceof RefusedError) && !(why instanceof TailError);
    const to = this.#remote(transfer.path);
    const staged = await pool.use(async (client, attempt) => {
      const gone = (mayBeDone || attempt > 1) && !(await remoteExists(client, sent.remote));
      if (!gone) return this.#equip(client, transfer, sent);
      if ((await remoteSize(client, to)) !== sent.size) throw vanished(to);
      const timeKept = config['preserve-times'] && (await client.setModified(to, sent.modifiedAt));
      return { transfer, at: transfer.path, ...contentOf(sent), timeLost: !timeKept };
    });
    await this.#name(staged, mayBeDone);
  }

  async #name(staged: Staged, mayBeDone: boolean): Promise<void> {
    const remote = this.#remote(staged.transfer.path);
    const time = await this.#workshop.pool.use(async (client, attempt) => {
      const done = mayBeDone || attempt > 1 ? staged.size : undefined;
      if (staged.at !== staged.transfer.path)
        await renameOver(client, this.#remote(staged.at), remote, { done, note: message => this.#tally.once(message) });
      return staged.timeLost ? ((await orRefused(client.modified(remote))) ?? null) : null;
    });
    await this.#remember(staged.transfer.path, staged, staged.timeLost ? time : undefined);
  }

  /** `time`: what the copy shows instead of its source's time; undefined when it kept that. */
  async #remember(
    path: string,
    { size, modifiedAt, sha256 }: Pick<Staged, 'size' | 'modifiedAt' | 'sha256'>,
    time: number | null | undefined,
  ): Promise<void> {
    if (sha256 !== undefined && modifiedAt !== undefined) {
      this.#deployed?.add(path, { size, modifiedAt, shown: time === undefined ? modifiedAt : time, sha256 });
    }
    if (time === undefined || modifiedAt === undefined) return;
    await this.#workshop.memory.put(path, { size, source: modifiedAt, target: time });
  }

  /** What failed at the end of a mirror that failed anyway is not the news. */
  async settle(): Promise<void> {
    if (this.#workshop.pool.failure === undefined) await this.#deployed?.save();
  }

  /** What lies under a temporary name is the beginning of this very content; its true size is asked for, never assumed. */
  async #offset(client: FtpClient, remote: string, attempt: number): Promise<number> {
    const { config } = this.#workshop;
    if (!config.atomic) return 0;
    const known = this.#temps.has(this.#relative(remote));
    if (attempt === 1 && !(known && config.resume)) return 0;
    return (await remoteSize(client, remote)) ?? 0;
  }

  async #chmod(client: FtpClient, remote: string, mode: number): Promise<void> {
    if (!(await client.chmod(remote, mode))) this.#tally.once('the server does not set modes');
  }

  /** Both spellings stand side by side where the paths part: only then is removing one not removing the other. */
  #toldApart(path: string, twin: string): Promise<boolean> {
    const [one, other] = [path.split('/'), twin.split('/')];
    const at = one.findIndex((name, index) => name !== other[index]);
    const key = one.slice(0, at + 1).join('/');
    const proof =
      this.#apart.get(key) ??
      this.#workshop.pool.use(async client => {
        const entries = await client.list(this.#remote(one.slice(0, at).join('/')));
        return [one[at], other[at]].every(name => entries.some(entry => entry.name === name));
      });
    this.#apart.set(key, proof);
    return proof;
  }

  #remote(path: string): string {
    return remotePath(this.#workshop.remoteRoot, path);
  }

  #relative(remote: string): string {
    const root = this.#workshop.remoteRoot;
    if (root === '.') return remote;
    return remote.slice(root === '/' ? 1 : root.length + 1);
  }
}

function contentOf({ size, modifiedAt, hashes }: Sent): Pick<Staged, 'size' | 'modifiedAt' | 'sha256'> {
  return { size, modifiedAt, sha256: hashes.sha256 };
}

function vanished(path: string): AppError {
  return new AppError('upload-vanished', `${printable(path)}: the unfinished file is gone from the server`, {
    retry: 'later',
    hint: 'Does another mirror work on the same folder? It is sent again by the next attempt.',
  });
}

/** The server's no, or ours to a path that was relative to another folder: either may be tried again by itself. */
function isRefusal(error: unknown): boolean {
  return error instanceof RefusedError || (error instanceof AppError && error.code === 'folder-left');
}

/** DELE or RMD, content with what is gone already. */
async function removeOne(client: FtpClient, path: string, kind: Removal['kind']): Promise<void> {
  try {
    await (kind === 'file' ? client.remove(path) : client.removeFolder(path));
  } catch (error) {
    if (!(error instanceof RefusedError) || (await remoteExists(client, path))) throw error;
  }
}

/** MKD, content with a folder that is there already. */
async function makeOne(client: FtpClient, path: string): Promise<void> {
  try {
    await client.makeFolder(path);
  } catch (error) {
    if (!(error instanceof RefusedError)) throw error;
    const exists = await client.list(path).then(
      () => true,
      reason => (reason instanceof RefusedError ? false : Promise.reject(reason)),
    );
    if (!exists) throw error;
  }
}

/** The folder and those above it, from the first that is missing. */
async function makeAll(client: FtpClient, path: string): Promise<void> {
  const above = posix.dirname(path);
  if (above !== '/' && above !== '.' && above !== path) {
    const exists = await client.list(above).then(
      () => true,
      reason => (isMissingPath(reason) ? false : Promise.reject(reason)),
    );
    if (!exists) await makeAll(client, above);
  }
  await makeOne(client, path);
}
