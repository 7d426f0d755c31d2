// Brings messages from the server into the archive: pipelined, committed in groups, one bad message never stopping the rest.
import type { AccountArchive, CompleteMessage, Incoming } from '../../archive/index.ts';
import { assert } from '../../core/assert.ts';
import { BrokenSessionError, type RefusedError } from '../../core/errors.ts';
import { boundGarbage } from '../../core/memory.ts';
import { formatSize } from '../../core/units.ts';
import type { Pop3Client, Retrieved, Wanted } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Deleting } from './delete.ts';
import { type Fetched, type Group, Groups } from './groups.ts';
import type { Lifecycle } from './lifecycle.ts';
import { describeMessage, type Message, type Messages } from './messages.ts';
import type { Tally } from './tally.ts';

export interface FetchJob {
  readonly client: Pop3Client;
  readonly archive: AccountArchive;
  readonly context: StepContext;
  readonly messages: Messages;
  readonly tally: Tally;
  readonly lifecycle: Lifecycle;
  /** Takes what is durable and due. */
  readonly deleting: Deleting;
  readonly isDue: (fetched: Fetched) => boolean;
  /** A message that turns out bigger is thrown away and quarantined. */
  readonly bytesMax: number;
  readonly groupMessagesMax?: number | undefined;
  /** Whether a refusal means that the server gives no more today. */
  readonly isQuota: (refusal: RefusedError) => boolean;
}

/** So many refusals in a row mean the server, not the messages: a quota, usually. */
const REFUSALS_IN_A_ROW_MAX = 20;

export interface FetchResult {
  /** Messages that are durable now and were not known before by their UID. */
  readonly fetched: number;
  /** A message was retrieved and not kept: after QUIT some servers take it for delivered, so there must be none. */
  readonly lossy: boolean;
}

/** Throws what broke the session or the disk; what was complete by then is committed, unless the disk failed. */
export async function fetchMessages(job: FetchJob): Promise<FetchResult> {
  const fetching = new Fetching(job);
  try {
    await fetching.run();
  } catch (error) {
    await fetching.broken(error).catch(() => undefined);
    throw error;
  }
  return fetching;
}

interface Arrival {
  readonly message: Message;
  readonly incoming: Incoming;
  readonly complete: CompleteMessage;
}

class Fetching implements FetchResult {
  fetched = 0;
  lossy = false;
  readonly #job: FetchJob;
  readonly #groups: Groups;
  readonly #totalBytes: number;
  /** What came since the server last proved that it answers what was asked; nothing of it is believed yet. */
  #unconfirmed: Arrival[] = [];
  #next = 0;
  #bytes = 0;
  #refusalsInARow = 0;
  #quota = false;

  constructor(job: FetchJob) {
    this.#job = job;
    this.#totalBytes = job.messages.bytes;
    const { archive, context, groupMessagesMax: messagesMax } = job;
    this.#groups = new Groups({ archive, clock: context.clock, messagesMax, durable: group => this.#durable(group) });
  }

  async run(): Promise<void> {
    const { client, messages, deleting, context, tally } = this.#job;
    const confirmed = () => this.#confirmed();
    for await (const retrieved of client.retrieveMany(this.#wanted(), { deletions: deleting, confirmed, lent: true })) {
      const message = messages.at(this.#next);
      assert(message !== undefined && message.number === retrieved.number, 'messages come in the order asked for');
      await this.#take(message, retrieved);
      this.#next += 1;
      this.#progress(message);
    }
    assert(this.#unconfirmed.length === 0, 'every message that came is confirmed');
    await this.#groups.finish();
    for (const message of messages.only(messages.numbers.slice(this.#next))) tally.set(message, 'pending');
    if (this.#exhausted)
      context.note('warning', 'the server refuses one message after the other; the rest is left for a later run');
  }

  /** Whether the server gives nothing more just now. */
  get #exhausted(): boolean {
    return this.#quota || this.#refusalsInARow >= REFUSALS_IN_A_ROW_MAX;
  }

  *#wanted(): Generator<Wanted> {
    const { failures } = this.#job.archive.state;
    for (const { number, size, uidl } of this.#job.messages) {
      if (this.#exhausted) return;
      yield { number, size, uid: uidl, doubtful: uidl !== undefined && failures.has(uidl) };
    }
  }

  /** The session broke while a message was awaited: it goes last next time, and into quarantine when that happens again and again. */
  async broken(error: unknown): Promise<void> {
    const { archive, messages, context, deleting } = this.#job;
    const message = messages.at(this.#next);
    const blamed = error instanceof BrokenSessionError && error.code !== 'message-abandoned';
    await this.#forget();
    await this.#groups.finish();
    await deleting.abandon();
    if (blamed && message?.uidl !== undefined) {
      archive.remember({ uidl: message.uidl, state: 'failed', reason: error.code, at: context.clock.now() });
    }
    await archive.commit();
  }

  #durable({ numbers, due }: Group): void {
    const { lifecycle, deleting } = this.#job;
    for (const number of numbers) lifecycle.advance(number, 'durable');
    if (due.length > 0) deleting.add(due);
  }

  async #take(message: Message, retrieved: Retrieved): Promise<void> {
    if (retrieved.refusal !== undefined) return this.#refused(message, retrieved.refusal);
    this.#refusalsInARow = 0;
    const { archive, lifecycle, bytesMax } = this.#job;
    lifecycle.advance(message.number, 'fetching');
    const incoming = archive.incoming();
    try {
      for await (const chunk of retrieved.body) {
        if (incoming.size + chunk.length > bytesMax) {
          await incoming.discard();
          return await this.#tooLarge(message);
        }
        if (!incoming.keep(chunk)) await incoming.push(chunk);
        this.#bytes += chunk.length;
        if (incoming.size > chunk.length) this.#progress(message);
      }
    } catch (error) {
      await incoming.discard();
      throw error;
    }
    if (incoming.size === 0 && message.size > 0) {
      await incoming.discard();
      return await this.#nothing(message);
    }
    this.#unconfirmed.push({ message, incoming, complete: incoming.complete() });
  }

  async #confirmed(): Promise<void> {
    for (let next = this.#unconfirmed.shift(); next !== undefined; next = this.#unconfirmed.shift()) {
      try {
        await this.#store(next);
      } finally {
        await next.incoming.discard();
      }
    }
    await this.#groups.commitWhenDue();
    boundGarbage();
  }

  async #store({ message, complete }: Arrival): Promise<void> {
    const { archive, context, tally, isDue } = this.#job;
    const fate = await archive.store(complete, { uidl: message.uidl, fetchedAt: context.clock.now() });
    const stored = archive.index.get(complete.sha256);
    assert(stored !== undefined, 'a stored message is in the index');
    tally.set(message, fate === 'archived' ? 'archived' : 'duplicates');
    if (fate === 'archived') tally.bytes += complete.size;
    this.fetched += 1;
    const fetched = { message, stored };
    this.#groups.add(fetched, isDue(fetched));
  }

  async #forget(): Promise<void> {
    for (const { incoming } of this.#unconfirmed.splice(0)) await incoming.discard();
  }

  async #refused(message: Message, refusal: RefusedError): Promise<void> {
    const { tally, context, isQuota } = this.#job;
    if (this.#exhausted) return tally.set(message, 'pending');
    this.#refusalsInARow += 1;
    this.#quota = isQuota(refusal);
    if (refusal.retry === 'later' || this.#quota) {
      tally.set(message, 'pending');
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

  /** A server whose disk fails, or a filter in between, answers like this: the mail may well be there. */
  async #nothing(message: Message): Promise<void> {
    this.lossy = true;
    await this.#quarantine(message, `it came empty though announced with ${formatSize(message.size)}`);
  }

  async #quarantine(message: Message, why: string): Promise<void> {
    const { archive, context, tally } = this.#job;
    const reason = context.redact?.(why) ?? why;
    const { number, size, uidl } = message;
    const at = context.clock.now();
    if (uidl !== undefined) archive.remember({ uidl, state: 'failed', reason, at });
    const tries = uidl === undefined ? 1 : (archive.state.failures.get(uidl)?.count ?? 1);
    await archive.quarantine({ uidl, number, size, reason, tries, at });
    tally.set(message, 'quarantined');
    context.note('warning', `${describeMessage(message)} could not be archived: ${reason}`);
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
