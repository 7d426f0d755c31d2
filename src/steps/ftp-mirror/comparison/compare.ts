// Two trees and the rules → what has to happen, as a value; pure, so that preview and run cannot differ.
import { ancestorsOf, depthOf, type FileFacts, type Tree } from '../trees/tree.ts';

export type Reason = 'new' | 'newer' | 'different time' | 'different size' | 'different hash';

export interface Transfer {
  readonly path: string;
  readonly reason: Reason;
  readonly facts: FileFacts;
  /** The target has a file of that name. */
  readonly replaces: boolean;
}

export interface Removal {
  readonly path: string;
  readonly kind: 'file' | 'folder';
  /** A source path that differs only in case or Unicode form: where the target does not tell them apart, both are one. */
  readonly twin?: string;
}

/** A file that only changed its place: renamed instead of transferred. */
export interface Move {
  readonly from: string;
  readonly transfer: Transfer;
}

export interface Conflict {
  readonly path: string;
  readonly message: string;
}

export interface MirrorPlan {
  /** Folders to make, parents first. */
  readonly folders: readonly string[];
  readonly transfers: readonly Transfer[];
  readonly moves: readonly Move[];
  /** What stands where the source has another kind of thing; goes first. Files, then folders from the depth up. */
  readonly clears: readonly Removal[];
  /** What the source does not have; goes last. Files, then folders from the depth up. */
  readonly deletes: readonly Removal[];
  readonly unchanged: readonly string[];
  /** What cannot be done, and why. */
  readonly conflicts: readonly Conflict[];
}

export interface CompareOptions {
  readonly by: 'time-size' | 'size';
  readonly delete: boolean;
  /** Files known to be equal whatever their times say. */
  readonly equal?: ReadonlySet<string>;
  /** Files known to differ, and how, whatever their sizes and times say. */
  readonly reasons?: ReadonlyMap<string, Reason>;
}

/** Clocks and file systems round; FAT keeps two seconds. */
export const TIME_TOLERANCE_MS = 2_000;

export function compareTrees(source: Tree, target: Tree, options: CompareOptions): MirrorPlan {
  const draft = new Draft(source, target, options);
  for (const path of [...source.folders].sort()) draft.folder(path);
  for (const path of [...source.files.keys()].sort()) draft.file(path);
  return draft.plan();
}

class Draft {
  readonly #source: Tree;
  readonly #target: Tree;
  readonly #options: CompareOptions;
  readonly #folders: string[] = [];
  readonly #transfers: Transfer[] = [];
  readonly #unchanged: string[] = [];
  readonly #conflicts: Conflict[] = [];
  /** Source paths that cannot be carried over; nothing below them can either. */
  readonly #blocked = new Set<string>();
  /** Target paths that are cleared, with all below them. */
  readonly #cleared = new Set<string>();

  constructor(source: Tree, target: Tree, options: CompareOptions) {
    this.#source = source;
    this.#target = target;
    this.#options = options;
  }

  folder(path: string): void {
    if (hasAncestorIn(this.#blocked, path)) return void this.#blocked.add(path);
    const barred = this.#target.barred.get(path);
    if (barred !== undefined) return this.#conflict(path, `is a folder in the source, but ${barred} in the target`);
    if (this.#target.existing.has(path)) return;
    if (this.#target.files.has(path)) {
      if (!this.#options.delete) return this.#conflict(path, 'is a folder in the source, but a file in the target');
      this.#cleared.add(path);
    }
    this.#folders.push(path);
  }

  file(path: string): void {
    if (hasAncestorIn(this.#blocked, path)) return;
    const { barred, kept, existing, files } = this.#target;
    const what = barred.get(path);
    if (what !== undefined) return this.#conflict(path, `is a file in the source, but ${what} in the target`);
    if (existing.has(path)) {
      if (!this.#options.delete) return this.#conflict(path, 'is a file in the source, but a folder in the target');
      if (kept.has(path))
        return this.#conflict(path, 'is a file in the source, but in the target a folder with excluded content');
      this.#cleared.add(path);
    }
    const facts = this.#source.files.get(path) ?? { precisionMs: 0 };
    const present = files.get(path);
    const reason = present === undefined ? 'new' : this.#difference(path, facts, present);
    if (reason === undefined) this.#unchanged.push(path);
    else this.#transfers.push({ path, reason, facts, replaces: present !== undefined });
  }

  #difference(path: string, source: FileFacts, target: FileFacts): Reason | undefined {
    const { equal, reasons, by } = this.#options;
    if (equal?.has(path) === true) return undefined;
    return reasons?.get(path) ?? difference(source, target, by);
  }

  plan(): MirrorPlan {
    const { files, folders, kept, existing } = this.#target;
    const isCleared = (path: string) => this.#cleared.has(path) || hasAncestorIn(this.#cleared, path);
    const isSpared = (path: string) => this.#source.barred.has(path) || hasAncestorIn(this.#source.barred, path);
    const isExtra = (path: string) => !isCleared(path) && !isSpared(path);
    const extraFiles = [...files.keys()].filter(path => !this.#source.files.has(path) && isExtra(path));
    const extraFolders = [...folders].filter(path => !this.#source.existing.has(path) && !kept.has(path) && isExtra(path));
    const spares = (path: string) => this.#cleared.size > 0 && isCleared(path);
    return {
      folders: this.#folders,
      transfers: this.#transfers,
      moves: [],
      clears: inOrder([...files.keys()].filter(spares), [...existing].filter(spares)),
      deletes: this.#options.delete ? this.#withTwins(inOrder(extraFiles, this.#removable(extraFolders))) : [],
      unchanged: this.#unchanged,
      conflicts: this.#conflicts,
    };
  }

  /** A folder that holds a spared entry stays, and so do its parents. */
  #removable(extra: readonly string[]): readonly string[] {
    const staying = new Set<string>();
    for (const path of this.#source.barred.keys()) {
      if (this.#target.files.has(path) || this.#target.existing.has(path))
        for (const folder of ancestorsOf(path)) staying.add(folder);
    }
    return extra.filter(path => !staying.has(path));
  }

  #withTwins(removals: readonly Removal[]): readonly Removal[] {
    if (removals.length === 0) return removals;
    const { files, folders } = this.#source;
    const folded = new Map([...folders, ...files.keys()].map(path => [foldName(path), path]));
    return removals.map(removal => {
      const twin = folded.get(foldName(removal.path));
      return twin === undefined ? removal : { ...removal, twin };
    });
  }

  #conflict(path: string, message: string): void {
    this.#blocked.add(path);
    this.#conflicts.push({ path, message });
  }
}

/** Why two files differ, or undefined when they count as equal. */
export function difference(source: FileFacts, target: FileFacts, by: CompareOptions['by']): Reason | undefined {
  if (source.size === undefined || source.size !== target.size) return 'different size';
  if (by === 'size') return undefined;
  if (source.modifiedAt === undefined || target.modifiedAt === undefined) return 'different time';
  const tolerance = Math.max(TIME_TOLERANCE_MS, source.precisionMs, target.precisionMs);
  const ahead = source.modifiedAt - target.modifiedAt;
  if (Math.abs(ahead) <= tolerance) return undefined;
  return ahead > 0 ? 'newer' : 'different time';
}

function inOrder(files: readonly string[], folders: readonly string[]): readonly Removal[] {
  const byDepth = [...folders].sort((a, b) => depthOf(b) - depthOf(a) || (a < b ? -1 : 1));
  return [
    ...[...files].sort().map(path => ({ path, kind: 'file' as const })),
    ...byDepth.map(path => ({ path, kind: 'folder' as const })),
  ];
}

/** What a target that folds case (Windows) or Unicode forms (macOS) takes for the same name. */
function foldName(path: string): string {
  return path.normalize('NFC').toLowerCase();
}

function hasAncestorIn(set: { readonly size: number; has(path: string): boolean }, path: string): boolean {
  if (set.size === 0) return false;
  for (const folder of ancestorsOf(path)) if (set.has(folder)) return true;
  return false;
}
