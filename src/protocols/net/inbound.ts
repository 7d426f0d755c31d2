// The receiving side of a connection: who waits for the next bytes, one at a time, and what comes once there are no more.
import { MisuseError } from '../../core/errors.ts';
import type { Reader } from './transport.ts';

export abstract class Inbound {
  #reader: Reader | undefined;
  /** It is a promise, whose holder looks at a chunk when it likes. */
  #keeps = false;
  #ended = false;
  #failure: Error | undefined;

  /** Received and not read yet. */
  protected abstract readonly isUnread: boolean;
  /** The next chunk of it. */
  protected abstract takeUnread(): Buffer | undefined;
  /** Somebody waits, all that came before having been taken. */
  protected wanted(): void {}
  /** The connection has failed, as whoever reads knows already. */
  protected abstract failed(): void;

  /** Why the connection is of no more use, or undefined while it is. */
  get failure(): Error | undefined {
    return this.#failure;
  }

  protected get hasEnded(): boolean {
    return this.#ended;
  }

  protected get hasReader(): boolean {
    return this.#reader !== undefined;
  }

  /** Whoever waits is done with a chunk when it was given it. */
  protected get hasQuickReader(): boolean {
    return this.#reader !== undefined && !this.#keeps;
  }

  read(): Promise<Buffer | undefined> {
    const chunk = this.takeUnread();
    if (chunk !== undefined) return Promise.resolve(chunk);
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#ended) return Promise.resolve(undefined);
    return new Promise((take, fail) => this.#await({ take, fail }, true));
  }

  readFor(reader: Reader): void {
    if (!this.isUnread && !this.#ended && this.#failure === undefined) return this.#await(reader, false);
    void this.read().then(
      chunk => reader.take(chunk),
      error => reader.fail(error),
    );
  }

  #await(reader: Reader, keeps: boolean): void {
    if (this.#reader !== undefined) return reader.fail(new MisuseError('two reads at once on one transport'));
    this.#reader = reader;
    this.#keeps = keeps;
    this.wanted();
  }

  /** To whoever waits; undefined: that was all. */
  protected give(chunk: Buffer | undefined): void {
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.take(chunk);
  }

  protected giveEnd(): void {
    this.#ended = true;
    this.give(undefined);
  }

  /** The first reason stays. */
  protected fail(error: Error): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    const reader = this.#reader;
    this.#reader = undefined;
    reader?.fail(error);
    this.failed();
  }
}
