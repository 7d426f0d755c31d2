// compare: manifest. What has to happen, from what was deployed instead of from listings: the server is asked about those files alone.
import { join } from 'node:path';
import { printable } from '../../../core/text.ts';
import { brakeOn } from '../comparison/brakes.ts';
import { compareTrees, difference, type Reason } from '../comparison/compare.ts';
import { remoteHash } from '../comparison/hashes.ts';
import { neverMoved, withMoves } from '../comparison/renames.ts';
import { isAsSeen } from '../comparison/seen-times.ts';
import type { Survey } from '../comparison/survey.ts';
import { hashFile, serverHashing } from '../digest.ts';
import { takenOver } from '../new-folders.ts';
import { QUESTIONS } from '../sessions/batch.ts';
import { inLanes } from '../sessions/lanes.ts';
import { makeFilter } from '../trees/filter.ts';
import { lookLocal, lookRemote } from '../trees/look.ts';
import { MANIFEST_NAME } from '../trees/own-names.ts';
import { ancestorsOf, type FileFacts, type Tree, TreeBuilder } from '../trees/tree.ts';
import { checkRoot, type Workshop } from '../workshop.ts';
import { Answers, type PathFacts, provenFolders } from './ask.ts';
import { ABSENT, Deployed, type KeptManifest, keptManifest, looksAsKept } from './deployed.ts';
import { arrivedOf, NOTHING, readExpected, togetherWith } from './expected.ts';
import { LocalSums } from './local-sums.ts';
import { type DeployedFile, isAsDeployed, type Manifest } from './manifest.ts';
import { fetchManifest } from './remote-manifest.ts';

const SECOND_MS = 1_000;
const FILES_AT_ONCE = 16;

/** `leftovers`: unfinished files of an earlier mirror may lie there; listings find them. */
export async function surveyDeployed(workshop: Workshop, leftovers: boolean): Promise<Survey> {
  const { config, context, memory, localRoot, signal } = workshop;
  await checkRoot(workshop);
  if (config.verify === 'hash') await serverHashing(config, workshop.pool);
  const answers = new Answers(workshop);
  const [local, kept, expected] = await Promise.all([lookLocal(workshop), keptManifest(workshop), readExpected(workshop)]);
  const source = local?.tree ?? new TreeBuilder(makeFilter([], []), '');
  const { manifest: told, rootMissing, known, looked } = await findManifest(workshop, { kept, source, answers });
  const sums = await LocalSums.open(context, { key: memory.place('sums'), root: localRoot, signal });
  const there = rootMissing ? new Map<string, PathFacts>() : await lookAt(answers, [told, source, expected]);
  const untold = arrivedOf(expected, told, there);
  const manifest = togetherWith(told, untold, source);
  const target = await targetTree(workshop, { manifest, source, there });
  const verdicts = new Verdicts(workshop, { manifest, there, sums });
  await inLanes(source.files, FILES_AT_ONCE, ([path, mine]) => verdicts.on(path, mine));
  const { equal, reasons, adopted } = verdicts;
  const compared = compareTrees(source, target, { by: 'size', delete: config.delete, equal, reasons });
  const contentOf = async (side: 'source' | 'target', path: string) => {
    if (side === 'source') return sums.of(path);
    const [entry, facts] = [manifest.files.get(path), there.get(path)];
    return entry !== undefined && facts !== undefined && isAsDeployed(entry, facts) ? entry.sha256 : undefined;
  };
  const plan = await withMoves(compared, { source, target, contentOf, never: neverMoved(workshop) });
  const now = stillThere(manifest, there, adopted);
  for (const path of source.folders) if (target.existing.has(path)) now.folders.add(path);
  const left = takenOver((leftovers ? (await lookRemote(workshop))?.tree : undefined) ?? target, source);
  return {
    plan: { ...plan, conflicts: [...(local?.unsafe ?? []), ...plan.conflicts] },
    rootMissing,
    temps: left.tree.temps,
    stale: left.stale,
    begun: left.begun,
    confirmed: new Map(),
    deployed: new Deployed(workshop, sums, now, {
      dirty: !known || adopted.size > 0 || now.files.size !== manifest.files.size || manifest !== told,
      looked,
      untold,
    }),
    brake: brakeOn(config, { plan, source, target }),
  };
}

interface Looking {
  readonly kept: KeptManifest | undefined;
  readonly source: Tree;
  readonly answers: Answers;
}

/** `known`: the server has it just so. The copy kept here is enough when the one on the server looks as it did when it was written. */
async function findManifest(workshop: Workshop, { kept, source, answers }: Looking) {
  if (kept !== undefined) {
    for (const path of new Set([...kept.manifest.files.keys(), ...source.files.keys()])) void answers.of(path);
    if (looksAsKept(kept, await answers.of(MANIFEST_NAME)))
      return { manifest: kept.manifest, rootMissing: false, known: !kept.ahead, looked: kept.looked };
  }
  const { manifest, rootMissing } = await fetchManifest(workshop);
  if (manifest !== undefined) return { manifest, rootMissing, known: true, looked: undefined };
  if (kept !== undefined && !rootMissing) {
    const why = kept.looked.size === ABSENT.size ? 'could not be written yet' : 'is gone from the server';
    workshop.context.note('warning', `${MANIFEST_NAME} ${why}: the copy that was kept here is used`);
    return { manifest: kept.manifest, rootMissing, known: false, looked: ABSENT };
  }
  if (!rootMissing) workshop.context.note('info', `no ${MANIFEST_NAME} on the server yet: what is there already is taken over`);
  return {
    manifest: NOTHING,
    rootMissing,
    known: false,
    looked: ABSENT,
  };
}

/** All that was deployed and all that may be: what the server shows there now. */
async function lookAt(
  answers: Answers,
  [manifest, source, expected]: readonly [Manifest, Tree, Manifest],
): Promise<ReadonlyMap<string, PathFacts>> {
  const paths = new Set([...manifest.files.keys(), ...source.files.keys(), ...expected.files.keys()]);
  const there = new Map<string, PathFacts>();
  const look = async (path: string) => void there.set(path, await answers.of(path));
  await inLanes(paths, QUESTIONS, look);
  const proven = provenFolders(there);
  await inLanes(
    [...new Set([...manifest.folders, ...expected.folders])].filter(path => !proven.has(path)),
    QUESTIONS,
    look,
  );
  return there;
}

interface Sides {
  readonly manifest: Manifest;
  readonly source: Tree;
  readonly there: ReadonlyMap<string, PathFacts>;
}

/** The server's side as far as it is ours: what was deployed and is still like that, and what stands where something is to go. */
async function targetTree(workshop: Workshop, { manifest, source, there }: Sides): Promise<Tree> {
  const { config, context, pool, remoteRoot } = workshop;
  const tree = new TreeBuilder(makeFilter(config.include, config.exclude), remoteRoot);
  const tellsFolders = there.size > 0 && (await pool.use(async client => client.features.mlst));
  const filled = new Set([...source.files.keys()].flatMap(path => [...ancestorsOf(path)]));
  const entered = new Map<string, boolean>();
  const enter = (path: string): boolean => {
    const known = entered.get(path);
    if (known !== undefined) return known;
    const above = [...ancestorsOf(path)].reverse().every(enter);
    const open = above && tree.addFolder(path);
    entered.set(path, open);
    return open;
  };
  const put = (path: string, add: () => void) => {
    if ([...ancestorsOf(path)].reverse().every(enter)) add();
  };
  for (const path of manifest.folders) {
    const facts = there.get(path);
    if (facts?.type === 'folder' || (!tellsFolders && facts === undefined && !filled.has(path))) enter(path);
  }
  for (const [path, facts] of there) {
    if (facts === undefined) continue;
    const entry = manifest.files.get(path);
    const isStrange = !source.files.has(path) && (entry === undefined || !isAsDeployed(entry, facts));
    if (facts.type === 'folder') enter(path);
    else if (facts.type !== 'file') put(path, () => tree.addOther(path, 'a symbolic link or a device'));
    else if (isStrange) {
      if (config.delete) context.note('warning', `${printable(path)} stays: somebody else changed it on the server`);
      put(path, () => tree.addOther(path, 'a file that somebody else changed'));
    } else put(path, () => tree.addFile(path, factsOf(facts)));
  }
  return tree;
}

interface Evidence {
  readonly manifest: Manifest;
  readonly there: ReadonlyMap<string, PathFacts>;
  readonly sums: LocalSums;
}

/** File by file: equal, or different and how, or there already and to be taken over. */
class Verdicts {
  readonly equal = new Set<string>();
  readonly reasons = new Map<string, Reason>();
  readonly adopted = new Map<string, DeployedFile>();
  readonly #workshop: Workshop;
  readonly #evidence: Evidence;

  constructor(workshop: Workshop, evidence: Evidence) {
    this.#workshop = workshop;
    this.#evidence = evidence;
  }

  async on(path: string, mine: FileFacts): Promise<void> {
    const { manifest, there, sums } = this.#evidence;
    const facts = there.get(path);
    if (facts?.type !== 'file') return;
    const entry = manifest.files.get(path);
    if (entry === undefined || !isAsDeployed(entry, facts)) return this.#onForeign(path, mine, factsOf(facts));
    if (mine.size !== entry.size) return void this.reasons.set(path, 'different size');
    if ((await sums.of(path)) === entry.sha256) this.equal.add(path);
    else this.reasons.set(path, 'different hash');
  }

  /** Not as we left it, or not ours: by its content where the server makes checksums, else by size and time. */
  async #onForeign(path: string, mine: FileFacts, theirs: FileFacts): Promise<void> {
    const { memory, pool, localRoot, signal } = this.#workshop;
    if (theirs.size !== undefined && theirs.size !== mine.size) return void this.reasons.set(path, 'different size');
    const algorithm = await pool.use(async client => client.hashing);
    const hash = algorithm === undefined ? undefined : await remoteHash(this.#workshop, path, mine.size ?? 0);
    if (algorithm !== undefined && hash !== undefined) {
      const here = await hashFile(join(localRoot, path), algorithm, signal);
      return here === hash ? this.#adopt(path, mine, theirs) : void this.reasons.set(path, 'different hash');
    }
    const seen = await memory.get(path);
    if (seen !== undefined && isAsSeen(seen, mine, theirs)) return this.#adopt(path, mine, theirs);
    const reason = difference(mine, theirs, 'time-size');
    if (reason === undefined) await this.#adopt(path, mine, theirs);
    else this.reasons.set(path, reason);
  }

  async #adopt(path: string, mine: FileFacts, theirs: FileFacts): Promise<void> {
    this.equal.add(path);
    this.adopted.set(path, {
      size: mine.size ?? 0,
      modifiedAt: mine.modifiedAt ?? 0,
      shown: theirs.modifiedAt ?? null,
      sha256: await this.#evidence.sums.of(path),
    });
  }
}

/** What is gone from the server is no longer deployed, and what was found there is. */
function stillThere(manifest: Manifest, there: Evidence['there'], adopted: ReadonlyMap<string, DeployedFile>) {
  const files = [...manifest.files].filter(([path]) => there.get(path) !== undefined);
  const folders = [...manifest.folders].filter(path => !adopted.has(path) && there.get(path)?.type !== 'file');
  return { files: new Map([...files, ...adopted]), folders: new Set(folders) };
}

function factsOf({ size, modifiedAt, precisionMs = SECOND_MS }: NonNullable<PathFacts>): FileFacts {
  return { ...(size === undefined ? {} : { size }), ...(modifiedAt === undefined ? {} : { modifiedAt }), precisionMs };
}
