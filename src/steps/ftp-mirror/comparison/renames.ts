// Files that only changed their place: renamed on the server instead of sent again. Pure: decides by what is known of both sides.

import { makeGlobTest } from '../trees/filter.ts';
import type { FileFacts, Tree } from '../trees/tree.ts';
import type { Workshop } from '../workshop.ts';
import type { MirrorPlan, Move, Removal, Transfer } from './compare.ts';

export interface RenameOptions {
  readonly source: Tree;
  readonly target: Tree;
  /** The content of a path on either side, where it is known without asking; decides alone then. */
  readonly contentOf?: (side: 'source' | 'target', path: string) => Promise<string | undefined>;
  /** Paths that have to wait for others, or go over the wire as text. */
  readonly never: (path: string) => boolean;
}

/** Files of `last` wait for the others, texts have no content of their own, and in a folder without a name nobody sees what was moved there. */
export function neverMoved({
  config,
  isText,
  newFolders,
}: Pick<Workshop, 'config' | 'isText' | 'newFolders'>): (path: string) => boolean {
  const isLast = makeGlobTest(config.last);
  return path => isLast(path) || isText(path) || newFolders.around(path) !== undefined;
}

const SECOND_MS = 1_000;

/**
 * Files gone from here whose time in the target is known too coarsely to prove anything, though something new here has their name and size: it
 * is worth a question, else it would be left to the server's way of listing whether they are found.
 */
export function coarselyGone(plan: MirrorPlan, { source, target, never }: RenameOptions): ReadonlyMap<string, FileFacts> {
  const come = plan.transfers.filter(({ path, reason }) => reason === 'new' && !never(path));
  const wanted = new Set(come.map(({ path }) => nameAndSize(path, source.files.get(path))));
  const found = new Map<string, FileFacts>();
  for (const { path, kind, twin } of wanted.size === 0 ? [] : plan.deletes) {
    const facts = kind === 'file' && twin === undefined ? target.files.get(path) : undefined;
    const isCoarse = facts !== undefined && (facts.modifiedAt === undefined || facts.precisionMs > SECOND_MS);
    if (isCoarse && facts.size !== 0 && wanted.has(nameAndSize(path, facts))) found.set(path, facts);
  }
  return found;
}

function nameAndSize(path: string, facts: FileFacts | undefined): string {
  return `${path.slice(path.lastIndexOf('/') + 1)}/${facts?.size}`;
}

/** The plan with pairs of "new here" and "gone there" made moves: of the same content, or of a name, size and time that no other has. */
export async function withMoves(plan: MirrorPlan, options: RenameOptions): Promise<MirrorPlan> {
  const gone = plan.deletes.filter(({ kind, twin }) => kind === 'file' && twin === undefined);
  const come = plan.transfers.filter(({ path, reason }) => reason === 'new' && !options.never(path));
  if (gone.length === 0 || come.length === 0) return plan;
  const moves = await pairs(gone, come, options);
  if (moves.length === 0) return plan;
  const [from, to] = [new Set(moves.map(move => move.from)), new Set(moves.map(({ transfer }) => transfer.path))];
  return {
    ...plan,
    moves,
    transfers: plan.transfers.filter(({ path }) => !to.has(path)),
    deletes: plan.deletes.filter(({ path }) => !from.has(path)),
  };
}

async function pairs(gone: readonly Removal[], come: readonly Transfer[], options: RenameOptions): Promise<readonly Move[]> {
  const old = new Map<string, string[]>();
  const sizes = new Set(gone.map(({ path }) => options.target.files.get(path)?.size));
  for (const { path } of gone) enter(old, await keyOf('target', path, options.target.files.get(path), options), path);
  const fresh = new Map<string, Transfer[]>();
  for (const transfer of come) {
    if (!sizes.has(transfer.facts.size)) continue;
    enter(fresh, await keyOf('source', transfer.path, transfer.facts, options), transfer);
  }
  const moves: Move[] = [];
  for (const [key, transfers] of fresh) {
    const paths = old.get(key) ?? [];
    const isProof = key.startsWith('content ');
    if (!isProof && (paths.length !== 1 || transfers.length !== 1)) continue;
    for (const [index, from] of paths.entries()) {
      const transfer = transfers[index];
      if (transfer !== undefined) moves.push({ from, transfer });
    }
  }
  return moves.sort((one, other) => (one.from < other.from ? -1 : 1));
}

async function keyOf(
  side: 'source' | 'target',
  path: string,
  facts: FileFacts | undefined,
  { contentOf }: RenameOptions,
): Promise<string | undefined> {
  if (contentOf !== undefined) {
    const content = await contentOf(side, path);
    return content === undefined ? undefined : `content ${content}`;
  }
  if (facts?.size === undefined || facts.size === 0 || facts.modifiedAt === undefined || facts.precisionMs > SECOND_MS)
    return undefined;
  return `${nameAndSize(path, facts)} ${Math.floor(facts.modifiedAt / SECOND_MS)}`;
}

function enter<T>(map: Map<string, T[]>, key: string | undefined, value: T): void {
  if (key === undefined) return;
  const found = map.get(key);
  if (found === undefined) map.set(key, [value]);
  else found.push(value);
}
