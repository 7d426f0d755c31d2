// A mirror as a process of its own that is killed (SIGKILL) at a chosen moment, and somebody who reads the target all the while.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { startCli } from '../support/cli.ts';
import type { RealServer } from './servers.ts';

export const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');

/** A source tree that changes at random: files grow, are replaced, appear, go, and change places with folders; whole folders come and go. */
export class Source {
  readonly root: string;
  readonly #random: () => number;
  #clock = 1_600_000_000;
  #turn = 0;

  constructor(root: string, random: () => number) {
    this.root = root;
    this.#random = random;
    mkdirSync(root, { recursive: true });
    for (let n = 0; n < 25; n++) this.write(`folder ${n % 5}/file ${n}`);
    this.write('big/one', 1_500_000);
  }

  change(): void {
    for (let n = 0; n < 10; n++) this.write(`folder ${this.#below(6)}/file ${this.#below(40)}`);
    for (let n = 0; n < 4; n++)
      rmSync(join(this.root, `folder ${this.#below(6)}/file ${this.#below(40)}`), { force: true, recursive: true });
    if (this.#below(3) === 0) this.write('big/one', 500_000 + this.#below(1_500_000));
    rmSync(join(this.root, `new ${this.#turn++ - 2}`), { recursive: true, force: true });
    for (let n = 0; n < 8; n++) this.write(`new ${this.#turn}/${n % 3 === 0 ? 'deep/' : ''}${n}`, this.#below(30_000));
    const swap = `swap ${this.#below(2)}`;
    rmSync(join(this.root, swap), { recursive: true, force: true });
    this.write(this.#below(2) === 0 ? swap : `${swap}/inside`);
  }

  write(path: string, size = this.#below(4) === 0 ? this.#below(200_000) : this.#below(2_000)): void {
    const full = join(this.root, path);
    mkdirSync(dirname(full), { recursive: true });
    writeFileSync(full, `${path} ${this.#random()} `.repeat(Math.ceil(size / 20)).slice(0, size));
    this.#clock += 10;
    utimesSync(full, this.#clock, this.#clock);
  }

  #below(limit: number): number {
    return Math.floor(this.#random() * limit);
  }
}

/** path → sha256, and `folder` for folders; what postrider keeps for itself left out when `visible`. */
export function treeOf(root: string, visible: boolean): Map<string, string> {
  const entries = readdirSync(root, { recursive: true, withFileTypes: true });
  const rows = entries
    .map(entry => ({ entry, path: join(entry.parentPath, entry.name).slice(root.length + 1) }))
    .filter(({ path }) => !visible || !path.includes('.postrider-'))
    .map(({ entry, path }) => [path, entry.isDirectory() ? 'folder' : String(statSync(join(root, path)).size)] as const);
  return new Map(rows.sort(([one], [other]) => (one < other ? -1 : 1)));
}

export async function sumsOf(root: string): Promise<Map<string, string>> {
  const tree = treeOf(root, true);
  for (const [path, kind] of tree) if (kind !== 'folder') tree.set(path, sha256(await readFile(join(root, path))));
  return tree;
}

/** Reads every visible file of the target again and again, until told to stop; returns what it saw that nobody ever wrote whole. */
export function watch(
  root: string,
  allowed: readonly ReadonlyMap<string, string>[],
): () => Promise<{ torn: string[]; reads: number }> {
  const torn: string[] = [];
  let [reads, stopped] = [0, false];
  const isWhole = (path: string, sum: string) => allowed.some(tree => tree.get(path) === sum);
  const look = async () => {
    while (!stopped) {
      const entries = await readdir(root, { recursive: true, withFileTypes: true }).catch(() => []);
      for (const entry of entries) {
        const path = join(entry.parentPath, entry.name).slice(root.length + 1);
        if (!entry.isFile() || path.includes('.postrider-')) continue;
        const bytes = await readFile(join(root, path)).catch(() => undefined);
        reads += 1;
        if (bytes !== undefined && !isWhole(path, sha256(bytes))) torn.push(`${path} (${bytes.length} bytes)`);
      }
      await new Promise(resolve => setImmediate(resolve));
    }
  };
  const looking = look();
  return async () => {
    stopped = true;
    await looking;
    return { torn, reads };
  };
}

export interface Mirror {
  readonly cwd: string;
  readonly server: RealServer;
  /** Default: none. */
  readonly tls?: 'none' | 'explicit';
  readonly args: readonly string[];
}

/** Lines of the dialogue with the server, or bytes transferred. */
export interface Moment {
  readonly lines?: number;
  readonly bytes?: number;
}

/** Runs it, killed at a moment if one is given. `lines`: how long the dialogue with the server was. */
export async function mirror({ cwd, server, tls = 'none', args }: Mirror, moment: Moment = {}) {
  const trust = tls === 'none' ? 'tls=none' : `ca=${encodeURIComponent(server.caFile)}`;
  const url = `ftp://${server.user}@${server.host}:${server.port}/www?${trust}`;
  const full = ['ftp', 'mirror', ...args.map(arg => (arg === 'SERVER' ? url : arg)), '--transcript', '--json', '--retries', '0'];
  const cli = startCli(full, { cwd, env: { POSTRIDER_PASSWORD: server.password } });
  let lines = 0;
  cli.child.stderr?.on('data', (text: string) => {
    lines += text.split('\n').length - 1;
    if (lines >= (moment.lines ?? Number.POSITIVE_INFINITY)) cli.child.kill('SIGKILL');
  });
  cli.child.stdout?.on('data', (text: string) => {
    const bytes = [...text.matchAll(/"bytes":(\d+)/g)].map(match => Number(match[1]));
    if (Math.max(...bytes) >= (moment.bytes ?? Number.POSITIVE_INFINITY)) cli.child.kill('SIGKILL');
  });
  const { code, signal, stdout, stderr } = await cli.done;
  const finished = stdout.split('\n').find(line => line.includes('"step-finished"'));
  const { outputs, error } = JSON.parse(finished ?? '{}') as { outputs?: Record<string, number>; error?: { message: string } };
  return { lines, code, signal, outputs, error: error?.message ?? '', stderr };
}
