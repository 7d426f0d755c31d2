// Walks the local folder. A walk that cannot read everything fails: a mirror must never take "unreadable" for "not there".
import { lstatSync, readdirSync, type Stats } from 'node:fs';
import { type Clock, nextTurn } from '../../../core/clock.ts';
import { AppError, fileError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import { formatCount } from '../../../core/units.ts';
import { lstat, readdir, realpath, stat } from '../../../files/elsewhere.ts';
import type { Filter } from './filter.ts';
import { localPath } from './paths.ts';
import { type Tree, TreeBuilder } from './tree.ts';

export interface LocalWalk {
  /** Absolute. */
  readonly root: string;
  readonly filter: Filter;
  /** skip, follow, error: for a source. stay: for a target, whose links are left alone. */
  readonly symlinks: 'skip' | 'follow' | 'error' | 'stay';
  readonly signal: AbortSignal;
  readonly clock: Pick<Clock, 'elapsed'>;
  readonly warn: (message: string) => void;
  /** Why a name cannot be mirrored, or undefined. */
  readonly unsafeName?: (name: string) => string | undefined;
  readonly entriesMax?: number;
}

export interface LocalTree {
  readonly tree: Tree;
  /** Entries whose name cannot be mirrored: where, and why. */
  readonly unsafe: readonly { readonly path: string; readonly message: string }[];
}

/** Entries looked at side by side, or one after the other without a turn for the network. */
const BATCH = 256;
/** As many, or the names of one folder, that take longer than this wait for something: a cold disk, a network. */
const SLOW_MS = 10;
/** So many batches after it are looked at in threads, before one is looked at at once again. */
const HANDED_OVER = 8;

/** The tree below the root; undefined when there is nothing at `root`. Throws AppError when it is no folder or cannot be read. */
export async function walkLocal(walk: LocalWalk): Promise<LocalTree | undefined> {
  const root = await rootFolder(walk.root);
  if (root === undefined) return undefined;
  const walker = new Walker(walk, root);
  await walker.folder('', [await identity(root)]);
  walker.sayLinks();
  return { tree: walker.tree, unsafe: walker.unsafe };
}

/** The root itself may be a link: the user wrote it. */
async function rootFolder(path: string): Promise<string | undefined> {
  try {
    const root = await realpath(path);
    if (!(await stat(root)).isDirectory()) {
      throw new AppError('not-a-folder', `${path} is not a folder`, { hint: 'Give `local` the folder that holds the files.' });
    }
    return root;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw fileError(error, path);
  }
}

class Walker {
  readonly tree: TreeBuilder;
  readonly unsafe: { path: string; message: string }[] = [];
  readonly #walk: LocalWalk;
  readonly #root: string;
  readonly #links: string[] = [];
  #toHandOver = 0;
  /** Names have come: a network folder whose server is gone keeps only the thread waiting that asks for the first. */
  #hasAnswered = false;
  /** Entries looked at since the network had its turn. */
  #sinceTurn = 0;

  constructor(walk: LocalWalk, root: string) {
    this.#walk = walk;
    this.#root = root;
    this.tree = new TreeBuilder(walk.filter, walk.root, walk.entriesMax);
  }

  /** `chain` holds the identity of every folder from the root to here: meeting one of them again is a loop. */
  async folder(path: string, chain: readonly string[]): Promise<void> {
    this.#walk.signal.throwIfAborted();
    const folders: [path: string, chain: readonly string[]][] = [];
    const names = await this.#names(path);
    for (let at = 0; at < names.length; at += BATCH) {
      const paths = names.slice(at, at + BATCH).map(name => (path === '' ? name : `${path}/${name}`));
      this.#sinceTurn += paths.length;
      if (this.#sinceTurn > BATCH) {
        this.#sinceTurn = paths.length;
        await nextTurn();
      }
      const facts = await this.#look(paths);
      for (const [index, child] of paths.entries()) {
        const found = facts[index];
        if (found === undefined) this.#missing(child);
        if (found === undefined || this.#isUnsafe(child)) continue;
        const next = found.isSymbolicLink() ? await this.#link(child, chain) : this.#entry(child, found, chain);
        if (next !== undefined) folders.push([child, next]);
      }
    }
    for (const [child, next] of folders) await this.folder(child, next);
  }

  sayLinks(): void {
    const [first] = this.#links;
    if (first === undefined) return;
    this.#walk.warn(
      `${formatCount(this.#links.length, 'symbolic links')} left out: ${printable(first)}${this.#links.length > 1 ? ', …' : ''} (\`symlinks: follow\` takes them along)`,
    );
  }

  /** Like #look, but for the first of all. */
  async #names(path: string): Promise<readonly string[]> {
    const folder = path === '' ? this.#root : this.#full(path);
    const { clock } = this.#walk;
    const start = clock.elapsed();
    try {
      const names = this.#hasAnswered && this.#toHandOver === 0 ? readdirSync(folder) : await readdir(folder);
      if (this.#hasAnswered && clock.elapsed() - start > SLOW_MS) this.#toHandOver = HANDED_OVER;
      this.#hasAnswered = true;
      return names.sort();
    } catch (error) {
      throw fileError(error, printable(folder));
    }
  }

  /**
   * In their order; undefined: gone since it was listed. At once as long as the system's memory has them, which takes a tenth of what
   * handing them to threads does; else in threads, side by side.
   */
  async #look(paths: readonly string[]): Promise<readonly (Stats | undefined)[]> {
    if (this.#toHandOver > 0) {
      this.#toHandOver -= 1;
      return Promise.all(paths.map(path => this.#lookElsewhere(path)));
    }
    const { clock } = this.#walk;
    const facts: (Stats | undefined)[] = [];
    const start = clock.elapsed();
    for (const path of paths) {
      facts.push(this.#lookAtOnce(path));
      if (clock.elapsed() - start <= SLOW_MS) continue;
      this.#toHandOver = HANDED_OVER;
      break;
    }
    const rest = paths.slice(facts.length).map(path => this.#lookElsewhere(path));
    return rest.length === 0 ? facts : [...facts, ...(await Promise.all(rest))];
  }

  #lookAtOnce(path: string): Stats | undefined {
    const full = this.#full(path);
    try {
      return lstatSync(full, { throwIfNoEntry: false });
    } catch (error) {
      throw fileError(error, printable(full));
    }
  }

  async #lookElsewhere(path: string): Promise<Stats | undefined> {
    const full = this.#full(path);
    try {
      return await lstat(full);
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw fileError(error, printable(full));
    }
  }

  #full(path: string): string {
    return localPath(this.#root, path);
  }

  /** Gone since it was listed, or there under octets that are no UTF-8: Node lists such a name with U+FFFD in their place. */
  #missing(path: string): void {
    if (this.#walk.unsafeName === undefined || !path.includes('\ufffd', path.lastIndexOf('/') + 1)) return;
    if (!this.tree.addOther(path, 'an unsafe name')) return;
    this.unsafe.push({ path, message: 'the name is not valid UTF-8 on this disk' });
  }

  #isUnsafe(path: string): boolean {
    const why = this.#walk.unsafeName?.(path.slice(path.lastIndexOf('/') + 1));
    if (why !== undefined && this.tree.addOther(path, 'an unsafe name')) this.unsafe.push({ path, message: why });
    return why !== undefined;
  }

  /** Adds one entry; returns the chain to walk a folder with, undefined for what is not entered. */
  #entry(path: string, facts: Stats, chain: readonly string[]): readonly string[] | undefined {
    if (facts.isDirectory()) return this.tree.addFolder(path) ? [...chain, identityOf(facts)] : undefined;
    if (facts.isFile()) this.tree.addFile(path, factsOf(facts));
    else this.tree.addOther(path, 'a device, pipe or socket');
    return undefined;
  }

  async #link(path: string, chain: readonly string[]): Promise<readonly string[] | undefined> {
    const { symlinks, warn } = this.#walk;
    if (symlinks !== 'follow') {
      const counts = this.tree.addOther(path, 'a symbolic link');
      if (!counts || symlinks === 'stay') return undefined;
      if (symlinks === 'error') throw linkFound(path);
      this.#links.push(path);
      return undefined;
    }
    const target = await stat(this.#full(path)).catch(() => undefined);
    if (target?.isFile()) this.tree.addFile(path, factsOf(target));
    else if (target?.isDirectory() && !chain.includes(identityOf(target))) {
      return this.tree.addFolder(path) ? [...chain, identityOf(target)] : undefined;
    } else if (this.tree.addOther(path, 'a symbolic link')) {
      warn(
        `${printable(path)} was left out: ${target === undefined ? 'it points to nothing' : 'it points back to a folder it lies in'}`,
      );
    }
    return undefined;
  }
}

export function linkFound(path: string): AppError {
  return new AppError('symlink-found', `${printable(path)} is a symbolic link`, {
    hint: 'Exclude it, or write `symlinks: skip` or `symlinks: follow`.',
  });
}

export function factsOf(stats: Stats): { readonly size: number; readonly modifiedAt: number; readonly precisionMs: number } {
  return { size: stats.size, modifiedAt: Math.floor(stats.mtimeMs), precisionMs: 0 };
}

async function identity(path: string): Promise<string> {
  return identityOf(await stat(path));
}

function identityOf(stats: Stats): string {
  return `${stats.dev}:${stats.ino}`;
}
