// Uploading: makes the server's folder like the local one, file by file over the shared sessions.
import { posix } from 'node:path';
import { RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import type { Removal, Transfer } from '../comparison/compare.ts';
import type { Survey } from '../comparison/survey.ts';
import type { Arrivals, Receiver, Staged } from '../receiver.ts';
import { BATCH_ITEMS } from '../sessions/batch.ts';
import type { Tally } from '../tally.ts';
import { remotePath } from '../trees/paths.ts';
import { isRefusal, orRefused, remoteExists } from '../trees/remote-facts.ts';
import { isMissingPath, type Workshop } from '../workshop.ts';
import { NameProbe } from './name-probe.ts';
import { Uploads } from './uploads.ts';

export class RemoteReceiver implements Receiver {
  readonly #workshop: Workshop;
  readonly #tally: Tally;
  readonly #uploads: Uploads;
  readonly #deployed: Survey['deployed'];
  readonly #begun: Survey['begun'];
  /** Answers of #toldApart(), by the path where two spellings part. */
  readonly #apart = new Map<string, Promise<boolean>>();
  readonly #names: NameProbe;

  constructor(workshop: Workshop, tally: Tally, survey: Pick<Survey, 'temps' | 'deployed' | 'plan' | 'begun'>) {
    this.#workshop = workshop;
    this.#tally = tally;
    this.#uploads = new Uploads(workshop, tally, survey);
    this.#deployed = survey.deployed;
    this.#begun = survey.begun;
    const { folders, transfers } = survey.plan;
    this.#names = new NameProbe(workshop, [...folders, ...transfers.map(({ path }) => path)]);
  }

  readonly window = BATCH_ITEMS;

  async prepareRoot(missing: boolean): Promise<void> {
    const { pool, remoteRoot } = this.#workshop;
    if (missing) await pool.use(client => makeAll(client, remoteRoot));
  }

  tempOf(transfer: Transfer): string {
    return this.#uploads.tempOf(transfer);
  }

  async removeTemp(path: string, kind: Removal['kind']): Promise<void> {
    await this.remove({ path, kind });
  }

  async makeFolder(path: string): Promise<void> {
    await this.#names.assertKept(path);
    if (this.#workshop.newFolders.has(path) && !this.#begun.has(path)) await this.#begin(path);
    else await this.#make(this.#remote(path));
    const remote = this.#remote(path);
    const mode = this.#workshop.config.chmod?.dirs;
    if (mode !== undefined && !(await this.#chmod(remote, mode))) this.#tally.once('the server does not set modes');
    this.#deployed?.addFolder(path);
  }

  async #make(remote: string): Promise<void> {
    const { pool, batch } = this.#workshop;
    try {
      await batch.soon(soon => soon.makeFolder(remote));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      await pool.use(client => makeOne(client, remote));
    }
  }

  /** Under its temporary name. One that is there and was not seen may hold anything: then it is made under its own. */
  async #begin(path: string): Promise<void> {
    const { pool, batch, newFolders } = this.#workshop;
    const remote = this.#remote(path);
    try {
      await batch.soon(soon => soon.makeFolder(remote));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      // A session that broke may have made it after all.
      await pool.use(client => orRefused(client.removeFolder(remote)));
      newFolders.close(path);
      await this.#make(this.#remote(path));
    }
  }

  async #chmod(remote: string, mode: number): Promise<boolean> {
    const { pool, batch } = this.#workshop;
    try {
      return await batch.soon(soon => soon.chmod(remote, mode));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      return pool.use(client => client.chmod(remote, mode));
    }
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

  deliver(transfer: Transfer, arrivals: Arrivals): Promise<void> {
    if (this.#names.isOrdinary(transfer.path)) return this.#uploads.deliver(transfer, arrivals);
    return this.#names.assertKept(transfer.path).then(() => this.#uploads.deliver(transfer, arrivals));
  }

  async move(from: string, to: string): Promise<boolean> {
    await this.#names.assertKept(to);
    return this.#uploads.move(from, to);
  }

  nameFolder(path: string): Promise<boolean> {
    return this.#uploads.nameFolder(path);
  }

  publish(staged: Staged): Promise<void> {
    return this.#uploads.publish(staged);
  }

  /** What failed at the end of a mirror that failed anyway is not the news. */
  async settle(): Promise<void> {
    const { pool } = this.#workshop;
    await (pool.failure === undefined ? this.#deployed?.save(this.#tally.failed === 0) : this.#deployed?.keep());
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
    const { remoteRoot, newFolders } = this.#workshop;
    return remotePath(remoteRoot, newFolders.at(path));
  }
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
