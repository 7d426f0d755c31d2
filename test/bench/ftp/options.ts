// What of the FTP bench to run, and how large.
import { parseArgs } from 'node:util';

export const CELLS = ['up', 'same', 'change', 'down', 'big-up', 'big-down', 'list'] as const;
export const SERVERS = ['vsftpd', 'proftpd', 'pure-ftpd'] as const;
export type CellName = (typeof CELLS)[number];
export type ServerName = (typeof SERVERS)[number];
export type Tls = 'plain' | 'ftps';

export interface BenchOptions {
  readonly cells: readonly CellName[];
  readonly servers: readonly ServerName[];
  readonly tls: readonly Tls[];
  readonly nets: readonly ('loopback' | 'link')[];
  /** Beginnings of names of contestants; empty: all. postrider always runs. */
  readonly peers: readonly string[];
  readonly files: number;
  readonly folders: number;
  readonly bigBytes: number;
  readonly listFolders: number;
  readonly rounds: number;
  readonly rttMs: number;
  /** postrider's `--parallel` where a cell does not say; undefined: its default. */
  readonly parallel: number | undefined;
  readonly limitSeconds: number;
  readonly dir: string | undefined;
  readonly check: boolean;
}

const HELP = `npm run bench ftp -- [options]
  --only CELLS       ${CELLS.join(',')}
  --server SERVERS   ${SERVERS.join(',')}
  --tls WAYS         plain,ftps
  --net NETS         loopback,link (a link with --rtt, over network namespaces; needs root)
  --peers NAMES      lftp,rclone,basic-ftp,curl or beginnings of names, such as lftp-8
  --files N          small files, default 2000 (400 over the link)   --rounds N     in turns, default 3 (1 over the link)
  --big MB           default 512 (64 over the link)                  --folders N    listed, default 500
  --rtt MS           default 50                                      --limit S      for one program, default 300
  --parallel N       of postrider, default its own                   --dir DIR      where files lie, default the system's
  --quick            200 files, 32 MB, 50 folders, one round         --check        fail when a bound is not kept`;

export function readOptions(args: readonly string[]): BenchOptions {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const texts = { only: text, server: text, tls: text, net: text, peers: text, files: text, big: text, folders: text };
  const more = { rounds: text, rtt: text, parallel: text, limit: text, dir: text, quick: flag, check: flag, help: flag };
  const { values } = parseArgs({ args: [...args], options: { ...texts, ...more }, strict: true });
  if (values.help) {
    console.log(HELP);
    process.exit(0);
  }
  const nets = chosen(values.net, ['loopback', 'link'] as const, ['loopback']);
  const slow = nets.includes('link');
  const number = (given: string | undefined, usual: number) => (given === undefined ? usual : Number(given));
  const size = (full: number, link: number, quick: number) => (values.quick ? quick : slow ? link : full);
  return {
    cells: chosen(values.only, CELLS, CELLS),
    servers: chosen(values.server, SERVERS, ['proftpd']),
    tls: chosen(values.tls, ['plain', 'ftps'] as const, ['plain', 'ftps']),
    nets,
    peers: values.peers?.split(',') ?? [],
    files: number(values.files, size(2_000, 400, 200)),
    folders: 100,
    bigBytes: number(values.big, size(512, 64, 32)) * 1024 * 1024,
    listFolders: number(values.folders, size(500, 500, 50)),
    rounds: number(values.rounds, size(3, 1, 1)),
    rttMs: number(values.rtt, 50),
    parallel: values.parallel === undefined ? undefined : Number(values.parallel),
    limitSeconds: number(values.limit, 300),
    dir: values.dir,
    check: values.check ?? false,
  };
}

function chosen<Name extends string>(given: string | undefined, known: readonly Name[], usual: readonly Name[]): readonly Name[] {
  if (given === undefined) return usual;
  if (given === 'all') return known;
  const names = given.split(',');
  const wrong = names.find(name => !(known as readonly string[]).includes(name));
  if (wrong === undefined) return known.filter(name => names.includes(name));
  console.error(`there is no ${wrong}; there are: ${known.join(', ')}`);
  process.exit(2);
}
