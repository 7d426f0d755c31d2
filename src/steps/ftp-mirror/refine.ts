// Asks SIZE and MDTM where the listing was too coarse to decide by, or to hand on as the copy's time: while the rest is still being listed.
import { AppError } from '../../core/errors.ts';
import { BATCH_ITEMS, QUESTIONS } from './batch.ts';
import { difference, TIME_TOLERANCE_MS } from './compare.ts';
import { inLanes } from './lanes.ts';
import { ListedZones } from './listed-zones.ts';
import { remotePath } from './paths.ts';
import { orRefused } from './remote-facts.ts';
import { isAsSeen, type SeenTimes } from './seen-times.ts';
import type { FileFacts, Tree } from './tree.ts';
import type { Workshop } from './workshop.ts';

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
      if (isOpen(config, facts, mine)) void this.#look(path, facts, mine);
    }
    if (this.#asking === 0) this.#idle?.();
  }

  async #look(path: string, facts: FileFacts, mine: FileFacts | undefined): Promise<void> {
    const { config, memory } = this.#workshop;
    this.#asking += 1;
    try {
      const known = config.direction === 'upload' && mine !== undefined && facts.size !== undefined;
      const seen = known ? await memory.get(path) : undefined;
      if (seen !== undefined) this.#remembered.push({ path, facts, mine, seen });
      else await this.#ask({ path, facts, mine, seen });
    } catch (error) {
      this.#failure ??= { error };
    }
    this.#asking -= 1;
    this.#more();
  }

  async #ask({ path, facts, mine, seen }: Open): Promise<void> {
    const { config, remoteRoot } = this.#workshop;
    if (mine !== undefined && seen !== undefined && isAsSeen(seen, mine, this.#zones.corrected(facts, seen.target)))
      return void this.#asSeen.add(path);
    const exact = await ask(this.#workshop, remotePath(remoteRoot, path), facts);
    this.#files.set(path, exact);
    this.#zones.learn(facts, exact);
    if (config.direction !== 'upload' || mine?.modifiedAt === undefined || exact.modifiedAt === undefined) return;
    if (exact.size !== undefined && difference(mine, exact, 'time-size') === undefined) {
      this.#confirmed.set(path, { size: exact.size, source: mine.modifiedAt, target: exact.modifiedAt });
    }
  }
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

async function ask({ batch, pool }: Workshop, path: string, listed: FileFacts): Promise<FileFacts> {
  const [size, modifiedAt] = await batch
    .soon(soon => Promise.all([listed.size ?? orRefused(soon.size(path)), orRefused(soon.modified(path))]))
    .catch(error => {
      if (!(error instanceof AppError) || error.code !== 'folder-left') throw error;
      return pool.use(async client => [
        listed.size ?? (await orRefused(client.size(path))),
        await orRefused(client.modified(path)),
      ]);
    });
  const time = modifiedAt === undefined ? listed : { modifiedAt, precisionMs: MDTM_PRECISION_MS };
  return { ...time, ...(size === undefined ? {} : { size }) };
}
