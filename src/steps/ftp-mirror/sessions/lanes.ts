// Works through items side by side, in their order, at most so many at once.

/**
 * Resolves when all is done. `failed` hears of each failure, and ends it all by throwing; without it the first failure does: nothing new is
 * started then, what runs is waited for, and what it ended with is thrown. Going through the items must not throw.
 */
export function inLanes<T>(
  items: Iterable<T>,
  lanes: number,
  work: (item: T) => Promise<unknown> | undefined,
  failed: (error: unknown, item: T) => void = rethrow,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const queue = items[Symbol.iterator]();
    let open = lanes;
    let end: { readonly error: unknown } | undefined;
    const missed = (error: unknown, item: T) => {
      try {
        failed(error, item);
      } catch (final) {
        end ??= { error: final };
      }
    };
    const begin = (item: T) => {
      try {
        return work(item);
      } catch (error) {
        missed(error, item);
        return undefined;
      }
    };
    const lane = () => {
      while (end === undefined) {
        const next = queue.next();
        if (next.done === true) break;
        const running = begin(next.value);
        const again = (error: unknown) => {
          missed(error, next.value);
          lane();
        };
        if (running !== undefined) return void running.then(lane, again);
      }
      open -= 1;
      if (open > 0) return;
      if (end === undefined) resolve();
      else reject(end.error);
    };
    for (let started = 0; started < lanes; started++) lane();
    if (lanes === 0) resolve();
  });
}

function rethrow(error: unknown): never {
  throw error;
}

export function chunksOf<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, index) => items.slice(index * size, (index + 1) * size));
}
