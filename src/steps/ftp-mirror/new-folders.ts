// New folders of small files: filled under a temporary name, so that each appears whole and its files need no renaming of their own.
import type { MirrorPlan } from './compare.ts';
import type { MirrorConfig } from './config.ts';
import { siblingOf } from './paths.ts';
import { unnamedName } from './temp-name.ts';
import { ancestorsOf, depthOf, type FileFacts, type Tree } from './tree.ts';

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
  const { atomic, resume, compare, direction, verify, ascii } = config;
  if (!atomic || !resume || !config['preserve-times'] || compare !== 'time-size' || ascii.length > 0) return false;
  // Names that are to be on the disk are synced folder by folder.
  return direction === 'upload' || verify !== 'hash';
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
  for (const { path, facts } of plan.transfers)
    add(path, facts.size ?? 0, facts.size !== undefined && facts.size < SMALL_BYTES && !waits(path));
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
  /** The files in them. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** What is of no use any more: folders, the deepest first; their files are among the temporary ones of the tree. */
  readonly stale: readonly string[];
}

/** The target with what an interrupted run left in folders without names: as if it lay where it is to lie, or as rubbish. */
export function takenOver(target: Tree, isWanted: (folder: string) => boolean): TakenOver {
  const [begun, taken, stale] = [new Set<string>(), new Map<string, FileFacts>(), [] as string[]];
  if (target.unnamed.size === 0) return { tree: target, begun, files: taken, stale };
  const files = new Map(target.files);
  const [folders, existing, kept] = [new Set(target.folders), new Set(target.existing), new Set(target.kept)];
  const [barred, temps] = [new Map(target.barred), new Map(target.temps)];
  for (const [folder, inside] of target.unnamed) {
    if (isWanted(folder) && !existing.has(folder) && !files.has(folder) && !barred.has(folder)) {
      begun.add(folder);
      for (const [path, facts] of inside.files) taken.set(path, facts);
      for (const [path, size] of inside.temps) temps.set(path, size);
      for (const [path, what] of inside.barred) barred.set(path, what);
      for (const path of inside.existing) existing.add(path);
      for (const path of inside.folders) folders.add(path);
      for (const path of inside.kept) kept.add(path);
      continue;
    }
    const place = new NewFolders();
    place.open(folder);
    for (const [path, { size }] of inside.files) temps.set(place.at(path), size);
    for (const [path, size] of inside.temps) temps.set(place.at(path), size);
    stale.push(...[...new Set([folder, ...inside.existing])].map(path => place.at(path)));
  }
  for (const [path, facts] of taken) files.set(path, facts);
  stale.sort((one, other) => depthOf(other) - depthOf(one));
  return { tree: { files, folders, existing, barred, kept, temps, unnamed: new Map() }, begun, files: taken, stale };
}
