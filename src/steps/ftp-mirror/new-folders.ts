// New folders of small files: filled under a temporary name, so that each appears whole and its files need no renaming of their own.
import type { MirrorPlan } from './comparison/compare.ts';
import type { MirrorConfig } from './config.ts';
import { siblingOf } from './trees/paths.ts';
import { namedPath, unnamedName } from './trees/temp-name.ts';
import { ancestorsOf, depthOf, type FileFacts, type Tree } from './trees/tree.ts';

/** What takes longer for its round trips than for its bytes, and is sent again rather than continued. */
export const SMALL_BYTES = 64 * 1024;
/** Whoever watches a long first run is to see something of it. */
const FILES_MAX = 1_000;
const BYTES_MAX = 16 * 1024 * 1024;

/** Folders that do not have their names yet, and so where what is in them lies for now. */
export class NewFolders {
  readonly #places = new Map<string, string>();

  open(folder: string): void {
    const name = unnamedName(folder.slice(folder.lastIndexOf('/') + 1));
    if (name !== undefined) this.#places.set(folder, siblingOf(folder, name));
  }

  /** It has its name, or is to be filled under it after all. */
  close(folder: string): void {
    this.#places.delete(folder);
  }

  has(folder: string): boolean {
    return this.#places.has(folder);
  }

  /** The one that a path lies in, or is. */
  around(path: string): string | undefined {
    if (this.#places.size === 0) return undefined;
    if (this.#places.has(path)) return path;
    for (const folder of ancestorsOf(path)) if (this.#places.has(folder)) return folder;
    return undefined;
  }

  /** Where a path lies for now. */
  at(path: string): string {
    const folder = this.around(path);
    return folder === undefined ? path : this.#places.get(folder) + path.slice(folder.length);
  }
}

/** In a folder that has no name yet a file needs no other than its own. */
export function needsTemp(
  { config, newFolders }: { readonly config: MirrorConfig; readonly newFolders: NewFolders },
  path: string,
): boolean {
  return config.atomic && newFolders.around(path) === undefined;
}

/** A file in such a folder counts as whole by its size and time alone. */
export function fillsNewFolders(config: MirrorConfig): boolean {
  const { atomic, resume, compare, verify, ascii } = config;
  return atomic && resume && config['preserve-times'] && compare === 'time-size' && verify !== 'hash' && ascii.length === 0;
}

export interface Choice {
  readonly plan: MirrorPlan;
  /** Those that an earlier run began. */
  readonly begun: ReadonlySet<string>;
  /** A file that has to wait for others. */
  readonly waits: (path: string) => boolean;
}

/** The outermost new folders that hold a few small files and nothing else. */
export function foldersToFill({ plan, begun, waits }: Choice): readonly string[] {
  const contents = new Map(plan.folders.map(path => [path, { files: 0, bytes: 0, fits: true }]));
  const add = (path: string, bytes: number, fits: boolean) => {
    for (const folder of ancestorsOf(path)) {
      const content = contents.get(folder);
      if (content === undefined) return;
      content.files += 1;
      content.bytes += bytes;
      content.fits &&= fits;
    }
  };
  for (const { path, facts } of plan.transfers) add(path, facts.size ?? 0, isSmall(facts) && !waits(path));
  // What is moved there would be in neither place for a while.
  for (const { transfer } of plan.moves) add(transfer.path, 0, false);
  // A file of that name goes first.
  for (const { path } of plan.clears) {
    const content = contents.get(path);
    if (content !== undefined) content.fits = false;
  }
  const chosen = new Set<string>();
  for (const [path, { files, bytes, fits }] of contents) {
    if ([...ancestorsOf(path)].some(folder => chosen.has(folder))) continue;
    const isFew = files > 0 && files <= FILES_MAX && bytes <= BYTES_MAX;
    if (begun.has(path) || (isFew && fits)) chosen.add(path);
  }
  return [...chosen];
}

export interface TakenOver {
  readonly tree: Tree;
  /** Folders of the source that an earlier run began to fill. */
  readonly begun: ReadonlySet<string>;
  /** The files in them that the source has, too. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** What is of no use any more: folders, the deepest first; their files are among the temporary ones of the tree. */
  readonly stale: readonly string[];
}

function isSmall({ size }: FileFacts): boolean {
  return size !== undefined && size < SMALL_BYTES;
}

/**
 * The target with what an interrupted run left in folders without names: as if it lay where it is to lie, or as rubbish. `waits`: as in Choice;
 * without it all is rubbish.
 */
export function takenOver(target: Tree, source: Tree, waits?: Choice['waits']): TakenOver {
  const [begun, taken, stale] = [new Set<string>(), new Map<string, FileFacts>(), [] as string[]];
  const { unnamed, existing, barred } = target;
  if (unnamed.folders.size === 0) return { tree: target, begun, files: taken, stale };
  const [files, temps] = [new Map(target.files), new Map(target.temps)];
  const unfit = new Set<string>();
  if (waits !== undefined)
    for (const [path, facts] of source.files)
      if (!isSmall(facts) || waits(path)) for (const folder of ancestorsOf(path)) unfit.add(folder);
  const isWanted = (folder: string) => waits !== undefined && source.folders.has(folder) && !unfit.has(folder);
  const strange = new Set([...unnamed.others].map(place => namedPath(place)?.folder));
  const isFree = (folder: string) => !existing.has(folder) && !files.has(folder) && !barred.has(folder) && !strange.has(folder);
  for (const place of unnamed.folders) {
    const { folder, path } = namedPath(place) ?? { folder: place, path: place };
    if (path === folder && isFree(folder) && isWanted(folder)) begun.add(folder);
    if (!begun.has(folder) || !source.folders.has(path)) stale.push(place);
  }
  for (const [place, facts] of unnamed.files) {
    const { folder, path } = namedPath(place) ?? { folder: place, path: place };
    if (begun.has(folder) && source.files.has(path)) taken.set(path, facts);
    else temps.set(place, facts.size);
  }
  for (const [path, facts] of taken) files.set(path, facts);
  stale.sort((one, other) => depthOf(other) - depthOf(one));
  return {
    tree: { files, folders: target.folders, existing, barred, kept: target.kept, temps, unnamed },
    begun,
    files: taken,
    stale,
  };
}
