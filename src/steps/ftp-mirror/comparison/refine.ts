// Asks SIZE and MDTM where the listing was too coarse to decide by, or to hand on as the copy's time: while the rest is still being listed.
import { AppError, RefusedError } from '../../../core/errors.ts';
import { boundGarbageAt } from '../many.ts';
import { BATCH_ITEMS, QUESTIONS } from '../sessions/batch.ts';
import { inLanes } from '../sessions/lanes.ts';
import { remotePath } from '../trees/paths.ts';
import { orRefused } from '../trees/remote-facts.ts';
import type { FileFacts, Tree } from '../trees/tree.ts';
import type { Workshop } from '../workshop.ts';
import { difference, TIME_TOLERANCE_MS } from './compare.ts';
import { ListedZones } from './listed-zones.ts';
import { isAsSeen, type SeenTimes } from './seen-times.ts';

export interface Refined {
  readonly files: Map<string, FileFacts>;
  readonly asSeen: ReadonlySet<string>;
  readonly confirmed: ReadonlyMap<string, SeenTimes>;
}

interface Open {
  readonly path: string;
  readonly facts: FileFacts;
  readonly mine: FileFacts | undefined;
  readonly seen: SeenTimes | undefined;
}

const MDTM_PRECISION_MS = 1_000;

export class Refinement {
  readonly #workshop: Workshop;
  readonly #zones = new ListedZones();
  readonly #files = new Map<string, FileFacts>();
  readonly #asSeen = new Set<string>();
  readonly #confirmed = new Map<string, SeenTimes>();
  readonly #remembered: Open[] = [];
  /** Listed, and not looked at yet. */
  readonly #listed: (readonly [path: string, facts: FileFacts])[] = [];
  /** The files on this side, once they are known. */
  #mine: Tree['files'] | undefined;
  #asking = 0;
  #failure: { readonly error: unknown } | undefined;
  #idle: (() => void) | undefined;

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  /** What lies on this side: from now on questions are asked. */
  begin(mine: Tree['files']): void {
    this.#mine = mine;
    this.#more();
  }

  /** A file that was listed on the server. */
  offer(path: string, facts: FileFacts): void {
    this.#listed.push([path, facts]);
    this.#more();
  }

  /** Everything was offered. Throws what made a question fail. */
  async finish(): Promise<Refined> {
    if (this.#asking > 0) await new Promise<void>(resolve => (this.#idle = resolve));
    if (this.#failure !== undefined) throw this.#failure.error;
    // What the first answers teach about the server's zone spares the others their question.
    await inLanes(this.#remembered, BATCH_ITEMS, open => this.#ask(open));
    return { files: this.#files, asSeen: this.#asSeen, confirmed: this.#confirmed };
  }

  #more(): void {
    const { config } = this.#workshop;
    while (this.#mine !== undefined && this.#failure === undefined && this.#asking < QUESTIONS) {
      const [path, listed] = this.#listed.pop() ?? [];
      if (path === undefined || listed === undefined) break;
      const mine = this.#mine.get(path);
      const facts = withTextSize(this.#workshop, path, listed, mine);
      if (!isOpen(config, facts, mine)) continue;
      const running = this.#look(path, facts, mine);
      if (running === undefined) continue;
      this.#asking += 1;
      running.then(this.#looked, this.#failed);
    }
    if (this.#asking === 0) this.#idle?.();
  }

  readonly #looked = () => {
    this.#asking -= 1;
    this.#more();
  };

  readonly #failed = (error: unknown) => {
    this.#failure ??= { error };
    this.#looked();
  };

  /** Returns what is to be waited for; so does #ask(). */
  #look(path: string, facts: FileFacts, mine: FileFacts | undefined): Promise<void> | undefined {
    const { config, memory } = this.#workshop;
    if (config.direction !== 'upload' || mine === undefined || facts.size === undefined)
      return this.#ask({ path, facts, mine, seen: undefined });
    return memory.get(path).then(seen => {
      const open = { path, facts, mine, seen };
      if (seen === undefined) return this.#ask(open);
      this.#remembered.push(open);
      return undefined;
    });
  }

  #ask(open: Open): Promise<void> | undefined {
    const { path, facts, mine, seen } = open;
    if (mine !== undefined && seen !== undefined && isAsSeen(seen, mine, this.#zones.corrected(facts, seen.target))) {
      this.#asSeen.add(path);
      return undefined;
    }
    return ask(this.#workshop, path, facts).then(exact => this.#learn(open, exact));
  }

  #learn({ path, facts, mine }: Open, exact: FileFacts): void {
    this.#files.set(path, exact);
    boundGarbageAt(this.#files.size);
    this.#zones.learn(facts, exact);
    if (this.#workshop.config.direction !== 'upload' || mine?.modifiedAt === undefined || exact.modifiedAt === undefined) return;
    if (exact.size !== undefined && difference(mine, exact, 'time-size') === undefined) {
      this.#confirmed.set(path, { size: exact.size, source: mine.modifiedAt, target: exact.modifiedAt });
    }
  }
}

/** The same files with what SIZE and MDTM say of them. */
export async function askedExactly(workshop: Workshop, files: ReadonlyMap<string, FileFacts>): Promise<Map<string, FileFacts>> {
  const exact = new Map<string, FileFacts>();
  await inLanes(files, QUESTIONS, ([path, listed]) => ask(workshop, path, listed).then(facts => void exact.set(path, facts)));
  return exact;
}

/** The sizes of a text say nothing about each other: the copy is taken to have its own, and times decide. */
export function withTextSize({ isText }: Workshop, path: string, listed: FileFacts, mine: FileFacts | undefined): FileFacts {
  return mine?.size !== undefined && isText(path) ? { ...listed, size: mine.size } : listed;
}

function isOpen(config: Workshop['config'], remote: FileFacts, local: FileFacts | undefined): boolean {
  const isCoarse = remote.modifiedAt === undefined || remote.precisionMs > TIME_TOLERANCE_MS;
  if (local === undefined) return config.direction === 'download' && (isCoarse || remote.size === undefined);
  if (remote.size === undefined) return true;
  if (remote.size !== local.size) return config.direction === 'download' && isCoarse;
  return (config.compare === 'time-size' || (config.compare === 'hash' && config.direction === 'download')) && isCoarse;
}

/** Few promises: it is asked of every file, where listings are coarse. */
function ask({ batch, pool, remoteRoot, newFolders }: Workshop, file: string, listed: FileFacts): Promise<FileFacts> {
  const path = remotePath(remoteRoot, newFolders.at(file));
  return batch
    .soon(soon => answered(listed, listed.size === undefined ? soon.size(path) : undefined, soon.modified(path)))
    .catch(error => {
      if (!(error instanceof AppError) || error.code !== 'folder-left') throw error;
      return pool.use(async client => {
        const size = listed.size ?? (await orRefused(client.size(path)));
        return exactly(listed, size, await orRefused(client.modified(path)));
      });
    });
}

/** What is refused is not known. */
function answered(
  listed: FileFacts,
  size: Promise<number | undefined> | undefined,
  modified: Promise<number | undefined>,
): Promise<FileFacts> {
  if (size !== undefined)
    return Promise.all([orRefused(size), orRefused(modified)]).then(([bytes, at]) => exactly(listed, bytes, at));
  return modified.then(
    at => exactly(listed, listed.size, at),
    error => {
      if (error instanceof RefusedError) return exactly(listed, listed.size, undefined);
      throw error;
    },
  );
}

function exactly(listed: FileFacts, size: number | undefined, modifiedAt: number | undefined): FileFacts {
  const time = modifiedAt === undefined ? listed : { modifiedAt, precisionMs: MDTM_PRECISION_MS };
  return { ...time, ...(size === undefined ? {} : { size }) };
}
