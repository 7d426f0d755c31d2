// Many small questions and changes on the server side by side on each session, instead of a round trip for each.
//
//   asked ──▶ queue ──a lane with room──▶ under way on its session ──▶ answered
//               ▲                            └─ the session breaks: again on the lane's next one
//               └─ each answer makes room for more
import { nextTurn } from '../../../core/clock.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
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
/** When few are left they are shared out, each lane still with as much as may be in flight: a new connection is slow to answer more. */
const SHARE_MIN = 100;
/** What a folder's listing counts among them: many fit into a command's window, but not so many answers into a connection's. */
export const LISTING_WEIGHT = 6;
/** A session is given back after so many, and its next break is the first again. */
const SERVED_MAX = 2_000;

/** What nobody has asked yet. */
class Queue {
  readonly #items: Item[] = [];
  /** Lanes at work on it. */
  lanes = 0;
  load = 0;

  get length(): number {
    return this.#items.length;
  }

  /** What one lane may have under way. */
  get share(): number {
    return Math.min(SHARE, Math.max(SHARE_MIN, Math.ceil(this.load / Math.max(1, this.lanes))));
  }

  push(item: Item): void {
    this.#items.push(item);
    this.load += item.weight;
  }

  shift(): Item | undefined {
    const item = this.#items.shift();
    this.load -= item?.weight ?? 0;
    return item;
  }
}

/** One session at a time, and what is under way on it. */
class Lane {
  readonly items = new Set<Item>();
  readonly client: FtpClient;
  readonly #queue: Queue;
  #load = 0;
  #served = 0;
  #fed = false;

  constructor(client: FtpClient, queue: Queue) {
    this.client = client;
    this.#queue = queue;
  }

  /** Asks as much of the queue as there is room for: one thing at a time of a server that bears no more. */
  feed(): void {
    if (!this.client.usable) return;
    const { pipelines } = this.client;
    while (this.#load < (pipelines ? this.#queue.share : 1) && this.#served < SERVED_MAX) {
      const item = this.#queue.shift();
      if (item === undefined) break;
      this.ask(item);
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
  readonly #queue = new Queue();
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
    for (let more = this.#lanesWanted() - this.#open; more > 0; more--) void this.#work();
  }

  #lanesWanted(): number {
    const { length, load } = this.#queue;
    return Math.min(this.#pool.lanes, this.#lanes.size + (this.#apart ? length : Math.ceil(load / SHARE)));
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
      for (const item of left) item.reject(error);
      if (left.size === 0) this.#queue.shift()?.reject(error);
    }
    this.#open -= 1;
    if (this.#queue.length > 0 && this.#open === 0) void this.#stir();
  }

  async #serve(lane: Lane): Promise<void> {
    this.#lanes.add(lane);
    this.#queue.lanes = this.#lanes.size;
    try {
      lane.feed();
      do {
        await lane.client.flush();
        await nextTurn();
        this.#apart = !lane.client.pipelines;
      } while (lane.items.size > 0 || lane.client.riding);
    } finally {
      this.#lanes.delete(lane);
      this.#queue.lanes = this.#lanes.size;
    }
  }
}
