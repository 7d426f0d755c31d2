// Brings messages from the server into the archive: pipelined, committed in groups, one bad message never stopping the rest.
import type { AccountArchive, StoredMessage } from '../../archive/index.ts';
import { assert } from '../../core/assert.ts';
import { BrokenSessionError, type RefusedError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { formatSize } from '../../core/units.ts';
import type { Pop3Client, Retrieved } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Message } from './decide.ts';
import type { Tally } from './tally.ts';

export interface FetchJob {
  readonly client: Pop3Client;
  readonly archive: AccountArchive;
  readonly context: StepContext;
  readonly messages: readonly Message[];
  readonly tally: Tally;
  /** A message that turns out bigger is thrown away and quarantined. */
  readonly bytesMax: number;
}

export interface Fetched {
  /** Durable now, with the session's number of each. */
  readonly stored: readonly { readonly message: Message; readonly stored: StoredMessage }[];
  /** A message was retrieved and not kept: after QUIT some servers take it for delivered, so there must be none. */
  readonly lossy: boolean;
}

const GROUP_MESSAGES_MAX = 256;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;

/** Asked for in one go; a server that refuses everything is left alone after it. */
const SLICE_MESSAGES = 500;

/** So many refusals in a row mean the server, not the messages: a quota, usually. */
const REFUSALS_IN_A_ROW_MAX = 20;

/** Throws what broke the session or the disk; what was complete by then is committed, unless the disk failed. */
export async function fetchMessages(job: FetchJob): Promise<Fetched> {
  const fetching = new Fetching(job);
  try {
    await fetching.run();
  } catch (error) {
    await fetching.broken(error).catch(() => undefined);
    throw error;
  }
  return { stored: fetching.stored, lossy: fetching.lossy };
}

class Fetching {
  readonly stored: { readonly message: Message; readonly stored: StoredMessage }[] = [];
  lossy = false;
  readonly #job: FetchJob;
  readonly #totalBytes: number;
  #next = 0;
  #bytes = 0;
  #groupMessages = 0;
  #groupBytes = 0;
  #refusalsInARow = 0;

  constructor(job: FetchJob) {
    this.#job = job;
    this.#totalBytes = job.messages.reduce((sum, { size }) => sum + size, 0);
  }

  async run(): Promise<void> {
    const { messages, context, tally } = this.#job;
    while (this.#next < messages.length && !this.#exhausted)
      await this.#slice(messages.slice(this.#next, this.#next + SLICE_MESSAGES));
    await this.#commit();
    const rest = messages.slice(this.#next);
    for (const { number } of rest) tally.set(number, 'pending');
    if (this.#exhausted)
      context.note('warning', 'the server refuses one message after the other; the rest is left for a later run');
  }

  /** Whether the server gives nothing more just now. */
  get #exhausted(): boolean {
    return this.#refusalsInARow >= REFUSALS_IN_A_ROW_MAX;
  }

  async #slice(slice: readonly Message[]): Promise<void> {
    for await (const retrieved of this.#job.client.retrieveMany(slice)) {
      const message = this.#job.messages[this.#next];
      assert(message !== undefined && message.number === retrieved.number, 'messages come in the order asked for');
      await this.#take(message, retrieved);
      this.#next += 1;
      this.#progress(message);
      if (this.#groupMessages >= GROUP_MESSAGES_MAX || this.#groupBytes >= GROUP_BYTES_MAX) await this.#commit();
    }
  }

  /** The session broke while a message was awaited: it goes last next time, and into quarantine when that happens again and again. */
  async broken(error: unknown): Promise<void> {
    const { archive, messages, context } = this.#job;
    const message = messages[this.#next];
    const blamed = error instanceof BrokenSessionError && error.code !== 'message-abandoned';
    if (blamed && message?.uidl !== undefined) {
      archive.remember({ uidl: message.uidl, state: 'failed', reason: error.code, at: context.clock.now() });
    }
    await archive.commit();
  }

  async #take(message: Message, retrieved: Retrieved): Promise<void> {
    if (retrieved.refusal !== undefined) return this.#refused(message, retrieved.refusal);
    this.#refusalsInARow = 0;
    const { archive, context, tally, bytesMax } = this.#job;
    const incoming = archive.incoming();
    try {
      for await (const chunk of retrieved.body) {
        if (incoming.size + chunk.length > bytesMax) return await this.#tooLarge(message);
        await incoming.push(chunk);
        this.#bytes += chunk.length;
        if (incoming.size > chunk.length) this.#progress(message);
      }
      const complete = incoming.complete();
      const fate = await archive.store(complete, { uidl: message.uidl, fetchedAt: context.clock.now() });
      const stored = archive.index.get(complete.sha256);
      assert(stored !== undefined, 'a stored message is in the index');
      tally.set(message.number, fate === 'archived' ? 'archived' : 'duplicates');
      if (fate === 'archived') tally.bytes += complete.size;
      this.stored.push({ message, stored });
      this.#groupMessages += 1;
      this.#groupBytes += complete.size;
    } finally {
      await incoming.discard();
    }
  }

  async #refused(message: Message, refusal: RefusedError): Promise<void> {
    const { tally, context } = this.#job;
    if (this.#exhausted) return tally.set(message.number, 'pending');
    this.#refusalsInARow += 1;
    if (refusal.retry === 'later') {
      tally.set(message.number, 'pending');
      context.note('warning', `${describeMessage(message)} is left for a later run: ${refusal.message}`);
      return;
    }
    await this.#quarantine(message, `the server refuses it: ${refusal.refusal.replyText}`);
  }

  async #tooLarge(message: Message): Promise<void> {
    this.lossy = true;
    await this.#quarantine(
      message,
      `it is larger than ${formatSize(this.#job.bytesMax)} though announced with ${formatSize(message.size)}`,
    );
  }

  async #quarantine(message: Message, reason: string): Promise<void> {
    const { archive, context, tally } = this.#job;
    const { number, size, uidl } = message;
    const at = context.clock.now();
    if (uidl !== undefined) archive.remember({ uidl, state: 'failed', reason, at });
    const tries = uidl === undefined ? 1 : (archive.state.failures.get(uidl)?.count ?? 1);
    await archive.quarantine({ uidl, number, size, reason, tries, at });
    tally.set(number, 'quarantined');
    context.note('warning', `${describeMessage(message)} could not be archived: ${reason}`);
  }

  async #commit(): Promise<void> {
    await this.#job.archive.commit();
    this.#groupMessages = 0;
    this.#groupBytes = 0;
  }

  #progress(message: Message): void {
    this.#job.context.progress({
      done: this.#next,
      total: this.#job.messages.length,
      unit: 'messages',
      bytes: this.#bytes,
      totalBytes: Math.max(this.#totalBytes, this.#bytes),
      item: describeMessage(message),
    });
  }
}

/** `message 12 (UID abc)`, safe to show. */
export function describeMessage({ number, uidl }: Message): string {
  return uidl === undefined ? `message ${number}` : `message ${number} (UID ${printable(shorten(uidl, 40))})`;
}
