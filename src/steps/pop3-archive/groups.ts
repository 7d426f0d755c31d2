// Group commit: messages become durable in groups, and a group is committed while the next one arrives.
import type { AccountArchive, StoredMessage } from '../../archive/index.ts';
import type { Clock } from '../../core/clock.ts';
import type { Message } from './messages.ts';

const GROUP_MESSAGES_MAX = 256;
const GROUP_BYTES_MAX = 16 * 1024 * 1024;
/** On a slow line, so that a cut costs little. */
const GROUP_MS_MAX = 2_000;

export interface Fetched {
  readonly message: Message;
  readonly stored: StoredMessage;
}

export interface GroupsOptions {
  readonly archive: AccountArchive;
  readonly clock: Clock;
  readonly messagesMax?: number | undefined;
  /** A group is on the disk. */
  readonly durable: (group: Group) => void;
}

export interface Group {
  /** Of all its messages. */
  readonly numbers: readonly number[];
  /** Of them, what is to be deleted on the server: only that is held until then. */
  readonly due: readonly Fetched[];
}

export class Groups {
  readonly #options: GroupsOptions;
  #numbers: number[] = [];
  #due: Fetched[] = [];
  #bytes = 0;
  #since = 0;
  #commit: Promise<void> = Promise.resolve();
  #failure: { readonly error: unknown } | undefined;

  constructor(options: GroupsOptions) {
    this.#options = options;
  }

  /** Stored, and the message that it was asked for. */
  add(fetched: Fetched, isDue: boolean): void {
    if (this.#numbers.length === 0) this.#since = this.#options.clock.elapsed();
    this.#numbers.push(fetched.message.number);
    if (isDue) this.#due.push(fetched);
    this.#bytes += fetched.stored.size;
  }

  /** Throws what a commit has thrown. */
  async commitWhenDue(): Promise<void> {
    this.#check();
    const { messagesMax = GROUP_MESSAGES_MAX, clock } = this.#options;
    const full = this.#numbers.length >= messagesMax || this.#bytes >= GROUP_BYTES_MAX;
    if (full || (this.#numbers.length > 0 && clock.elapsed() - this.#since >= GROUP_MS_MAX)) await this.#close();
  }

  /** Everything added is durable when it resolves. */
  async finish(): Promise<void> {
    await this.#close();
    await this.#commit;
    this.#check();
  }

  /** At most two groups are in memory: one on its way to the disk, one on its way here. */
  async #close(): Promise<void> {
    await this.#commit;
    this.#check();
    const { archive, durable } = this.#options;
    const group = { numbers: this.#numbers, due: this.#due };
    [this.#numbers, this.#due] = [[], []];
    this.#bytes = 0;
    this.#commit = archive.commit().then(
      () => durable(group),
      (error: unknown) => {
        this.#failure = { error };
      },
    );
  }

  #check(): void {
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}
