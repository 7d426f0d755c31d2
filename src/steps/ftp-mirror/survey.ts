// Looks at both sides and says what has to happen. Changes nothing, so that preview and run share it.
import { AppError } from '../../core/errors.ts';
import { BATCH_ITEMS, QUESTIONS } from './batch.ts';
import { brakeOn } from './brakes.ts';
import { type Conflict, compareTrees, difference, type MirrorPlan, TIME_TOLERANCE_MS } from './compare.ts';
import { serverHashing } from './digest.ts';
import { makeFilter } from './filter.ts';
import { unequalByHash } from './hashes.ts';
import { inLanes } from './lanes.ts';
import { ListedZones } from './listed-zones.ts';
import { lookLocal, lookRemote } from './look.ts';
import type { Deployed } from './manifest/deployed.ts';
import { remotePath } from './paths.ts';
import { orRefused } from './remote-facts.ts';
import { neverMoved, withMoves } from './renames.ts';
import { isAsSeen, type SeenTimes } from './seen-times.ts';
import { type FileFacts, type Tree, TreeBuilder } from './tree.ts';
import { checkRoot, type Workshop } from './workshop.ts';

export interface Survey {
  readonly plan: MirrorPlan;
  /** The target root does not exist yet. */
  readonly rootMissing: boolean;
  /** Unfinished files of ours in the target: path → size. */
  readonly temps: ReadonlyMap<string, number | undefined>;
  /** Copies found equal by asking the server: to be remembered, so that the next run need not ask. */
  readonly confirmed: ReadonlyMap<string, SeenTimes>;
  /** With `compare: manifest`: what is known to be deployed, to be kept true. */
  readonly deployed?: Deployed;
  /** Why the run will refuse to start. */
  readonly brake: AppError | undefined;
}

/** So many make one more session worth its login, where round trips are long. */
const FILES_A_SESSION = 250;
const MDTM_PRECISION_MS = 1_000;

/** Throws when a side cannot be read whole: what is not proven missing is not missing. */
export async function surveyBoth(workshop: Workshop): Promise<Survey> {
  const { config } = workshop;
  const isUpload = config.direction === 'upload';
  await checkRoot(workshop);
  if (config.compare === 'hash' || config.verify === 'hash') await serverHashing(config, workshop.pool);
  const looking = lookLocal(workshop).then(found => {
    workshop.pool.expect(Math.ceil((found?.tree.files.size ?? 0) / FILES_A_SESSION));
    return found;
  });
  const [local, remote] = await Promise.all([looking, lookRemote(workshop)]);
  const here = local?.tree ?? emptyTree();
  const exact = await refine(workshop, here, withTextSizes(workshop, here, remote?.tree ?? emptyTree()));
  const [source, target] = isUpload ? [here, exact.tree] : [exact.tree, here];
  const equal = new Set([...exact.confirmed.keys(), ...(await equalAsSeen(workshop, source, target, exact.asSeen))]);
  const compared = compareTrees(source, target, {
    by: config.compare === 'time-size' ? 'time-size' : 'size',
    delete: config.delete,
    equal,
    ...(config.compare === 'hash' ? { reasons: await unequalByHash(workshop, here, exact.tree) } : {}),
  });
  const plan = isUpload ? await withMoves(compared, { source, target, never: neverMoved(workshop) }) : compared;
  const unsafe = (isUpload ? local?.unsafe : remote?.unsafe) ?? [];
  return {
    plan: { ...plan, conflicts: [...unsafe.map(asConflict), ...plan.conflicts] },
    rootMissing: (isUpload ? remote : local) === undefined,
    temps: target.temps,
    confirmed: exact.confirmed,
    brake: brakeOn(config, { plan, source, target, suspect: remote?.suspect }),
  };
}

interface Refined {
  readonly tree: Tree;
  readonly asSeen: ReadonlySet<string>;
  readonly confirmed: ReadonlyMap<string, SeenTimes>;
}

interface Open {
  readonly path: string;
  readonly facts: FileFacts;
  readonly mine: FileFacts | undefined;
  readonly seen: SeenTimes | undefined;
}

/** Asks SIZE and MDTM where the listing was too coarse to decide by, or to hand on as the copy's time. */
async function refine(workshop: Workshop, local: Tree, remote: Tree): Promise<Refined> {
  const { config, remoteRoot, memory } = workshop;
  const files = new Map(remote.files);
  const [asSeen, confirmed] = [new Set<string>(), new Map<string, SeenTimes>()];
  const zones = new ListedZones();
  const look = async ({ path, facts, mine, seen }: Open) => {
    if (mine !== undefined && seen !== undefined && isAsSeen(seen, mine, zones.corrected(facts, seen.target)))
      return void asSeen.add(path);
    const exact = await ask(workshop, remotePath(remoteRoot, path), facts);
    files.set(path, exact);
    zones.learn(facts, exact);
    if (config.direction !== 'upload' || mine?.modifiedAt === undefined || exact.modifiedAt === undefined) return;
    if (exact.size !== undefined && difference(mine, exact, 'time-size') === undefined) {
      confirmed.set(path, { size: exact.size, source: mine.modifiedAt, target: exact.modifiedAt });
    }
  };
  const [strange, remembered]: [Open[], Open[]] = [[], []];
  for (const [path, facts] of remote.files) {
    const mine = local.files.get(path);
    if (!isOpen(config, facts, mine)) continue;
    const known = config.direction === 'upload' && mine !== undefined && facts.size !== undefined;
    const seen = known ? await memory.get(path) : undefined;
    (seen === undefined ? strange : remembered).push({ path, facts, mine, seen });
  }
  await inLanes(strange, QUESTIONS, look);
  // What the first answers teach about the server's zone spares the others their question.
  await inLanes(remembered, BATCH_ITEMS, look);
  return { tree: withFiles(remote, files), asSeen, confirmed };
}

function isOpen(config: Workshop['config'], remote: FileFacts, local: FileFacts | undefined): boolean {
  const isCoarse = remote.modifiedAt === undefined || remote.precisionMs > TIME_TOLERANCE_MS;
  if (local === undefined) return config.direction === 'download' && (isCoarse || remote.size === undefined);
  if (remote.size === undefined) return true;
  if (remote.size !== local.size) return config.direction === 'download' && isCoarse;
  return (config.compare === 'time-size' || (config.compare === 'hash' && config.direction === 'download')) && isCoarse;
}

async function ask({ batch, pool }: Workshop, path: string, listed: FileFacts): Promise<FileFacts> {
  const [size, modifiedAt] = await batch
    .soon(soon => Promise.all([listed.size ?? orRefused(soon.size(path)), orRefused(soon.modified(path))]))
    .catch(error => {
      if (!(error instanceof AppError) || error.code !== 'folder-left') throw error;
      return pool.use(async client => [
        listed.size ?? (await orRefused(client.size(path))),
        await orRefused(client.modified(path)),
      ]);
    });
  const time = modifiedAt === undefined ? listed : { modifiedAt, precisionMs: MDTM_PRECISION_MS };
  return { ...time, ...(size === undefined ? {} : { size }) };
}

/** Files whose times differ only because the target could not keep the source's. */
async function equalAsSeen(
  workshop: Workshop,
  source: Tree,
  target: Tree,
  known: ReadonlySet<string>,
): Promise<readonly string[]> {
  const equal = [...known];
  if (workshop.config.compare !== 'time-size') return equal;
  for (const [path, facts] of source.files) {
    const copy = target.files.get(path);
    if (copy === undefined || known.has(path) || facts.size !== copy.size || difference(facts, copy, 'time-size') === undefined)
      continue;
    const seen = await workshop.memory.get(path);
    if (seen !== undefined && isAsSeen(seen, facts, copy)) equal.push(path);
  }
  return equal;
}

/** The sizes of a text say nothing about each other: the copy is taken to have its own, and times decide. */
function withTextSizes({ isText, config }: Workshop, local: Tree, remote: Tree): Tree {
  if (config.ascii.length === 0) return remote;
  const files = [...remote.files].map(([path, facts]) => {
    const size = isText(path) ? local.files.get(path)?.size : undefined;
    return [path, size === undefined ? facts : { ...facts, size }] as const;
  });
  return withFiles(remote, new Map(files));
}

function withFiles(tree: Tree, files: Tree['files']): Tree {
  const { folders, existing, barred, kept, temps } = tree;
  return { files, folders, existing, barred, kept, temps };
}

function emptyTree(): Tree {
  return new TreeBuilder(makeFilter([], []), '');
}

function asConflict({ path, message }: Conflict): Conflict {
  return { path, message };
}
