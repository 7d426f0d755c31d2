// Brings the index up to the archive: what the manifests list beyond what is indexed. Runs when somebody searches, never in a fetch.
import { join } from 'node:path';
import { accountsOf } from '../catalog.ts';
import { dateOf } from '../date-of.ts';
import type { ArchiveFiles } from '../files.ts';
import { type JsonLine, readJsonLines } from '../json-lines.ts';
import { manifestName, monthOfManifest } from '../layout.ts';
import { type ManifestEntry, parseEntry } from '../manifest.ts';
import { MessageReader } from '../reader.ts';
import type { IndexedMessage, IndexFile, Source } from './index-file.ts';
import { indexedText } from './indexed-text.ts';
import { bareId } from './query.ts';

export interface FillOptions {
  readonly root: string;
  readonly files: ArchiveFiles;
  readonly index: IndexFile;
  /** After each group, with how many messages were added so far. */
  readonly onProgress?: ((messages: number) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Of a bigger message only the beginning is searched. */
export const MESSAGE_BYTES_MAX = 32 * 1024 * 1024;
const GROUP_MESSAGES_MAX = 1_000;
const GROUP_CHARS_MAX = 16 * 1024 * 1024;
/** After so many new ones the index is put in order. */
const OPTIMIZE_MESSAGES = 10_000;

/** How many messages were added. Throws `archive-missing`, `index-damaged`, `index-unusable`. */
export async function fillIndex(options: FillOptions): Promise<number> {
  const { root, files, index } = options;
  const known = new Map(index.sources().map(source => [`${source.account}/${source.month}`, source]));
  const filling = new Filling(options);
  for (const account of await accountsOf(root, files)) {
    const folder = join(root, account);
    const reader = new MessageReader(files, folder);
    try {
      for (const month of (await files.list(folder)).flatMap(name => monthOfManifest(name) ?? [])) {
        const source = known.get(`${account}/${month}`) ?? { account, month, bytes: 0 };
        known.delete(`${account}/${month}`);
        await filling.month(folder, source, reader);
      }
    } finally {
      await reader.close();
    }
  }
  for (const gone of known.values()) index.forget(gone);
  if (filling.added >= OPTIMIZE_MESSAGES) index.optimize();
  return filling.added;
}

class Filling {
  added = 0;
  readonly #options: FillOptions;

  constructor(options: FillOptions) {
    this.#options = options;
  }

  async month(folder: string, source: Source, reader: MessageReader): Promise<void> {
    const { files, index, signal } = this.#options;
    const file = await files.open(join(folder, manifestName(source.month)), 'read');
    if (file === undefined) return;
    try {
      const size = await file.size();
      if (size < source.bytes) index.forget(source);
      let from = size < source.bytes ? 0 : source.bytes;
      let [group, chars]: [IndexedMessage[], number] = [[], 0];
      let end = from;
      for await (const { entry, octets, lineEnd } of loaded(readJsonLines(file, from), source.month, reader)) {
        signal?.throwIfAborted();
        const message = await indexed(entry, octets);
        group.push(message);
        chars += message.body.length + message.recipients.length;
        end = lineEnd;
        if (group.length < GROUP_MESSAGES_MAX && chars < GROUP_CHARS_MAX) continue;
        if (!this.#add(source, from, end, group)) return;
        [group, chars, from] = [[], 0, end];
      }
      if (group.length > 0) this.#add(source, from, end, group);
    } finally {
      await file.close();
    }
  }

  #add(source: Source, from: number, to: number, group: readonly IndexedMessage[]): boolean {
    if (!this.#options.index.add(source, from, to, group)) return false;
    this.added += group.length;
    this.#options.onProgress?.(this.added);
    return true;
  }
}

interface Loaded {
  readonly entry: ManifestEntry;
  readonly octets: Buffer;
  /** Of its line in the manifest. */
  readonly lineEnd: number;
}

/** While a message is taken apart, the next one is read. */
async function* loaded(lines: AsyncIterable<JsonLine>, month: string, reader: MessageReader): AsyncGenerator<Loaded> {
  let ahead: Promise<Loaded> | undefined;
  for await (const { value, offset, length } of lines) {
    const entry = parseEntry(value);
    // A line that cannot be read is damage, which verify names, or still being written: the next whole one steps over it.
    if (entry === undefined) continue;
    const ready = await ahead;
    ahead = beginning(reader.read({ ...entry, month })).then(octets => ({ entry, octets, lineEnd: offset + length }));
    if (ready !== undefined) yield ready;
  }
  if (ahead !== undefined) yield await ahead;
}

/** As much as can be read: what is missing or damaged is for verify to tell. */
async function beginning(octets: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const part of octets) {
      parts.push(part.subarray(0, MESSAGE_BYTES_MAX - bytes));
      bytes += part.length;
      if (bytes >= MESSAGE_BYTES_MAX) break;
    }
  } catch {
    // Then that was all.
  }
  return Buffer.concat(parts);
}

async function indexed(entry: ManifestEntry, octets: Buffer): Promise<IndexedMessage> {
  const { sha256, size, messageId } = entry;
  const text = await indexedText(entry, octets);
  return { sha256, size, date: dateOf(entry), messageId: messageId === undefined ? undefined : bareId(messageId), ...text };
}
