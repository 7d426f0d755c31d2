// The one mailbox behind the SMTP and POP3 servers: a file for each message, with a name that is never used again.
import { readdir, readFile, rename, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import { makeFolder } from '../files/make-folder.ts';

export interface StoredMessage {
  /** Unique for ever, also after a restart and after the message is gone (RFC 1939 section 7, UIDL). */
  readonly uid: string;
  /** In bytes, line ends as CRLF. */
  readonly size: number;
  readonly path: string;
}

const FILE_NAME = /^(\d{10})-([0-9a-f]{8})\.eml$/;

export class MailboxStore {
  readonly dir: string;
  readonly #random: Random;
  #locked = false;
  #lastAdd: Promise<unknown> = Promise.resolve();

  private constructor(dir: string, random: Random) {
    this.dir = dir;
    this.#random = random;
  }

  /** Makes the folder when it is missing. */
  static async open(dir: string, random: Random): Promise<MailboxStore> {
    await makeFolder(dir);
    return new MailboxStore(dir, random);
  }

  /** In order of arrival. */
  async list(): Promise<readonly StoredMessage[]> {
    const names = (await readdir(this.dir)).filter(name => FILE_NAME.test(name)).sort();
    const messages: StoredMessage[] = [];
    for (const name of names) {
      const path = join(this.dir, name);
      const stats = await stat(path).catch(() => undefined);
      if (stats !== undefined) messages.push({ uid: name.slice(0, -'.eml'.length), size: stats.size, path });
    }
    return messages;
  }

  /** Keeps the bytes as POP3 will serve them: any line end as CRLF, the last line ended. Calls at once are served in turn. */
  add(bytes: Uint8Array): Promise<StoredMessage> {
    const message = canonical(Buffer.from(bytes));
    const added = this.#lastAdd.then(() => this.#add(message));
    this.#lastAdd = added.catch(() => undefined);
    return added;
  }

  /** Rejects with an AppError `file-missing` when there is no such message. */
  async read(uid: string): Promise<Buffer> {
    const path = this.#pathOf(uid);
    try {
      return await readFile(path);
    } catch (error) {
      throw fileError(error, path);
    }
  }

  /** Removing what is gone already is no error. */
  async remove(uid: string): Promise<void> {
    const path = this.#pathOf(uid);
    try {
      await unlink(path);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw fileError(error, path);
    }
  }

  /** The exclusive lock of a POP3 session (RFC 1939 section 4): a function that gives it back, or undefined when it is taken. */
  lock(): (() => void) | undefined {
    if (this.#locked) return undefined;
    this.#locked = true;
    return () => {
      this.#locked = false;
    };
  }

  async #add(bytes: Buffer): Promise<StoredMessage> {
    const last = (await this.list()).at(-1)?.uid ?? '0';
    const number = String(Number.parseInt(last, 10) + 1).padStart(10, '0');
    const uid = `${number}-${randomHex(this.#random, 4)}`;
    const path = this.#pathOf(uid);
    try {
      await writeFile(`${path}.new`, bytes, { flag: 'wx' });
      await rename(`${path}.new`, path);
    } catch (error) {
      throw fileError(error, path);
    }
    return { uid, size: bytes.length, path };
  }

  #pathOf(uid: string): string {
    const name = `${uid}.eml`;
    return join(this.dir, FILE_NAME.test(name) ? name : 'no-such-message');
  }
}

/** The bytes themselves when all their line ends are CRLF already. */
function canonical(bytes: Buffer): Buffer {
  const text = bytes.toString('latin1');
  const clean = text.replace(/\r\n|\r|\n/g, '\r\n');
  const ended = clean.endsWith('\r\n') ? clean : `${clean}\r\n`;
  return ended === text ? bytes : Buffer.from(ended, 'latin1');
}
