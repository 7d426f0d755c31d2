// Looks at both sides and says what has to happen. Changes nothing, so that preview and run share it.
import type { AppError } from '../../../core/errors.ts';
import { serverHashing } from '../digest.ts';
import type { Deployed } from '../manifest/deployed.ts';
import { fillsNewFolders, takenOver } from '../new-folders.ts';
import { makeFilter, makeGlobTest } from '../trees/filter.ts';
import { lookLocal, lookRemote } from '../trees/look.ts';
import { type FileFacts, type Tree, TreeBuilder } from '../trees/tree.ts';
import { checkRoot, type Workshop } from '../workshop.ts';
import { brakeOn } from './brakes.ts';
import { type Conflict, compareTrees, difference, type MirrorPlan } from './compare.ts';
import { unequalByHash } from './hashes.ts';
import { askedExactly, Refinement, withTextSize } from './refine.ts';
import { coarselyGone, neverMoved, withMoves } from './renames.ts';
import { isAsSeen, type SeenTimes } from './seen-times.ts';

export interface Survey {
  readonly plan: MirrorPlan;
  /** The target root does not exist yet. */
  readonly rootMissing: boolean;
  /** Unfinished files of ours in the target: path → size. */
  readonly temps: ReadonlyMap<string, number | undefined>;
  /** Folders of the target without names that are of no use any more, the deepest first. */
  readonly stale: readonly string[];
  /** New folders that an earlier run began to fill. */
  readonly begun: ReadonlySet<string>;
  /** Copies found equal by asking the server: to be remembered, so that the next run need not ask. */
  readonly confirmed: ReadonlyMap<string, SeenTimes>;
  /** With `compare: manifest`: what is known to be deployed, to be kept true. */
  readonly deployed?: Deployed;
  /** Why the run will refuse to start. */
  readonly brake: AppError | undefined;
}

/** So many make one more session worth its login, where round trips are long. */
const FILES_A_SESSION = 250;

/** Throws when a side cannot be read whole: what is not proven missing is not missing. */
export async function surveyBoth(workshop: Workshop): Promise<Survey> {
  const { config } = workshop;
  const isUpload = config.direction === 'upload';
  await checkRoot(workshop);
  if (config.compare === 'hash' || config.verify === 'hash') await serverHashing(config, workshop.pool);
  const refinement = new Refinement(workshop);
  const looking = lookLocal(workshop).then(found => {
    const files = found?.tree.files ?? new Map<string, FileFacts>();
    workshop.pool.expect(Math.ceil(files.size / FILES_A_SESSION));
    refinement.begin(files);
    return found;
  });
  const [local, remote] = await Promise.all([looking, lookRemote(workshop, (path, facts) => refinement.offer(path, facts))]);
  const sides = { here: local?.tree ?? emptyTree(), there: remote?.tree ?? emptyTree() };
  const { begun, stale, files, ...taken } = takeOver(workshop, sides);
  if (isUpload) for (const [path, facts] of files) refinement.offer(path, facts);
  const exact = await refinement.finish();
  const { here } = taken;
  const there = withFacts(withTextSizes(workshop, here, taken.there), exact.files);
  const [source, target] = isUpload ? [here, there] : [there, here];
  const equal = new Set([...exact.confirmed.keys(), ...(await equalAsSeen(workshop, source, target, exact.asSeen))]);
  const compared = compareTrees(source, target, {
    by: config.compare === 'time-size' ? 'time-size' : 'size',
    delete: config.delete,
    equal,
    ...(config.compare === 'hash' ? { reasons: await unequalByHash(workshop, here, there) } : {}),
  });
  const plan = isUpload ? await withRenames(workshop, compared, source, target) : compared;
  const unsafe = (isUpload ? local?.unsafe : remote?.unsafe) ?? [];
  return {
    plan: { ...plan, conflicts: [...unsafe.map(asConflict), ...plan.conflicts] },
    rootMissing: (isUpload ? remote : local) === undefined,
    temps: target.temps,
    stale,
    begun,
    confirmed: exact.confirmed,
    brake: brakeOn(config, { plan, source, target, suspect: remote?.suspect }),
  };
}

interface Sides {
  readonly here: Tree;
  readonly there: Tree;
}

/** The two sides, with what an interrupted run left in new folders of the target where it is to lie. */
function takeOver({ config, newFolders }: Workshop, { here, there }: Sides) {
  const isUpload = config.direction === 'upload';
  const source = isUpload ? here : there;
  const isLast = fillsNewFolders(config) ? makeGlobTest(config.last) : undefined;
  const { tree, ...found } = takenOver(isUpload ? there : here, source, isLast);
  for (const folder of found.begun) newFolders.open(folder);
  return { ...(isUpload ? { here, there: tree } : { here: tree, there }), ...found };
}

async function withRenames(workshop: Workshop, plan: MirrorPlan, source: Tree, target: Tree): Promise<MirrorPlan> {
  const options = { source, target, never: neverMoved(workshop) };
  const exact = await askedExactly(workshop, coarselyGone(plan, options));
  return withMoves(plan, { ...options, target: withFacts(target, exact) });
}

/** Files whose times differ only because the target could not keep the source's. */
async function equalAsSeen(
  workshop: Workshop,
  source: Tree,
  target: Tree,
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const equal = [...known];
  if (workshop.config.compare !== 'time-size' || target.files.size === 0) return equal;
  for (const [path, facts] of source.files) {
    const copy = target.files.get(path);
    if (copy === undefined || known.has(path) || facts.size !== copy.size || difference(facts, copy, 'time-size') === undefined)
      continue;
    const seen = await workshop.memory.get(path);
    if (seen !== undefined && isAsSeen(seen, facts, copy)) equal.push(path);
  }
  return equal;
}

function withTextSizes(workshop: Workshop, local: Tree, remote: Tree): Tree {
  if (workshop.config.ascii.length === 0) return remote;
  const files = [...remote.files].map(
    ([path, facts]) => [path, withTextSize(workshop, path, facts, local.files.get(path))] as const,
  );
  return withFiles(remote, new Map(files));
}

function withFiles(tree: Tree, files: Tree['files']): Tree {
  const { folders, existing, barred, kept, temps, unnamed } = tree;
  return { files, folders, existing, barred, kept, temps, unnamed };
}

/** The same with what is known better. */
function withFacts(tree: Tree, better: Tree['files']): Tree {
  if (better.size === 0) return tree;
  const files = new Map(tree.files);
  for (const [path, facts] of better) files.set(path, facts);
  return withFiles(tree, files);
}

function emptyTree(): Tree {
  return new TreeBuilder(makeFilter([], []), '');
}

function asConflict({ path, message }: Conflict): Conflict {
  return { path, message };
}
