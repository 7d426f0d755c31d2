// Many small questions and changes on the server side by side on each session, instead of a round trip for each.
//
//   asked ──▶ queue ──a lane with room──▶ under way on its session ──▶ answered
//               ▲                            └─ the session breaks: again on the lane's next one
//               └─ each answer makes room for more
import { nextTurn } from '../../core/clock.ts';
import type { FtpClient } from '../../protocols/ftp/index.ts';
import type { Pool } from './pool.ts';

type Soon = FtpClient['soon'];

interface Item {
  readonly weight: number;
  ask(soon: Soon): Promise<unknown>;
  resolve(answer: unknown): void;
  reject(error: unknown): void;
}

/** How many changes are worth starting side by side. */
export const BATCH_ITEMS = 400;
/** The same of questions, which have nothing to be undone: every session is to have one to send as long as there are any. */
export const QUESTIONS = 4_000;
/** What one session takes of them at once: with paths of usual length, half as much again as may be in flight. */
const SHARE = 150;
/** What a folder's listing counts among them: many fit into a command's window, but not so many answers into a connection's. */
export const LISTING_WEIGHT = 6;
/** A session is given back after so many, and its next break is the first again. */
const SERVED_MAX = 2_000;

/** One session at a time, and what is under way on it. */
class Lane {
  readonly items = new Set<Item>();
  readonly client: FtpClient;
  readonly #queue: Item[];
  #load = 0;
  #served = 0;
  #fed = false;

  constructor(client: FtpClient, queue: Item[]) {
    this.client = client;
    this.#queue = queue;
  }

  /** Asks as much of the queue as there is room for: one thing at a time of a server that bears no more. */
  feed(): void {
    if (!this.client.usable) return;
    const share = this.client.pipelines ? SHARE : 1;
    while (this.#load < share && this.#served < SERVED_MAX && this.#queue.length > 0) {
      const item = this.#queue.shift();
      if (item !== undefined) this.ask(item);
    }
    if (!this.#fed) void this.#hurry();
  }

  /** What the answers of one turn made room for leaves together. */
  async #hurry(): Promise<void> {
    this.#fed = true;
    await nextTurn();
    this.#fed = false;
    this.client.hurry();
  }

  ask(item: Item): void {
    const { client, items } = this;
    items.add(item);
    this.#load += item.weight;
    this.#served += 1;
    const settled = (settle: () => void) => {
      items.delete(item);
      this.#load -= item.weight;
      settle();
      this.feed();
    };
    item.ask(client.soon).then(
      answer => settled(() => item.resolve(answer)),
      // What a broken session leaves open is asked again on the next.
      error => (client.usable ? settled(() => item.reject(error)) : undefined),
    );
  }
}

export class Batch {
  readonly #pool: Pool;
  readonly #queue: Item[] = [];
  readonly #lanes = new Set<Lane>();
  /** Lanes at work or waiting for a session. */
  #open = 0;
  #stirred = false;
  /** The server bears only one command at a time: sessions side by side are faster then. */
  #apart = false;

  constructor(pool: Pool) {
    this.#pool = pool;
  }

  /** Asks together with whatever else is asked in this turn. When the session breaks, again on another: it must bear repetition. */
  soon<T>(ask: (soon: Soon) => Promise<T>, weight = 1): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      this.#queue.push({ ask, weight, resolve: answer => resolve(answer as T), reject });
      if (!this.#stirred) void this.#stir();
    });
  }

  /** What one turn brought goes to the lanes that have room, and for the rest there are more lanes. */
  async #stir(): Promise<void> {
    this.#stirred = true;
    await nextTurn();
    this.#stirred = false;
    for (const lane of this.#lanes) {
      if (this.#queue.length === 0) return;
      lane.feed();
    }
    const wanted = this.#lanesWanted();
    while (this.#open < wanted) void this.#work();
  }

  #lanesWanted(): number {
    const free = this.#pool.lanes - this.#lanes.size;
    if (this.#apart) return this.#lanes.size + Math.min(free, this.#queue.length);
    let load = 0;
    for (const { weight } of this.#queue) {
      load += weight;
      if (load >= free * SHARE) return this.#pool.lanes;
    }
    return this.#lanes.size + Math.ceil(load / SHARE);
  }

  /** Never throws: every item gets its answer or the reason why there is none. */
  async #work(): Promise<void> {
    this.#open += 1;
    let left: ReadonlySet<Item> = new Set();
    try {
      while (this.#queue.length > 0) {
        await this.#pool.use(async client => {
          const lane = new Lane(client, this.#queue);
          for (const item of left) lane.ask(item);
          left = lane.items;
          await this.#serve(lane);
        });
      }
    } catch (error) {
      const lost = left.size > 0 ? left : this.#queue.splice(0, SHARE);
      for (const item of lost) item.reject(error);
    }
    this.#open -= 1;
    if (this.#queue.length > 0 && this.#open === 0) void this.#stir();
  }

  async #serve(lane: Lane): Promise<void> {
    this.#lanes.add(lane);
    try {
      lane.feed();
      do {
        await lane.client.flush();
        await nextTurn();
        this.#apart = !lane.client.pipelines;
      } while (lane.items.size > 0 || lane.client.riding);
    } finally {
      this.#lanes.delete(lane);
    }
  }
}
