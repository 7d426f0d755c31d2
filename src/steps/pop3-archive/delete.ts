// Deletes on the server what is safely here: read back from the disk, written down, marked by DELE, and gone only when QUIT is answered.
import type { AccountArchive, StoredMessage } from '../../archive/index.ts';
import { cancelled } from '../../core/clock.ts';
import { AppError, type RefusedError } from '../../core/errors.ts';
import type { Deletions, Pop3Client } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Fetched } from './groups.ts';
import type { Lifecycle } from './lifecycle.ts';
import { describeMessage, type Message } from './messages.ts';

export interface DeletingOptions {
  readonly archive: AccountArchive;
  readonly context: StepContext;
  readonly lifecycle: Lifecycle;
}

/** So many are read back before what they are is written down and their DELEs may leave. */
const READ_BACK_MESSAGES = 256;

/** What is due goes in by add(), in the background; DELEs leave with the commands of a retrieval, the rest by finish(). */
export class Deleting implements Deletions {
  readonly #options: DeletingOptions;
  readonly #damaged: StoredMessage[] = [];
  readonly #messages = new Map<number, Message>();
  #ready: Message[] = [];
  #preparing: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: DeletingOptions) {
    this.#options = options;
  }

  /** Only what is durable. */
  add(candidates: Iterable<Fetched>): void {
    this.#preparing = this.#preparing
      .then(() => this.#prepare(candidates))
      .catch((error: unknown) => {
        this.#failure ??= { error };
      });
  }

  take(atMost: number): readonly number[] {
    const some = this.#ready.splice(0, atMost);
    for (const message of some) {
      this.#options.lifecycle.advance(message.number, 'dele-sent');
      this.#messages.set(message.number, message);
    }
    return some.map(({ number }) => number);
  }

  answered(number: number, refusal: RefusedError | undefined): void {
    const { lifecycle, context } = this.#options;
    lifecycle.advance(number, refusal === undefined ? 'dele-acked' : 'durable');
    if (refusal !== undefined) context.note('warning', `message ${number} was not deleted: ${refusal.message}`);
  }

  /** Marks what is left and ends the session with QUIT. How many are gone. Everything that was fetched must be committed before. */
  async finish(client: Pop3Client): Promise<number> {
    const { archive, context, lifecycle } = this.#options;
    await this.#preparing;
    if (this.#failure !== undefined) throw this.#failure.error;
    const rest = this.take(Number.POSITIVE_INFINITY);
    const refusals = await client.deleteMany(rest);
    for (const number of rest) this.answered(number, refusals.get(number));
    const marked = lifecycle.advanceAll('dele-acked', 'quit-sent');
    if (marked.length === 0) await quitWithoutDeletes(client, context);
    else {
      await client.quit();
      const at = context.clock.now();
      for (const number of lifecycle.advanceAll('quit-sent', 'gone')) {
        const uidl = this.#messages.get(number)?.uidl;
        if (uidl !== undefined) archive.remember({ uidl, state: 'deleted', at });
      }
      await archive.commit();
    }
    if (this.#damaged.length > 0) throw copyDamaged(archive, this.#damaged);
    return marked.length;
  }

  /** The session ends without QUIT: nothing that was marked is deleted. */
  async abandon(): Promise<void> {
    await this.#preparing;
  }

  /** That it is about to be deleted is on the disk before the server hears of it. */
  async #prepare(candidates: Iterable<Fetched>): Promise<void> {
    const { archive, context } = this.#options;
    for (const some of inGroups(candidates, READ_BACK_MESSAGES)) {
      const sound = await this.#readBack(some);
      const at = context.clock.now();
      for (const { uidl } of sound) if (uidl !== undefined) archive.remember({ uidl, state: 'deleting', at });
      await archive.commit();
      this.#ready.push(...sound);
    }
  }

  async #readBack(candidates: readonly Fetched[]): Promise<Message[]> {
    const { archive, context } = this.#options;
    const sound: Message[] = [];
    for (const { message, stored } of candidates) {
      if (context.signal.aborted) throw cancelled(context.signal);
      if (await archive.verify(stored)) sound.push(message);
      else {
        this.#damaged.push(stored);
        context.note('error', `${describeMessage(message)} stays on the server: its copy in the archive does not match its hash`);
      }
    }
    return sound;
  }
}

function* inGroups<T>(items: Iterable<T>, most: number): Generator<readonly T[]> {
  let group: T[] = [];
  for (const item of items) {
    group.push(item);
    if (group.length < most) continue;
    yield group;
    group = [];
  }
  if (group.length > 0) yield group;
}

/** A deletion that was asked for in an earlier session and never answered: a UID that is not listed any more is gone. */
export function confirmGone(archive: AccountArchive, uids: ReadonlyMap<number, string> | undefined, now: number): number {
  if (uids === undefined || archive.state.deleting.size === 0) return 0;
  const listed = new Set(uids.values());
  const gone = [...archive.state.deleting].filter(uidl => !listed.has(uidl));
  for (const uidl of gone) archive.remember({ uidl, state: 'deleted', at: now });
  return gone.length;
}

/** Nothing was marked, so nothing depends on the answer. */
async function quitWithoutDeletes(client: Pop3Client, context: StepContext): Promise<void> {
  try {
    await client.quit();
  } catch (error) {
    if (context.signal.aborted) throw cancelled(context.signal);
    context.note('info', `the server did not answer QUIT in order: ${(error as Error).message}`);
  }
}

function copyDamaged(archive: AccountArchive, damaged: readonly StoredMessage[]): AppError {
  const [first] = damaged;
  return new AppError(
    'archive-damaged',
    `${archive.folder}: ${damaged.length} archived messages do not match their hash, the first in ${first?.month}.mbox at ${first?.offset}`,
    { hint: 'Restore the month’s .mbox from a backup; the messages are still on the server.' },
  );
}
