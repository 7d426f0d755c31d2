// How many steps may work at once over all runs of a scheduler, and how many of them with the same server. Who waits holds nothing.

export interface PlacesOptions {
  /** Steps that work at once, at least 1. */
  readonly total: number;
  /** The same for those that share a key. */
  readonly limitOf: (key: string) => number;
}

interface Waiting {
  readonly keys: readonly string[];
  readonly granted: () => void;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #used = new Map<string, number>();
  readonly #line: Waiting[] = [];
  #taken = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** 0 while somebody waits for a place that any step could have. */
  get free(): number {
    return Math.max(0, this.#options.total - this.#taken);
  }

  /** Resolves with what gives the place back; undefined when `signal` aborted first. First come, first served, but for servers that are busy. */
  async take(keys: readonly string[], signal: AbortSignal): Promise<(() => void) | undefined> {
    if (signal.aborted) return undefined;
    if (this.#fits(keys)) return this.#occupy(keys);
    return new Promise(resolve => {
      const aborted = () => {
        this.#line.splice(this.#line.indexOf(waiting), 1);
        resolve(undefined);
      };
      const granted = () => {
        signal.removeEventListener('abort', aborted);
        resolve(this.#occupy(keys));
      };
      const waiting = { keys, granted };
      this.#line.push(waiting);
      signal.addEventListener('abort', aborted, { once: true });
    });
  }

  #fits(keys: readonly string[]): boolean {
    const { total, limitOf } = this.#options;
    return this.#taken < total && keys.every(key => (this.#used.get(key) ?? 0) < limitOf(key));
  }

  #occupy(keys: readonly string[]): () => void {
    this.#taken += 1;
    for (const key of keys) this.#used.set(key, (this.#used.get(key) ?? 0) + 1);
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      this.#leave(keys);
    };
  }

  #leave(keys: readonly string[]): void {
    this.#taken -= 1;
    for (const key of keys) {
      const left = (this.#used.get(key) ?? 1) - 1;
      if (left === 0) this.#used.delete(key);
      else this.#used.set(key, left);
    }
    for (let next = this.#nextFitting(); next !== undefined; next = this.#nextFitting()) next.granted();
  }

  #nextFitting(): Waiting | undefined {
    const index = this.#line.findIndex(({ keys }) => this.#fits(keys));
    return index < 0 ? undefined : this.#line.splice(index, 1)[0];
  }
}
