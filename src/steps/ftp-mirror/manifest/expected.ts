// What a run is about to put on the server, noted before it does: one that is killed can no longer say what arrived, and the next run
// would take that for somebody else's.
import type { MirrorPlan } from '../comparison/compare.ts';
import type { Tree } from '../trees/tree.ts';
import type { Workshop } from '../workshop.ts';
import { type PathFacts, provenFolders } from './ask.ts';
import { type DeployedFile, fileRows, isAsDeployed, type Manifest, manifestOf } from './manifest.ts';
import { readRows, writeRows } from './rows.ts';

/** No content has this sum: should the file come back here, it is sent. */
const UNKNOWN_SUM = '0'.repeat(64);
export const NOTHING: Manifest = { files: new Map(), folders: new Set() };

export async function readExpected({ context, memory }: Workshop): Promise<Manifest> {
  const kept = await readRows(context.ledger, memory.place('expected'));
  const folders = (kept?.head as { folders?: unknown } | null | undefined)?.folders;
  return (kept !== undefined && Array.isArray(folders) ? manifestOf(kept.rows, folders) : undefined) ?? NOTHING;
}

export async function writeExpected({ context, memory }: Workshop, { files, folders }: Manifest): Promise<void> {
  await writeRows(context.ledger, memory.place('expected'), { folders: [...folders] }, fileRows(files));
}

/** `before`: what earlier runs put there and could not tell the server of. */
export function expectedOf({ transfers, moves, folders }: MirrorPlan, before: Manifest): Manifest {
  const coming = [...transfers, ...moves.map(({ transfer }) => transfer)];
  const files = coming.flatMap(({ path, facts: { size, modifiedAt } }): [string, DeployedFile][] =>
    size === undefined || modifiedAt === undefined ? [] : [[path, { size, modifiedAt, shown: modifiedAt, sha256: UNKNOWN_SUM }]],
  );
  return { files: new Map([...before.files, ...files]), folders: new Set([...before.folders, ...folders]) };
}

/**
 * Of what was expected, what lies there with its size and time, and no manifest tells of, or only of what it was before.
 * On a server that keeps no times a file stays somebody else's: size alone proves too little for a deletion.
 */
export function arrivedOf(expected: Manifest, told: Manifest, there: ReadonlyMap<string, PathFacts>): Manifest {
  const files = [...expected.files].filter(([path, entry]) => {
    const [facts, known] = [there.get(path), told.files.get(path)];
    if (facts?.size === undefined || facts.modifiedAt === undefined) return false;
    return isAsDeployed(entry, facts) && (known === undefined || !isAsDeployed(known, facts));
  });
  const proven = provenFolders(there);
  const stands = (path: string) => proven.has(path) || there.get(path)?.type === 'folder';
  return {
    files: new Map(files),
    folders: new Set([...expected.folders].filter(path => !told.folders.has(path) && stands(path))),
  };
}

/** What has a source is compared with that. */
export function togetherWith(told: Manifest, { files, folders }: Manifest, source: Tree): Manifest {
  if (files.size === 0 && folders.size === 0) return told;
  const ours = [...files].filter(([path]) => !source.files.has(path));
  return { files: new Map([...told.files, ...ours]), folders: new Set([...told.folders, ...folders]) };
}
