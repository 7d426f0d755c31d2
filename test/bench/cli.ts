// Start-up of the program against an empty oclif program, in turns on the same machine; CONTRACT of issue 2: 1.2 and 2 times.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

const ROUNDS = 25;
const root = resolve(import.meta.dirname, '../..');

interface Contestant {
  readonly name: string;
  readonly argv: readonly string[];
  /** The most it may take, in times of the empty program. */
  readonly ratioMax?: number;
}

/** True when every ratio is within its bound, or when nobody asked. */
export async function benchCli(check: boolean): Promise<boolean> {
  const empty = emptyProgram();
  const contestants: Contestant[] = [
    { name: 'empty oclif program, --version', argv: [join(empty, 'bin/run.js'), '--version'] },
    { name: 'postrider --version', argv: [join(root, 'bin/postrider.js'), '--version'], ratioMax: 1.2 },
    { name: 'empty oclif program, a command', argv: [join(empty, 'bin/run.js'), 'hello'] },
    {
      name: 'postrider validate FILE',
      argv: [join(root, 'bin/postrider.js'), 'validate', join(root, 'jobs/deploy-site.yaml')],
      ratioMax: 2,
    },
  ];
  try {
    const times = contestants.map(() => [] as number[]);
    for (let round = 0; round < ROUNDS; round++)
      for (const [i, contestant] of contestants.entries()) times[i]?.push(once(contestant));
    const base = median(times[0] ?? []);
    const results = contestants.map((contestant, i) => ({ ...contestant, ms: median(times[i] ?? []) }));
    console.log(`start-up, median of ${ROUNDS} in turns, Node ${process.version}`);
    for (const { name, ms, ratioMax } of results) {
      console.log(
        `  ${name.padEnd(34)} ${ms.toFixed(0).padStart(5)} ms  ${(ms / base).toFixed(2)} ×${ratioMax === undefined ? '' : `  (at most ${ratioMax} ×)`}`,
      );
    }
    return !check || results.every(({ ms, ratioMax }) => ratioMax === undefined || ms / base <= ratioMax);
  } finally {
    rmSync(empty, { recursive: true });
  }
}

function once({ name, argv }: Contestant): number {
  const start = performance.now();
  const { status, stderr } = spawnSync(process.execPath, [...argv], { stdio: ['ignore', 'ignore', 'pipe'], encoding: 'utf8' });
  if (status !== 0) throw new Error(`${name} ended with ${status}: ${stderr}`);
  return performance.now() - start;
}

/** What `oclif generate` makes, without plugins: one command, a manifest, nothing else. */
function emptyProgram(): string {
  const dir = mkdtempSync(join(tmpdir(), 'empty-oclif-'));
  for (const folder of ['bin', 'commands']) mkdirSync(join(dir, folder));
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  const oclif = { bin: 'empty', commands: './commands' };
  writeFileSync(join(dir, 'package.json'), JSON.stringify({ name: 'empty', version: '0.0.0', type: 'module', oclif }));
  writeFileSync(join(dir, 'bin/run.js'), "import { execute } from '@oclif/core';\nawait execute({ dir: import.meta.url });\n");
  writeFileSync(
    join(dir, 'commands/hello.js'),
    "import { Command } from '@oclif/core';\nexport default class Hello extends Command {\n  async run() {\n    this.log('hello');\n  }\n}\n",
  );
  return dir;
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
