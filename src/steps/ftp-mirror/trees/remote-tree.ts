// Walks the folder on the server, level by level, over all sessions at once; a listing that fails, fails the walk.
import { posix } from 'node:path';
import { RefusedError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import { formatCount } from '../../../core/units.ts';
import type { FtpEntry } from '../../../protocols/ftp/index.ts';
import { type Batch, LISTING_WEIGHT } from '../sessions/batch.ts';
import { chunksOf, inLanes } from '../sessions/lanes.ts';
import type { Pool } from '../sessions/pool.ts';
import type { Filter } from './filter.ts';
import { linkFound } from './local-tree.ts';
import { remotePath } from './paths.ts';
import { orRefused } from './remote-facts.ts';
import { type FileFacts, type Tree, TreeBuilder } from './tree.ts';

export interface RemoteWalk {
  readonly root: string;
  readonly pool: Pool;
  readonly batch: Batch;
  readonly filter: Filter;
  /** skip, follow, error: for a source. stay: for a target, whose links are left alone. */
  readonly symlinks: 'skip' | 'follow' | 'error' | 'stay';
  /** Times are wanted to the second. */
  readonly exact: boolean;
  readonly warn: (message: string) => void;
  /** Why a name cannot be mirrored, or undefined. */
  readonly unsafeName: (name: string) => string | undefined;
  readonly entriesMax?: number;
  /** Told of every file that belongs to the tree, as soon as it was listed. */
  readonly found?: (path: string, facts: FileFacts) => void;
}

export interface RemoteTree {
  readonly tree: Tree;
  /** Entries whose name cannot be mirrored: where, and why. */
  readonly unsafe: readonly { readonly path: string; readonly message: string }[];
  /** A folder whose listing looks cut off: no proof of what is not in it. */
  readonly suspect?: string;
}

/** Pure-FTPd ends every listing at 10 000 entries and answers 226 (with or without its two dot entries counted). */
const CUT_LISTING_MIN = 9_998;
const CUT_LISTING_MAX = 10_000;
const PRECISION_MS = 1_000;
/** Links within links, where the server does not tell where they point. */
const LINK_DEPTH_MAX = 4;

/** Folders that are asked for at once. */
const TOGETHER_MAX = 1_000;

/** Throws RefusedError `path-missing` when there is no such folder. */
export async function walkRemote(walk: RemoteWalk): Promise<RemoteTree> {
  const walker = new Walker(walk);
  let level: readonly Folder[] = [{ path: '', real: [walk.root], links: 0 }];
  while (level.length > 0) {
    const next: Folder[] = [];
    for (const group of chunksOf(level, TOGETHER_MAX)) {
      const left: Folder[] = [];
      await inLanes(group, group.length, async folder => {
        const entries = await walker.soon(folder);
        if (entries === undefined) left.push(folder);
        else await walker.entered(folder, entries, next);
      });
      await inLanes(left, walk.pool.lanes, folder => walker.folder(folder, next));
    }
    level = next;
  }
  return walker.result();
}

interface Folder {
  readonly path: string;
  /** Where the folders from the root to here really are: links resolved. */
  readonly real: readonly string[];
  readonly links: number;
}

class Walker {
  readonly #walk: RemoteWalk;
  readonly #tree: TreeBuilder;
  readonly #unsafe: { path: string; message: string }[] = [];
  readonly #links: string[] = [];
  #suspect: string | undefined;
  /** Ordinary listings spare the questions that others would leave open. */
  #exact = false;

  constructor(walk: RemoteWalk) {
    this.#walk = walk;
    this.#tree = new TreeBuilder(walk.filter, walk.root, walk.entriesMax);
  }

  /** What it holds, where that is told together with that of others: not by the first folder, by which it is proven. */
  async soon({ path }: Folder): Promise<readonly FtpEntry[] | undefined> {
    const { batch, root } = this.#walk;
    return path === '' || this.#exact ? undefined : batch.soon(soon => soon.entries(remotePath(root, path)), LISTING_WEIGHT);
  }

  async folder(folder: Folder, inside: Folder[]): Promise<void> {
    const { pool, root } = this.#walk;
    const entries = await pool.use(client => {
      this.#exact = this.#walk.exact && client.listsExactly;
      return client.list(remotePath(root, folder.path));
    });
    await this.entered(folder, entries, inside);
  }

  /** Adds the folders in it to `inside`. */
  async entered(folder: Folder, entries: readonly FtpEntry[], inside: Folder[]): Promise<void> {
    if (entries.length >= CUT_LISTING_MIN && entries.length <= CUT_LISTING_MAX) this.#suspect ??= folder.path || '.';
    for (const entry of entries) {
      const entered = this.#entry(folder, entry);
      const found = entered instanceof Promise ? await entered : entered;
      if (found !== undefined) inside.push(found);
    }
  }

  result(): RemoteTree {
    const [first] = this.#links;
    if (first !== undefined) {
      this.#walk.warn(
        `${formatCount(this.#links.length, 'symbolic links')} on the server left out: ${printable(first)}${this.#links.length > 1 ? ', …' : ''}`,
      );
    }
    const result = { tree: this.#tree, unsafe: this.#unsafe };
    return this.#suspect === undefined ? result : { ...result, suspect: this.#suspect };
  }

  #entry(folder: Folder, entry: FtpEntry): Folder | undefined | Promise<Folder | undefined> {
    const why = this.#walk.unsafeName(entry.name);
    if (why !== undefined) {
      const shown = below(folder.path, printable(entry.name).replaceAll(/[/\\]/g, '\ufffd'));
      if (this.#tree.addOther(shown, 'an unsafe name')) this.#unsafe.push({ path: shown, message: why });
      return undefined;
    }
    const path = below(folder.path, entry.name);
    switch (entry.type) {
      case 'file':
        this.#file(path, factsOf(entry));
        return undefined;
      case 'folder':
        return this.#tree.addFolder(path)
          ? { path, real: [...folder.real, below(folder.real.at(-1) ?? '', entry.name)], links: folder.links }
          : undefined;
      case 'link':
        return this.#link(folder, path, entry);
      case 'other':
        this.#tree.addOther(path, 'neither file nor folder');
        return undefined;
    }
  }

  async #link(folder: Folder, path: string, entry: FtpEntry): Promise<Folder | undefined> {
    const { symlinks, pool, root, warn } = this.#walk;
    if (symlinks !== 'follow') {
      const counts = this.#tree.addOther(path, 'a symbolic link');
      if (!counts || symlinks === 'stay') return undefined;
      if (symlinks === 'error') throw linkFound(path);
      this.#links.push(path);
      return undefined;
    }
    const real = posix.resolve('/', folder.real.at(-1) ?? '', entry.target ?? entry.name);
    const loops = folder.real.some(above => isWithin(posix.resolve('/', above), real));
    const folderLink =
      !loops &&
      folder.links < LINK_DEPTH_MAX &&
      (await pool.use(client =>
        client.list(remotePath(root, path)).then(
          () => true,
          reason => (reason instanceof RefusedError ? false : Promise.reject(reason)),
        ),
      ));
    if (folderLink)
      return this.#tree.addFolder(path) ? { path, real: [...folder.real, real], links: folder.links + 1 } : undefined;
    const size = loops ? undefined : await pool.use(client => orRefused(client.size(remotePath(root, path))));
    if (size === undefined) {
      if (this.#tree.addOther(path, 'a symbolic link'))
        warn(
          `${printable(path)} was left out: ${loops ? 'it points back to a folder it lies in' : 'it points to nothing that can be read'}`,
        );
      return undefined;
    }
    const modifiedAt = await pool.use(client => orRefused(client.modified(remotePath(root, path))));
    this.#file(path, modifiedAt === undefined ? { size, precisionMs: 0 } : { size, modifiedAt, precisionMs: PRECISION_MS });
    return undefined;
  }

  #file(path: string, facts: FileFacts): void {
    this.#tree.addFile(path, facts);
    if (this.#tree.files.has(path)) this.#walk.found?.(path, facts);
  }
}

function factsOf(entry: FtpEntry): FileFacts {
  return {
    ...(entry.size === undefined ? {} : { size: entry.size }),
    ...(entry.modifiedAt === undefined ? {} : { modifiedAt: entry.modifiedAt }),
    precisionMs: entry.precisionMs ?? PRECISION_MS,
  };
}

function below(folder: string, name: string): string {
  return folder === '' ? name : `${folder.replace(/\/$/, '')}/${name}`;
}

/** Is `inner` the folder `outer`, or one that `outer` lies in? Following it from within `outer` would never end. */
function isWithin(outer: string, inner: string): boolean {
  return outer === inner || outer.startsWith(inner === '/' ? '/' : `${inner}/`);
}
