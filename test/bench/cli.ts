// Start-up of the program: time and peak memory against bare Node, an empty oclif program, lftp and curl, in turns on the same machine.
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type Command, type Measured, measure } from './ftp/measure.ts';

const ROUNDS = Number(process.env['ROUNDS'] ?? 15);
const HELP_RATIO_MAX = 1.2;
const LS_ABOVE_HELP_MAX_S = 0.15;
const root = resolve(import.meta.dirname, '../..');
const BIN = join(root, 'bin/postrider.js');

/** True when every figure is within its bound, or when nobody asked. */
export async function benchCli(check: boolean): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  const sandbox = await startSandbox(join(dir, 'sandbox'));
  try {
    const results = inTurns(contestants(emptyProgram(join(dir, 'empty')), sandbox, dir), join(dir, 'time'));
    print(results);
    return judge(results) || !check;
  } finally {
    sandbox.stop();
    rmSync(dir, { recursive: true });
  }
}

interface Sandbox {
  readonly port: string;
  readonly password: string;
  readonly ca: string;
  stop(): void;
}

async function startSandbox(dir: string): Promise<Sandbox> {
  const child = spawn(process.execPath, [BIN, 'sandbox', '--dir', dir], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  await new Promise<void>((ready, failed) => {
    child.stdout.setEncoding('utf8').on('data', text => {
      said += text;
      if (said.includes('Ctrl-C ends it')) ready();
    });
    child.once('exit', code => failed(new Error(`the sandbox ended with ${code}`)));
  });
  for (const name of ['site', 'pictures']) mkdirSync(join(dir, 'ftp', name), { recursive: true });
  const fact = (pattern: RegExp) => pattern.exec(said)?.[1] ?? '';
  return {
    port: fact(/^ftp\s+localhost:(\d+)/m),
    password: fact(/^password\s+(\S+)/m),
    ca: fact(/^trust\s+(\S+)/m),
    stop: () => child.kill(),
  };
}

const NAMES = ['node', 'empty --version', 'empty --help', '--version', '--help', 'validate', 'ftp ls', 'lftp', 'curl'] as const;
type Name = (typeof NAMES)[number];

function contestants(empty: string, { port, password, ca }: Sandbox, dir: string): Record<Name, Command> {
  const node = (...args: string[]): Command => ({ argv: [process.execPath, ...args], env: { POSTRIDER_PASSWORD: password } });
  const rc = join(dir, 'lftprc');
  writeFileSync(rc, `set ssl:ca-file ${ca}\nset ftp:ssl-force yes\nopen -u sandbox,${password} -p ${port} localhost\ncls -l\n`);
  return {
    node: node('-e', '0'),
    'empty --version': node(empty, '--version'),
    'empty --help': node(empty, '--help'),
    '--version': node(BIN, '--version'),
    '--help': node(BIN, '--help'),
    validate: node(BIN, 'validate', join(root, 'jobs/deploy-site.yaml')),
    'ftp ls': node(BIN, 'ftp', 'ls', `ftp://sandbox@localhost:${port}/?ca=${ca}`),
    lftp: { argv: ['lftp', '--norc', '-f', rc] },
    curl: { argv: ['curl', '-sS', '--ssl-reqd', '--cacert', ca, '-u', `sandbox:${password}`, `ftp://localhost:${port}/`] },
  };
}

type Results = Readonly<Record<Name, Measured>>;

/** One round unmeasured, then the median of the rest by time. */
function inTurns(commands: Record<Name, Command>, folder: string): Results {
  mkdirSync(folder);
  const seen = Object.fromEntries(NAMES.map(name => [name, [] as Measured[]])) as Record<Name, Measured[]>;
  for (let round = 0; round <= ROUNDS; round++) {
    for (const name of NAMES) {
      const measured = measure(commands[name], { folder, limitSeconds: 30, inside: [] });
      if (measured.status !== 0) throw new Error(`${name} ended with ${measured.status}: ${measured.errors}`);
      if (LISTS.has(name) && !measured.output.includes('site')) throw new Error(`${name} listed nothing: ${measured.output}`);
      if (round > 0) seen[name].push(measured);
    }
  }
  return Object.fromEntries(NAMES.map(name => [name, median(seen[name])])) as Results;
}

const LISTS: ReadonlySet<Name> = new Set(['ftp ls', 'lftp', 'curl']);

const TITLES: Readonly<Record<Name, string>> = {
  node: 'bare Node (node -e 0)',
  'empty --version': 'empty oclif program, --version',
  'empty --help': 'empty oclif program, --help',
  '--version': 'postrider --version',
  '--help': 'postrider --help',
  validate: 'postrider validate FILE',
  'ftp ls': 'postrider ftp ls, sandbox, TLS',
  lftp: 'lftp cls -l, the same',
  curl: 'curl, the same',
};

function print(results: Results): void {
  console.log(`start-up, median of ${ROUNDS} in turns, Node ${process.version}`);
  console.log(`  ${''.padEnd(34)}    time     CPU    peak   of an empty oclif program's --help`);
  for (const name of NAMES) {
    const { seconds, cpuSeconds, peakMb } = results[name];
    const cells = [`${(seconds * 1_000).toFixed(0)} ms`, `${(cpuSeconds * 1_000).toFixed(0)} ms`, `${peakMb.toFixed(0)} MB`];
    const ratio = `${(seconds / results['empty --help'].seconds).toFixed(2)} ×`;
    console.log(`  ${TITLES[name].padEnd(34)} ${cells.map(cell => cell.padStart(7)).join(' ')}  ${ratio.padStart(7)}`);
  }
}

function judge(results: Results): boolean {
  const ratio = results['--help'].seconds / results['empty --help'].seconds;
  const above = results['ftp ls'].seconds - results['--help'].seconds;
  console.log(`  --help: ${ratio.toFixed(2)} times an empty oclif program (at most ${HELP_RATIO_MAX})`);
  console.log(`  ftp ls: ${above.toFixed(3)} s above --help (at most ${LS_ABOVE_HELP_MAX_S})`);
  return ratio <= HELP_RATIO_MAX && above <= LS_ABOVE_HELP_MAX_S;
}

/** What `oclif generate` makes, as it is published: one command, a manifest, no plugins. Returns the file to run. */
function emptyProgram(dir: string): string {
  for (const folder of ['bin', 'dist/commands']) mkdirSync(join(dir, folder), { recursive: true });
  symlinkSync(join(root, 'node_modules'), join(dir, 'node_modules'));
  const write = (file: string, text: string) => writeFileSync(join(dir, file), text);
  const oclif = { bin: 'empty', dirname: 'empty', commands: './dist/commands', topicSeparator: ' ' };
  write('package.json', JSON.stringify({ name: 'empty', version: '0.0.0', type: 'module', oclif }));
  write('bin/run.js', "import { execute } from '@oclif/core';\nawait execute({ dir: import.meta.url });\n");
  write(
    'dist/commands/hello.js',
    "import { Command } from '@oclif/core';\nexport default class Hello extends Command {\n  async run() {\n    this.log('hello');\n  }\n}\n",
  );
  const hello = {
    id: 'hello',
    aliases: [],
    args: {},
    flags: {},
    hiddenAliases: [],
    strict: true,
    pluginName: 'empty',
    pluginType: 'core',
  };
  const command = { ...hello, isESM: true, relativePath: ['dist', 'commands', 'hello.js'] };
  write('oclif.manifest.json', JSON.stringify({ commands: { hello: command }, version: '0.0.0' }));
  return join(dir, 'bin/run.js');
}

function median(measured: readonly Measured[]): Measured {
  const sorted = [...measured].sort((a, b) => a.seconds - b.seconds);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new Error('nothing was measured');
  return middle;
}
