// One download whose chunks go to a taker, as they come, with callbacks alone: a mirror makes thousands.
//
//   reading ── chunk ──► taken ──► reading …            the taker may make the next one wait
//     │                    └── the taker throws ──► given up (ABOR) ──► done, with what it threw
//     ├── end ──► data closed, the server's yes awaited ──► done
//     └── cut, late, refused, no yes ──► the better cause awaited ──► done, with that
import type { Timer } from '../../core/clock.ts';
import type { Reader } from '../net/transport.ts';
import type { ChunkTaker, Moved } from './streams.ts';
import type { Transfer } from './transfer.ts';

export class Receiving implements Reader {
  readonly #transfer: Transfer;
  readonly #whole: boolean;
  readonly #take: ChunkTaker;
  readonly #done: Moved;
  #bytes = 0;
  #deadline: Timer | undefined;

  /** `whole`: the transfer began at byte 0, so announced sizes can be compared. */
  constructor(transfer: Transfer, whole: boolean, take: ChunkTaker, done: Moved) {
    this.#transfer = transfer;
    this.#whole = whole;
    this.#take = take;
    this.#done = done;
  }

  begin(): void {
    if (this.#transfer.connected) this.#read();
    else
      this.#transfer.connect().then(
        () => this.#read(),
        error => this.#failed(error),
      );
  }

  take(chunk: Buffer | undefined): void {
    this.#deadline?.cancel();
    if (chunk === undefined) return this.#transfer.received(this.#bytes, this.#whole, error => this.#received(error));
    this.#bytes += chunk.length;
    try {
      const taken = this.#take(chunk);
      if (taken === undefined) this.#read();
      else
        taken.then(
          () => this.#read(),
          error => this.#giveUp(error),
        );
    } catch (error) {
      this.#giveUp(error);
    }
  }

  fail(error: Error): void {
    this.#deadline?.cancel();
    this.#failed(error);
  }

  #read(): void {
    this.#deadline = this.#transfer.readFor(this);
  }

  #received(error?: Error): void {
    if (error === undefined) this.#done(undefined, this.#bytes);
    else this.#failed(error);
  }

  #failed(error: unknown): void {
    void this.#transfer.cause(error).then(cause => this.#done(cause, 0));
  }

  #giveUp(error: unknown): void {
    void this.#transfer.abandon().then(() => this.#done(error, 0));
  }
}
