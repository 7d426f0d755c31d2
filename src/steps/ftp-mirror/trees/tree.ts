// One side of a mirror as a value: what is there, by path relative to the root, with '/' between names.
import { AppError } from '../../../core/errors.ts';
import { printable, shorten } from '../../../core/text.ts';
import { boundGarbageAt } from '../many.ts';
import type { Filter } from './filter.ts';
import { isOwnName, LOCK_NAME } from './own-names.ts';
import { isForeignTemp, isTempName, namedPath } from './temp-name.ts';

export interface FileFacts {
  readonly size?: number;
  /** Epoch milliseconds. */
  readonly modifiedAt?: number;
  /** How far from the truth `modifiedAt` may be: 0 for a local file, a minute or a day for LIST. */
  readonly precisionMs: number;
}

export interface Tree {
  /** Content, after include and exclude. */
  readonly files: ReadonlyMap<string, FileFacts>;
  /** Folders that are content; with `include`, only those that match or hold something that does. */
  readonly folders: ReadonlySet<string>;
  /** Every folder that exists and is not excluded. */
  readonly existing: ReadonlySet<string>;
  /** What is there but is never touched, and what it is: excluded entries, links, devices. */
  readonly barred: ReadonlyMap<string, string>;
  /** Folders that hold something barred: they cannot be removed. */
  readonly kept: ReadonlySet<string>;
  /** Our own unfinished files: path → size. */
  readonly temps: ReadonlyMap<string, number | undefined>;
  readonly unnamed: Unnamed;
}

/** Folders that were being filled and never got their name, and all that lies in them, whatever the patterns say: it is ours. */
export interface Unnamed {
  readonly files: ReadonlyMap<string, FileFacts>;
  readonly folders: ReadonlySet<string>;
  /** Links, devices. */
  readonly others: ReadonlySet<string>;
}

/** Entries on one side; a tree beyond it is a mistake or an attack. */
export const ENTRIES_MAX = 2_000_000;
/** Of all their paths together: so many entries of 64 characters each, fewer longer ones. They are kept in memory. */
export const PATHS_CHARS_MAX = ENTRIES_MAX * 64;
export const DEPTH_MAX = 100;

const EXCLUDED = 'excluded';

/** Collects a tree while it is walked; both sides follow the same rules. */
export class TreeBuilder implements Tree {
  readonly files = new Map<string, FileFacts>();
  readonly folders = new Set<string>();
  readonly existing = new Set<string>();
  readonly barred = new Map<string, string>();
  readonly kept = new Set<string>();
  readonly temps = new Map<string, number | undefined>();
  readonly unnamed = { files: new Map<string, FileFacts>(), folders: new Set<string>(), others: new Set<string>() };
  readonly #filter: Filter;
  readonly #place: string;
  readonly #entriesMax: number;
  #entries = 0;
  #chars = 0;

  constructor(filter: Filter, place: string, entriesMax: number = ENTRIES_MAX) {
    this.#filter = filter;
    this.#place = place;
    this.#entriesMax = entriesMax;
  }

  /** True when the folder is to be entered. */
  addFolder(path: string): boolean {
    this.#count(path);
    const isUnnamed = namedPath(path) !== undefined;
    const isBarred = path.slice(path.lastIndexOf('/') + 1) === LOCK_NAME || this.#filter.excludes(path, 'folder');
    if (isBarred && !isUnnamed) {
      this.#bar(path, EXCLUDED);
      return false;
    }
    if (path.split('/').length > DEPTH_MAX) {
      throw this.#tooLarge(`holds ${shorten(printable(path), 200)}, which lies deeper than ${DEPTH_MAX} folders`);
    }
    if (isUnnamed) {
      this.unnamed.folders.add(path);
      return true;
    }
    this.existing.add(path);
    if (this.#filter.includes(path, 'folder')) this.#content(path);
    return true;
  }

  addFile(path: string, facts: FileFacts): void {
    this.#count(path);
    if (isInUnnamed(path)) return void this.unnamed.files.set(path, facts);
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (isTempName(name)) {
      this.temps.set(path, facts.size);
      return;
    }
    if (isOwnName(name) || namedPath(path) !== undefined) return this.#bar(path, 'a file of postrider');
    if (isForeignTemp(name)) return this.#bar(path, 'an unfinished upload');
    if (this.#filter.excludes(path, 'file') || !this.#filter.includes(path, 'file')) return this.#bar(path, EXCLUDED);
    this.files.set(path, facts);
    const parent = parentOf(path);
    if (parent !== '') this.#content(parent);
  }

  /** A link, a device, a name that must not reach the disk: present, and left alone. False when it is excluded anyway. */
  addOther(path: string, what: string): boolean {
    this.#count(path);
    if (isInUnnamed(path)) {
      this.unnamed.others.add(path);
      return false;
    }
    const excluded = this.#filter.excludes(path, 'file') || !this.#filter.includes(path, 'file');
    this.#bar(path, excluded ? EXCLUDED : what);
    return !excluded;
  }

  #content(folder: string): void {
    for (let path = folder; path !== '' && !this.folders.has(path); path = parentOf(path)) this.folders.add(path);
  }

  #bar(path: string, what: string): void {
    this.barred.set(path, what);
    for (let folder = parentOf(path); folder !== '' && !this.kept.has(folder); folder = parentOf(folder)) this.kept.add(folder);
  }

  #count(path: string): void {
    this.#entries += 1;
    this.#chars += path.length;
    boundGarbageAt(this.#entries);
    if (this.#entries > this.#entriesMax) throw this.#tooLarge(`holds more than ${this.#entriesMax} files and folders`);
    if (this.#chars > PATHS_CHARS_MAX)
      throw this.#tooLarge(`holds files and folders whose paths have more than ${PATHS_CHARS_MAX} characters together`);
  }

  #tooLarge(what: string): AppError {
    return new AppError('tree-too-large', `${this.#place} ${what}`, {
      hint: 'Mirror a smaller folder, or exclude a part of it.',
    });
  }
}

function isInUnnamed(path: string): boolean {
  const named = namedPath(path);
  return named !== undefined && named.path !== named.folder;
}

/** '' for a name directly under the root. */
export function parentOf(path: string): string {
  const slash = path.lastIndexOf('/');
  return slash < 0 ? '' : path.slice(0, slash);
}

/** The parents of a path, nearest first, the root left out. */
export function* ancestorsOf(path: string): Generator<string> {
  for (let folder = parentOf(path); folder !== ''; folder = parentOf(folder)) yield folder;
}

export function depthOf(path: string): number {
  return path.split('/').length;
}
