// The workloads: what lies where before a program runs, what must be there afterwards, and the bounds that postrider keeps.
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions, CellName, Tls } from './options.ts';
import type { Samples } from './samples.ts';
import { copyTree, differenceOf, emptyFolder, namesIn, timesKept } from './trees.ts';

/** Where one program works: a folder here, and one on the server (as the server names it, and on this disk). */
export interface Place {
  readonly local: string;
  readonly remote: string;
  readonly remoteOnDisk: string;
  readonly serverRoot: string;
  /** Where what is done with goes, on the same disks. */
  readonly away: string;
  readonly serverAway: string;
}

export interface Verdict {
  /** What is wrong, or undefined. */
  readonly wrong: string | undefined;
  /** Copies carry their source's times; undefined where there is nothing to carry. */
  readonly timesKept?: boolean;
}

export interface Cell {
  readonly name: CellName;
  readonly title: (options: BenchOptions) => string;
  /** Files moved or looked at, for the round trips of each. */
  readonly items: (options: BenchOptions) => number;
  prepare(place: Place, samples: Samples): void;
  verify(place: Place, samples: Samples, output: string): Verdict;
  /** The most that postrider may take: times the best peer, plus seconds. Undefined: no bound. */
  readonly bound?: (at: { readonly tls: Tls; readonly link: boolean }) => Bound | undefined;
}

export interface Bound {
  readonly ratio: number;
  readonly plusSeconds?: number;
  /** Only against peers whose names begin so. */
  readonly peer?: string;
}

const CELL_LIST: readonly Cell[] = [
  {
    name: 'up',
    title: ({ files }) => `${files} files of 1–20 KB up`,
    items: ({ files }) => files,
    prepare: ({ remoteOnDisk, serverRoot }) => emptyFolder(remoteOnDisk, serverRoot),
    verify: ({ remoteOnDisk }, { site }) => compared(site, remoteOnDisk),
    bound: ({ tls, link }) => (link ? { ratio: 1 / 1.5 } : { ratio: tls === 'plain' ? 1.2 : 1 }),
  },
  {
    name: 'same',
    title: ({ files }) => `nothing changed among ${files} files`,
    items: ({ files }) => files,
    prepare: ({ remoteOnDisk, serverRoot }, { site }) => copyTree(site, remoteOnDisk, serverRoot),
    verify: ({ remoteOnDisk }, { site }) => compared(site, remoteOnDisk),
    bound: ({ link }) => (link ? { ratio: 1 / 3 } : { ratio: 1, plusSeconds: 0.4, peer: 'lftp' }),
  },
  {
    name: 'change',
    title: ({ files }) => `20 changed and 5 deleted among ${files} files`,
    items: () => 25,
    prepare: ({ remoteOnDisk, serverRoot }, { site }) => copyTree(site, remoteOnDisk, serverRoot),
    verify: ({ remoteOnDisk }, { edited }) => compared(edited, remoteOnDisk),
  },
  {
    name: 'down',
    title: ({ files }) => `${files} files of 1–20 KB down`,
    items: ({ files }) => files,
    prepare: ({ remoteOnDisk, serverRoot }, { site }) => copyTree(site, remoteOnDisk, serverRoot),
    verify: ({ local }, { site }) => compared(site, local),
    bound: ({ tls, link }) => ({ ratio: link || tls === 'ftps' ? 1 : 1.2 }),
  },
  {
    name: 'big-up',
    title: ({ bigBytes }) => `one file of ${bigBytes / 1024 / 1024} MB up`,
    items: () => 1,
    prepare: ({ remoteOnDisk, serverRoot }) => emptyFolder(remoteOnDisk, serverRoot),
    verify: ({ remoteOnDisk }, { big }) => compared(big, remoteOnDisk),
    bound: ({ tls }) => ({ ratio: tls === 'plain' ? 1.3 : 1.2, peer: 'curl' }),
  },
  {
    name: 'big-down',
    title: ({ bigBytes }) => `one file of ${bigBytes / 1024 / 1024} MB down`,
    items: () => 1,
    prepare: ({ local, remoteOnDisk, serverRoot }, { big }) => {
      copyTree(big, remoteOnDisk, serverRoot);
      mkdirSync(local);
    },
    verify: ({ local }, { big }) => compared(big, local),
    bound: ({ tls }) => ({ ratio: tls === 'plain' ? 1.3 : 1.2, peer: 'curl' }),
  },
  {
    name: 'list',
    title: ({ listFolders }) => `${listFolders} folders listed`,
    items: ({ listFolders }) => listFolders,
    prepare: ({ remoteOnDisk, serverRoot }, { forest }) => copyTree(forest, remoteOnDisk, serverRoot),
    verify: (_, { forest }, output) => ({ wrong: unlisted(namesIn(forest), output) }),
    bound: () => ({ ratio: 1, peer: 'rclone' }),
  },
];

export function cellNamed(name: CellName): Cell {
  const cell = CELL_LIST.find(each => each.name === name);
  if (cell === undefined) throw new Error(`there is no cell ${name}`);
  return cell;
}

/** Moved away, not deleted: for minutes ext4 passes over each inode that was just freed, and whoever comes next would pay for it. */
export function clear({ local, remoteOnDisk, away, serverAway }: Place): void {
  for (const [path, to] of [
    [local, away],
    [remoteOnDisk, serverAway],
  ] as const) {
    if (!existsSync(path)) continue;
    mkdirSync(to, { recursive: true });
    if (existsSync(join(path, 'big'))) rmSync(path, { recursive: true });
    else renameSync(path, join(to, `${++moved}`));
  }
}

let moved = 0;

function compared(expected: string, actual: string): Verdict {
  const wrong = differenceOf(expected, actual);
  return wrong === undefined ? { wrong, timesKept: timesKept(expected, actual) } : { wrong };
}

/** Every listing program writes paths in its own way; each path must stand somewhere, whole. */
function unlisted(names: readonly string[], output: string): string | undefined {
  const said = new Set(output.match(/area-\d+[\w/-]*/g)?.map(path => path.replace(/\/$/, '')));
  const missing = names.filter(name => !said.has(name));
  return missing.length === 0 ? undefined : `${missing.length} of ${names.length} not listed, such as ${missing[0]}`;
}

export function placeFor(folder: string, serverRoot: string, name: string): Place {
  const away = { away: join(folder, 'away'), serverAway: join(serverRoot, '../away') };
  return { local: join(folder, 'local'), remote: `/${name}`, remoteOnDisk: join(serverRoot, name), serverRoot, ...away };
}
