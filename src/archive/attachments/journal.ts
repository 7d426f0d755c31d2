// attachments.jsonl of an account: from which messages attachments were taken by which rule, and where they lie. Append-only.
import { join } from 'node:path';
import type { ArchiveFile, ArchiveFiles } from '../files.ts';
import { readJsonLines } from '../json-lines.ts';
import { ATTACHMENTS_NAME } from '../layout.ts';

export interface SavedFile {
  /** In the folder of the rule. */
  readonly file: string;
  readonly sha256: string;
  readonly size: number;
  readonly type: string;
}

export class AttachmentJournal {
  /** Messages that the rule has dealt with. */
  readonly #done: Set<string>;
  readonly #rule: string;
  readonly #file: ArchiveFile;
  #end: number;
  #lines: string[] = [];

  private constructor(rule: string, done: Set<string>, file: ArchiveFile, end: number) {
    this.#rule = rule;
    this.#done = done;
    this.#file = file;
    this.#end = end;
  }

  /** Only under the account's lock. What a crash tore is cut off. */
  static async open(files: ArchiveFiles, folder: string, rule: string): Promise<AttachmentJournal> {
    const file = await files.open(join(folder, ATTACHMENTS_NAME), 'write');
    try {
      await files.syncFolder(folder);
      const done = new Set<string>();
      let end = 0;
      for await (const { value, offset, length } of readJsonLines(file)) {
        const line = value as { rule?: unknown; message?: unknown } | undefined;
        if (line?.rule === rule && typeof line.message === 'string') done.add(line.message);
        if (value !== undefined) end = offset + length;
      }
      if ((await file.size()) > end) await file.truncate(end);
      return new AttachmentJournal(rule, done, file, end);
    } catch (error) {
      await file.close().catch(() => undefined);
      throw error;
    }
  }

  has(message: string): boolean {
    return this.#done.has(message);
  }

  /** Durable after commit(). */
  add(message: string, files: readonly SavedFile[], at: number): void {
    this.#done.add(message);
    this.#lines.push(`${JSON.stringify({ rule: this.#rule, message, at: new Date(at).toISOString(), files })}\n`);
  }

  async commit(): Promise<void> {
    if (this.#lines.length === 0) return;
    const bytes = Buffer.from(this.#lines.join(''));
    this.#lines = [];
    await this.#file.write(bytes, this.#end);
    this.#end += bytes.length;
    await this.#file.sync();
  }

  async close(): Promise<void> {
    await this.#file.close();
  }
}
