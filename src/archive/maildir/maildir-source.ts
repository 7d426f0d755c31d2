// Messages of a Maildir, wherever a mail program has moved them.
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import type { ArchiveFiles } from '../files.ts';
import { readRange } from '../month-source.ts';
import { MAILDIR_FOLDERS, maildirName, type Named, uniquePart } from './maildir-name.ts';

/** Lists the folders once, and again only where a message is not found. */
export class MaildirSource {
  readonly #files: ArchiveFiles;
  readonly #folder: string;
  #paths: Map<string, string> | undefined;

  constructor(files: ArchiveFiles, folder: string) {
    this.#files = files;
    this.#folder = folder;
  }

  /** Where it is; undefined when it is nowhere. */
  async path(message: Named): Promise<string | undefined> {
    const name = maildirName(message);
    const known = this.#paths?.get(name) ?? this.pathOf(message);
    if (await this.#files.exists(known)) return known;
    this.#paths = await this.#list();
    return this.#paths.get(name);
  }

  /** Where it would be, for messages to people. */
  pathOf(message: Named): string {
    return join(this.#folder, 'new', maildirName(message));
  }

  /** The octets of its file. Throws `archive-file-missing`. */
  async *read(message: Named): AsyncGenerator<Buffer> {
    const path = await this.path(message);
    const file = path === undefined ? undefined : await this.#files.open(path, 'read');
    if (file === undefined)
      throw new AppError('archive-file-missing', `${this.pathOf(message)} is not there`, { hint: 'Restore it from a backup.' });
    try {
      yield* readRange(file, 0, await file.size());
    } finally {
      await file.close();
    }
  }

  /** Unique part of its name → path of every message there. */
  async all(): Promise<ReadonlyMap<string, string>> {
    this.#paths = await this.#list();
    return this.#paths;
  }

  async #list(): Promise<Map<string, string>> {
    const paths = new Map<string, string>();
    for (const folder of MAILDIR_FOLDERS)
      for (const name of await this.#files.list(join(this.#folder, folder)))
        if (!name.startsWith('.')) paths.set(uniquePart(name), join(this.#folder, folder, name));
    return paths;
  }
}
