// include and exclude: gitignore patterns over paths relative to the root of the mirror; and the order of `last`.
import ignore from 'ignore';
import picomatch from 'picomatch';

export type EntryKind = 'file' | 'folder';

export interface Filter {
  /** Neither transferred nor deleted; an excluded folder is not entered. */
  excludes(path: string, kind: EntryKind): boolean;
  /** Always true without `include`. */
  includes(path: string, kind: EntryKind): boolean;
}

export function makeFilter(include: readonly string[], exclude: readonly string[]): Filter {
  const [included, excluded] = [include, exclude].map(lines => (lines.length === 0 ? undefined : patterns(lines)));
  return {
    excludes: (path, kind) => excluded?.ignores(spelled(path, kind)) === true,
    includes: (path, kind) => included?.ignores(spelled(path, kind)) !== false,
  };
}

/** 0 for files in no hurry to wait; 1 and more for those matched by the first, second, … glob of `last`; the highest counts. */
export function makeLastRank(globs: readonly string[]): (path: string) => number {
  const matchers = globs.map(glob => picomatch(glob, { dot: true, basename: !glob.includes('/') }));
  return path => matchers.findLastIndex(matches => matches(path)) + 1;
}

/** Does any of these globs match? */
export function makeGlobTest(globs: readonly string[]): (path: string) => boolean {
  const rank = makeLastRank(globs);
  return path => rank(path) > 0;
}

function patterns(lines: readonly string[]) {
  return ignore({ ignorecase: false, allowRelativePaths: true }).add([...lines]);
}

function spelled(path: string, kind: EntryKind): string {
  return kind === 'folder' ? `${path}/` : path;
}
