// What `npm run bench pop3` takes on its command line.

export interface BenchOptions {
  readonly cells: readonly CellName[];
  /** Beginnings of names; empty: all. */
  readonly peers: readonly string[];
  readonly rounds: number;
  readonly rttMs: number;
  /** Where the archives are written: a real disk, unless somebody wants otherwise. */
  readonly dir: string | undefined;
  readonly check: boolean;
}

export const CELLS = ['disk', 'tmpfs', 'link', 'link-small', 'big', 'uids'] as const;
export type CellName = (typeof CELLS)[number];

const USAGE = `npm run bench pop3 -- [--cells ${CELLS.join(',')}] [--peers mpop,fetchmail,getmail6,node-pop3] [--rounds 3] [--rtt 50] [--dir DIR] [--check]`;

export function readOptions(args: readonly string[]): BenchOptions {
  const values = new Map<string, string>();
  for (let at = 0; at < args.length; at++) {
    const name = args[at] ?? '';
    if (name === '--check') values.set(name, '');
    else if (['--cells', '--peers', '--rounds', '--rtt', '--dir'].includes(name)) values.set(name, args[++at] ?? '');
    else {
      console.log(USAGE);
      process.exit(name === '--help' ? 0 : 2);
    }
  }
  const list = (name: string) => (values.get(name) ?? '').split(',').filter(Boolean);
  const cells = list('--cells') as CellName[];
  return {
    cells: cells.length === 0 ? CELLS : cells,
    peers: list('--peers'),
    rounds: Number(values.get('--rounds') ?? 3),
    rttMs: Number(values.get('--rtt') ?? 50),
    dir: values.get('--dir'),
    check: values.has('--check'),
  };
}
