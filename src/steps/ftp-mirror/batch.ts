// Many small questions and changes on the server in windows on one session, instead of a round trip for each.
import { nextTurn } from '../../core/clock.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import { chunksOf, inLanes } from './lanes.ts';
import type { Pool } from './pool.ts';

type Soon = FtpClient['soon'];

interface Item {
  ask(soon: Soon): Promise<unknown>;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** How many changes are worth starting side by side. */
export const BATCH_ITEMS = 400;
/** The same of questions, which have nothing to be undone: every session is to have one to send as long as there are any. */
export const QUESTIONS = 4_000;
/** What one session takes of them: with paths of usual length, what may leave together. */
const SHARE_ITEMS = 150;

export class Batch {
  readonly #pool: Pool;
  readonly #queue: Item[] = [];
  #draining = false;
  /** The server bears only one command at a time: sessions side by side are faster then. */
  #apart = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Asks together with whatever else is asked in this turn. When the session breaks, again on another: it must bear repetition. */
  soon<T>(ask: (soon: Soon) => Promise<T>): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ ask, resolve: answer => resolve(answer as T), reject });
      if (!this.#draining) void this.#drain();
    });
  }

  async #drain(): Promise<void> {
    this.#draining = true;
    for (await nextTurn(); this.#queue.length > 0; await nextTurn()) {
      const items = this.#queue.splice(0, QUESTIONS);
      if (this.#apart) await inLanes(items, this.#pool.lanes, item => this.#ask([item]));
      else await inLanes(chunksOf(items, SHARE_ITEMS), this.#pool.lanes, share => this.#ask(share));
    }
    this.#draining = false;
  }

  /** Never throws: every item gets its answer or the reason why there is none. */
  async #ask(items: readonly Item[]): Promise<void> {
    try {
      const answers = await this.#pool.use(async client => {
        const asked = items.map(item => item.ask(client.soon));
        const settled = Promise.allSettled(asked);
        await client.flush();
        this.#apart = !client.pipelines;
        return settled;
      });
      for (const [index, answer] of answers.entries()) {
        if (answer.status === 'fulfilled') items[index]?.resolve(answer.value);
        else items[index]?.reject(answer.reason);
      }
    } catch (error) {
      for (const item of items) item.reject(error);
    }
  }
}
