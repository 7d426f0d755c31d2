// Files on their way to the server: content under a temporary name, checked, with time and mode, then named; most of it without waiting.
import { AppError, RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient, HashAlgorithm } from '../../../protocols/ftp/index.ts';
import type { Transfer } from '../comparison/compare.ts';
import type { Survey } from '../comparison/survey.ts';
import { needsTemp } from '../new-folders.ts';
import type { Arrivals, Staged } from '../receiver.ts';
import type { Tally } from '../tally.ts';
import { localPath, remotePath, siblingOf } from '../trees/paths.ts';
import { isRefusal, orRefused, remoteExists, remoteSize } from '../trees/remote-facts.ts';
import { tempName } from '../trees/temp-name.ts';
import type { Workshop } from '../workshop.ts';
import { renameOver } from './rename-over.ts';
import { type Sent, type UploadFacts, uploadFile, verifyHash, verifySize } from './upload-file.ts';
import { equipSoon, keepsTime, nameSoon, type Tail } from './upload-tail.ts';

export class Uploads {
  readonly #workshop: Workshop;
  readonly #tally: Tally;
  readonly #temps: Survey['temps'];
  readonly #deployed: Survey['deployed'];

  constructor(workshop: Workshop, tally: Tally, { temps, deployed }: Pick<Survey, 'temps' | 'deployed'>) {
    this.#workshop = workshop;
    this.#tally = tally;
    this.#temps = temps;
    this.#deployed = deployed;
  }

  /** Where a file of this content and place lies until it has its name. */
  tempOf({ path, facts }: Transfer): string {
    return siblingOf(path, this.#tempName(path, facts));
  }

  #tempName(path: string, { size, modifiedAt }: Partial<UploadFacts>): string {
    return tempName({ path: remotePath(this.#workshop.remoteRoot, path), size, modifiedAt });
  }

  /**
   * What remains after the content arrived leaves with the next file on the same session; what fails there is done again, step by
   * step. With `commit: end` the file keeps its temporary name.
   */
  deliver(transfer: Transfer, arrivals: Arrivals): Promise<void> {
    return this.#workshop.pool.use((client, attempt) =>
      this.#send(client, transfer, attempt).then(sent => {
        this.#finish(client, transfer, sent).then(
          staged => arrivals.arrived(staged),
          error => arrivals.failed(transfer, error),
        );
      }),
    );
  }

  /** All names at once in windows; one that does not come through is done again by itself. */
  async publish(staged: Staged): Promise<void> {
    const { batch } = this.#workshop;
    const to = this.#remote(staged.transfer.path);
    if (staged.at !== staged.transfer.path) {
      try {
        await batch.soon(soon => soon.rename(this.#remote(staged.at), to));
      } catch (error) {
        if (!isRefusal(error)) throw error;
        return this.#name(staged, true);
      }
    }
    const time = staged.timeLost ? await batch.soon(soon => soon.modified(to)).catch(() => undefined) : undefined;
    await this.#remember(staged, staged.timeLost ? (time ?? null) : undefined);
  }

  async move(from: string, to: string): Promise<boolean> {
    const { memory } = this.#workshop;
    if (!(await this.#rename(this.#remote(from), this.#remote(to), remoteExists))) return false;
    const entry = this.#deployed?.get(from);
    this.#deployed?.drop(from);
    if (entry !== undefined) this.#deployed?.add(to, entry);
    const seen = await memory.get(from);
    if (seen !== undefined) await memory.put(to, seen);
    await memory.delete(from);
    return true;
  }

  async nameFolder(path: string): Promise<boolean> {
    const { newFolders, remoteRoot } = this.#workshop;
    const from = this.#remote(path);
    // Not every server lists a name that begins with a dot, and somebody else may have made a folder of the final one.
    const isThere = async (client: FtpClient) => ((await orRefused(client.list(from))) ?? []).length > 0;
    const named = await this.#rename(from, remotePath(remoteRoot, path), isThere);
    if (named) newFolders.close(path);
    return named;
  }

  /** False when it was refused, and not because an earlier try had done it. */
  async #rename(from: string, to: string, isThere: (client: FtpClient, path: string) => Promise<boolean>): Promise<boolean> {
    const { batch, pool } = this.#workshop;
    try {
      await batch.soon(soon => soon.rename(from, to));
      return true;
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return pool.use(async client => !(await isThere(client, from)) && (await remoteExists(client, to)));
    }
  }

  async #finish(client: FtpClient, transfer: Transfer, sent: Sent): Promise<Staged> {
    const tail = this.#tailOf(client, transfer, sent);
    let naming = false;
    try {
      const timeKept = keepsTime(tail, await equipSoon(client, tail));
      const staged = this.#staged(transfer, sent, timeKept);
      if (this.#workshop.config.commit === 'end') return staged;
      naming = true;
      let shown: number | undefined;
      if (!timeKept) shown = await nameSoon(client, tail);
      else if (tail.to !== tail.remote) await client.soon.rename(tail.remote, tail.to);
      if (this.#deployed !== undefined || !timeKept) await this.#remember(staged, timeKept ? undefined : (shown ?? null));
      return staged;
    } catch (error) {
      return this.#finishSlowly(transfer, sent, error, naming);
    }
  }

  #send(client: FtpClient, transfer: Transfer, attempt: number): Promise<Sent> {
    const { config, bandwidth, signal, localRoot, isText } = this.#workshop;
    const { path } = transfer;
    const hasTemp = needsTemp(this.#workshop, path);
    return uploadFile(client, {
      local: localPath(localRoot, path),
      followLinks: config.symlinks === 'follow',
      remote: facts => this.#remote(hasTemp ? siblingOf(path, this.#tempName(path, facts)) : path),
      offset: (session, remote) =>
        hasTemp || !config.atomic
          ? this.#offset(session, remote, attempt)
          : clear(session, remote, attempt > 1 || transfer.replaces),
      verify: false,
      digests: this.#digests(client),
      ascii: isText(path),
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
      if (config.verify === 'hash' && sent.textSizes === undefined) await verifyHash(client, check);
    }
    if (config.chmod?.files !== undefined) await this.#chmod(client, sent.remote, config.chmod.files);
    // Last: in a folder without a name it proves to a later run that nothing is missing.
    const timeKept = config['preserve-times'] && (await client.setModified(sent.remote, sent.modifiedAt));
    if (config['preserve-times'] && !timeKept) this.#tally.once(this.#withoutTimes());
    return this.#staged(transfer, sent, timeKept);
  }

  #withoutTimes(): string {
    const { config, memory } = this.#workshop;
    if (memory.lasts) return 'the server cannot set times: they are remembered here instead';
    return config.compare === 'time-size'
      ? 'the server cannot set times: the next run sends everything again; a job, or comparing by manifest or size, does not'
      : 'the server cannot set times';
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

  /**
   * The same with a reply awaited for each command. `why`: what went wrong before; `naming`: with the rename, which may have been done
   * and its answer lost.
   */
  async #finishSlowly(transfer: Transfer, sent: Sent, why: unknown, naming: boolean): Promise<Staged> {
    const { pool, signal, config } = this.#workshop;
    if (signal.aborted || pool.failure !== undefined) throw why;
    if (config.commit === 'end') return pool.use(client => this.#equip(client, transfer, sent));
    const mayBeDone = config.atomic && naming && !(why instanceof RefusedError);
    const to = this.#remote(transfer.path);
    const staged = await pool.use(async (client, attempt) => {
      const gone = (mayBeDone || attempt > 1) && !(await remoteExists(client, sent.remote));
      if (!gone) return this.#equip(client, transfer, sent);
      const found = await remoteSize(client, to);
      if (found === undefined || !(sent.textSizes ?? [sent.size]).includes(found)) throw vanished(to);
      const timeKept = config['preserve-times'] && (await client.setModified(to, sent.modifiedAt));
      return this.#staged(transfer, sent, timeKept, to);
    });
    await this.#name(staged, mayBeDone);
    return staged;
  }

  async #name(staged: Staged, mayBeDone: boolean): Promise<void> {
    const remote = this.#remote(staged.transfer.path);
    const time = await this.#workshop.pool.use(async (client, attempt) => {
      const done = mayBeDone || attempt > 1 ? staged.size : undefined;
      if (staged.at !== staged.transfer.path)
        await renameOver(client, this.#remote(staged.at), remote, { done, note: message => this.#tally.once(message) });
      return staged.timeLost ? ((await orRefused(client.modified(remote))) ?? null) : null;
    });
    await this.#remember(staged, staged.timeLost ? time : undefined);
  }

  /** `time`: what the copy shows instead of its source's time; undefined when it kept that. */
  async #remember({ transfer, size, modifiedAt, sha256 }: Staged, time: number | null | undefined): Promise<void> {
    const { path } = transfer;
    if (sha256 !== undefined && modifiedAt !== undefined) {
      this.#deployed?.add(path, { size, modifiedAt, shown: time === undefined ? modifiedAt : time, sha256 });
    }
    if (time === undefined || modifiedAt === undefined) return;
    await this.#workshop.memory.put(path, { size, source: modifiedAt, target: time });
  }

  /** What lies under a temporary name is the beginning of this very content; its true size is asked for, never assumed. */
  #offset(client: FtpClient, remote: string, attempt: number): number | Promise<number> {
    const { config } = this.#workshop;
    if (!config.atomic) return 0;
    const known = attempt > 1 || (config.resume && this.#temps.size > 0 && this.#temps.has(this.#relative(remote)));
    return known ? this.#found(client, remote) : 0;
  }

  async #found(client: FtpClient, remote: string): Promise<number> {
    const size = (await remoteSize(client, remote)) ?? 0;
    // vsftpd: a session whose client died before its data connection came keeps the file locked for a minute.
    if (size === 0) await orRefused(client.remove(remote));
    return size;
  }

  async #chmod(client: FtpClient, remote: string, mode: number): Promise<void> {
    if (!(await client.chmod(remote, mode))) this.#tally.once('the server does not set modes');
  }

  #staged(transfer: Transfer, sent: Sent, timeKept: boolean, at = sent.remote): Staged {
    const { size, modifiedAt, hashes } = sent;
    return {
      transfer,
      at: siblingOf(transfer.path, at.slice(at.lastIndexOf('/') + 1)),
      size,
      modifiedAt,
      sha256: hashes.sha256,
      timeLost: !timeKept,
    };
  }

  #remote(path: string): string {
    const { remoteRoot, newFolders } = this.#workshop;
    return remotePath(remoteRoot, newFolders.at(path));
  }

  #relative(remote: string): string {
    const root = this.#workshop.remoteRoot;
    if (root === '.') return remote;
    return remote.slice(root === '/' ? 1 : root.length + 1);
  }
}

/** Whatever an earlier try began there goes first: its session may hold it still. */
function clear(client: FtpClient, remote: string, isThere: boolean): number | Promise<number> {
  return isThere ? orRefused(client.remove(remote)).then(() => 0) : 0;
}

function vanished(path: string): AppError {
  return new AppError('upload-vanished', `${printable(path)}: the unfinished file is gone from the server`, {
    retry: 'later',
    hint: 'Does another mirror work on the same folder? It is sent again by the next attempt.',
  });
}
