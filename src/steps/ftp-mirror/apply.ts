// Carries a plan out, in the one order that never loses anything: make room, bring everything over, name it, and only then delete.
import { cancelled } from '../../core/clock.ts';
import { AppError, MisuseError, RefusedError, reportOf } from '../../core/errors.ts';
import { keepNewSpaceSmall } from '../../core/memory.ts';
import { formatCount } from '../../core/units.ts';
import type { Move, Removal, Transfer } from './comparison/compare.ts';
import type { Survey } from './comparison/survey.ts';
import { Filling } from './filling.ts';
import { SMALL_BYTES } from './new-folders.ts';
import type { Arrivals, Receiver, Staged } from './receiver.ts';
import { inLanes } from './sessions/lanes.ts';
import type { Tally } from './tally.ts';
import { makeLastRank } from './trees/filter.ts';
import { ancestorsOf, depthOf } from './trees/tree.ts';
import type { Workshop } from './workshop.ts';

/** Throws `mirror-incomplete` when something could not be done, and at once what makes going on pointless. */
export async function applyPlan(workshop: Workshop, survey: Survey, receiver: Receiver, tally: Tally): Promise<void> {
  if (survey.brake !== undefined) throw survey.brake;
  // Not before most of the code is loaded, which V8 otherwise would have to compile anew (bin/load.js).
  keepNewSpaceSmall();
  const run = new Application(workshop, survey, receiver, tally);
  try {
    await run.all();
  } catch (error) {
    workshop.stop(error as Error);
    throw error;
  } finally {
    await receiver.settle();
  }
  const incomplete = tally.incomplete();
  if (incomplete !== undefined) throw incomplete;
}

class Application implements Arrivals {
  readonly #workshop: Workshop;
  readonly #survey: Survey;
  readonly #receiver: Receiver;
  readonly #tally: Tally;
  /** Folders that could not be made: nothing below them is tried. */
  readonly #lost = new Set<string>();
  /** With `commit: end`: files that wait for their name. */
  readonly #staged: Staged[] = [];
  /** Files that are neither there nor given up. */
  #underway = 0;
  #allLeft: (() => void) | undefined;
  /** What was not renamed after all goes like other deletes. */
  readonly #unmoved: Removal[] = [];
  #spoilt: Error | undefined;
  readonly #filling: Filling;

  constructor(workshop: Workshop, survey: Survey, receiver: Receiver, tally: Tally) {
    this.#workshop = workshop;
    this.#survey = survey;
    this.#receiver = receiver;
    this.#tally = tally;
    this.#filling = new Filling(workshop, survey, receiver, tally);
  }

  async all(): Promise<void> {
    const { plan, rootMissing, confirmed } = this.#survey;
    const small = plan.transfers.filter(({ facts }) => (facts.size ?? SMALL_BYTES) < SMALL_BYTES).length;
    this.#workshop.pool.announce(Math.ceil(small / FILES_A_SESSION));
    for (const { path, message } of plan.conflicts) this.#tally.fail(path, new AppError('conflict', message));
    for (const [path, seen] of confirmed) await this.#workshop.memory.put(path, seen);
    await this.#receiver.prepareRoot(rootMissing);
    await this.#cleanTemps();
    await this.#removeAll(plan.clears);
    await this.#makeFolders();
    this.#filling.begin();
    await this.#transfer();
    const deletes = [...this.#unmoved, ...plan.deletes];
    if (deletes.length === 0) return;
    if (this.#tally.failed === 0) await this.#removeAll(deletes);
    else
      this.#workshop.context.note(
        'warning',
        `${formatCount(deletes.length, 'deletions')} held back, because not everything was transferred`,
      );
  }

  /** Unfinished files that no transfer of this run will continue. */
  async #cleanTemps(): Promise<void> {
    const { config } = this.#workshop;
    const { plan, temps, stale: folders } = this.#survey;
    if (temps.size === 0 && folders.length === 0) return;
    const wanted =
      config.atomic && config.resume
        ? new Set(plan.transfers.map(transfer => this.#receiver.tempOf(transfer)))
        : new Set<string>();
    const stale = [...temps.keys()].filter(path => !wanted.has(path));
    await this.#each(
      stale,
      path => path,
      path => this.#receiver.removeTemp(path, 'file'),
      { lanes: this.#receiver.window },
    );
    for (const folder of folders) await this.#filling.drop(folder);
  }

  async #removeAll(removals: readonly Removal[]): Promise<void> {
    const remove = async (removal: Removal) => {
      const removed = await this.#receiver.remove(removal);
      if (removed && removal.kind === 'file') this.#tally.deleted();
    };
    await this.#each(
      removals.filter(({ kind }) => kind === 'file'),
      ({ path }) => path,
      remove,
      { lanes: this.#receiver.window },
    );
    for (const level of byDepth(removals.filter(({ kind }) => kind === 'folder')))
      await this.#each(level, ({ path }) => path, remove, { lanes: this.#receiver.window });
  }

  async #makeFolders(): Promise<void> {
    const levels = byDepth(this.#survey.plan.folders.map(path => ({ path }))).reverse();
    for (const level of levels) {
      await this.#each(
        level,
        ({ path }) => path,
        ({ path }) => this.#receiver.makeFolder(path),
        { lanes: this.#receiver.window, lost: path => this.#loseFolder(path) },
      );
    }
  }

  #loseFolder(path: string): void {
    this.#lost.add(path);
    this.#workshop.newFolders.close(path);
  }

  /** Rank by rank, the largest files first; `last` waits for the rest, and for all of it to have worked. */
  async #transfer(): Promise<void> {
    const { config } = this.#workshop;
    const rankOf = makeLastRank(config.last);
    const { transfers: planned } = this.#survey.plan;
    const all = config.commit === 'each' ? [...(await this.#move()), ...planned] : planned;
    if (config.commit === 'each') await this.#nameAll(this.#filling.whole());
    const ranks = Map.groupBy(all, ({ path }) => rankOf(path));
    for (const rank of [...ranks.keys()].sort((a, b) => a - b)) {
      const transfers = ranks.get(rank) ?? [];
      if (rank > 0 && this.#tally.failed > 0) {
        this.#workshop.context.note(
          'warning',
          `${formatCount(transfers.length, 'files')} of \`last\` held back, because others failed`,
        );
        continue;
      }
      await this.#deliverAll(bySize(transfers));
    }
    if (config.commit === 'end') await this.#publishAll(rankOf);
  }

  /** With one more under way than there may be sessions: whichever is free finds the next file waiting. */
  async #deliverAll(transfers: readonly Transfer[]): Promise<void> {
    this.#underway += transfers.length;
    await this.#each(
      transfers,
      ({ path }) => path,
      transfer => this.#receiver.deliver(transfer, this),
      { lanes: this.#workshop.pool.lanes + 1, lost: (path, error) => this.#settled(path, !NEVER_SENT.has(reportOf(error).code)) },
    );
    if (this.#underway > 0) await new Promise<void>(resolve => (this.#allLeft = resolve));
    if (this.#spoilt !== undefined) throw this.#spoilt;
  }

  arrived(file: Staged): void {
    if (this.#workshop.config.commit === 'each') this.#tally.transferred(file.transfer.path, file.size);
    else this.#staged.push(file);
    this.#settled(file.transfer.path, false);
  }

  failed({ path }: Transfer, error: unknown): void {
    this.#noted(path, error);
    this.#settled(path, true);
  }

  #noted(path: string, error: unknown): void {
    try {
      this.#failed(path, error);
    } catch (final) {
      this.#spoilt ??= final as Error;
    }
  }

  /** A file is there or given up: with the last one of a new folder, that is named. */
  #settled(path: string, left: boolean): void {
    const folder = this.#filling.settled(path, left);
    if (folder !== undefined && this.#workshop.config.commit === 'each' && this.#spoilt === undefined) {
      this.#underway += 1;
      this.#filling
        .name(folder, this.#failing)
        .catch(error => this.#noted(folder, error))
        .then(() => this.#left());
    }
    this.#left();
  }

  #nameAll(folders: readonly string[]): Promise<void> {
    return this.#each(
      folders,
      path => path,
      path => this.#filling.name(path, this.#failing),
      { lanes: this.#receiver.window },
    );
  }

  #left(): void {
    this.#underway -= 1;
    if (this.#underway === 0) this.#allLeft?.();
  }

  async #publishAll(rankOf: (path: string) => number): Promise<void> {
    if (this.#tally.failed > 0) {
      this.#workshop.context.note(
        'warning',
        `nothing was published: ${formatCount(this.#staged.length, 'files')} still under temporary names`,
      );
      return;
    }
    await this.#deliverAll(await this.#move());
    await this.#nameAll(this.#filling.whole());
    const ranks = Map.groupBy(this.#staged, ({ transfer }) => rankOf(transfer.path));
    for (const rank of [...ranks.keys()].sort((a, b) => a - b)) {
      if (rank > 0 && this.#tally.failed > 0) return;
      await this.#each(
        ranks.get(rank) ?? [],
        ({ transfer }) => transfer.path,
        file => this.#publish(file),
        { lanes: this.#receiver.window },
      );
    }
  }

  /** Renames what only changed its place. Returns what has to be transferred after all. */
  async #move(): Promise<readonly Transfer[]> {
    const refused: Move[] = [];
    await this.#each(
      this.#survey.plan.moves,
      ({ transfer }) => transfer.path,
      async move => {
        if (await this.#receiver.move(move.from, move.transfer.path)) this.#tally.renamed();
        else refused.push(move);
      },
      { lanes: this.#receiver.window },
    );
    for (const { from } of refused) this.#unmoved.push({ path: from, kind: 'file' });
    return refused.map(({ transfer }) => transfer);
  }

  async #publish(file: Staged): Promise<void> {
    await this.#receiver.publish(file);
    this.#tally.transferred(file.transfer.path, file.size);
  }

  /** One failure does not stop the others, unless they cannot succeed either. `lost` hears of each that spoils nothing else. */
  #each<T>(
    items: readonly T[],
    pathOf: (item: T) => string,
    work: (item: T) => Promise<unknown>,
    { lanes, lost }: { readonly lanes: number; readonly lost?: (path: string, error: unknown) => void },
  ): Promise<void> {
    const begin = (item: T) => {
      if (this.#lost.size > 0) this.#assertReachable(pathOf(item));
      return work(item);
    };
    return inLanes(items, lanes, begin, (error, item) => {
      const path = pathOf(item);
      this.#failed(path, error);
      lost?.(path, error);
    });
  }

  #assertReachable(path: string): void {
    for (const folder of ancestorsOf(path))
      if (this.#lost.has(folder)) throw new AppError('folder-missing', `its folder ${folder} could not be made`);
  }

  readonly #failing = (path: string, error: unknown) => this.#failed(path, error);

  /** Counts a failure; throws when it spoils everything that is left. */
  #failed(path: string, error: unknown): void {
    const final = this.#final(error);
    if (final === undefined) return this.#tally.fail(path, error);
    this.#workshop.stop(final);
    throw final;
  }

  /** The error to end with at once, when this one spoils everything that is left. */
  #final(error: unknown): Error | undefined {
    const { signal, pool, context } = this.#workshop;
    if (context.signal.aborted) return cancelled(context.signal);
    if (signal.aborted) return cancelled(signal);
    if (pool.failure !== undefined) return pool.failure;
    if (!(error instanceof AppError) || error instanceof MisuseError || error.code === 'cancelled') return error as Error;
    if (error.code === 'disk-full' || error.code === 'too-many-files') return error;
    return error instanceof RefusedError && STORAGE_FULL.has(error.refusal.replyCode) ? error : undefined;
  }
}

/** Nothing of the file is there then; to remove it might, on a server that changes names, be to remove another. */
const NEVER_SENT: ReadonlySet<string> = new Set(['folder-missing', 'name-changed']);

/** So many small ones make one more session worth its login. */
const FILES_A_SESSION = 16;

/** RFC 959 section 4.2: 452 insufficient storage, 552 storage allocation exceeded. */
const STORAGE_FULL: ReadonlySet<string> = new Set(['452', '552']);

function bySize(transfers: readonly Transfer[]): readonly Transfer[] {
  return [...transfers].sort((a, b) => (b.facts.size ?? 0) - (a.facts.size ?? 0));
}

/** Groups of one depth each, the deepest first. */
function byDepth<T extends { readonly path: string }>(items: readonly T[]): (readonly T[])[] {
  const levels = Map.groupBy(items, ({ path }) => depthOf(path));
  return [...levels.keys()].sort((a, b) => b - a).map(depth => levels.get(depth) ?? []);
}
