// `npm run bench smtp`: mails a second and one big attachment, against nodemailer, msmtp, swaks and smtp-source, every delivery counted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLink } from './ftp/link.ts';
import { FROM, message, TO } from './smtp/mails.ts';
import { type Place, type Sink, startDiscard, startSink } from './smtp/sink.ts';

/** Where the contestants stand as one file each, as the program itself is shipped: nobody pays for loading types and modules. */
const BUNDLES = mkdtempSync(join(tmpdir(), 'bench-smtp-'));

async function bundle(): Promise<void> {
  const { rolldown } = await import('rolldown');
  const input = Object.fromEntries(['ours', 'nodemailer'].map(name => [name, join(import.meta.dirname, `smtp/${name}.ts`)]));
  const bundled = await rolldown({ input, platform: 'node', external: ['keytar'], logLevel: 'warn' });
  await bundled.write({ dir: BUNDLES, format: 'esm', entryFileNames: '[name].js' });
  writeFileSync(join(BUNDLES, 'package.json'), '{"type":"module"}');
  process.once('exit', () => rmSync(BUNDLES, { recursive: true }));
}

const LOOPBACK: Place = { host: '127.0.0.1', inside: [] };
const MAIL_BYTES = 8 * 1_024;
const ATTACHMENT_BYTES = 100 * 1024 ** 2;

interface Run {
  readonly seconds: number;
  readonly cpu: number;
  readonly peakMb: number;
  readonly accepted: number;
  /** Ours alone: writes that were followed by something heard. */
  readonly trips?: number;
}

interface Contestant {
  readonly name: string;
  /** One-shot programs send fewer: their rate is what is compared. */
  readonly share?: number;
  /** On loopback, where a run is short: the best of so many counts. */
  readonly rounds?: number;
  argv(sink: Sink, count: number, bytes: number): readonly string[];
  /** Without it, the process is timed from outside, start-up included. */
  readonly selfTimed: boolean;
}

const node = (script: string, way: string) => (sink: Sink, count: number, bytes: number) =>
  [process.execPath, join(BUNDLES, script), sink.host, `${sink.port}`, `${count}`, `${bytes}`, way] as const;

const OVERLAP = 'postrider, overlapped DATA';
const BATCH = 'postrider, as a batch goes';
const PROVEN = 'postrider, proven BDAT';
const POOL_1 = 'nodemailer pool 1';
const POOL_5 = 'nodemailer pool 5';

const CONTESTANTS: readonly Contestant[] = [
  { name: OVERLAP, argv: node('ours.js', 'overlap'), rounds: 3, selfTimed: true },
  { name: BATCH, argv: node('ours.js', 'batch'), rounds: 3, selfTimed: true },
  { name: PROVEN, argv: node('ours.js', 'chunks'), selfTimed: true },
  { name: POOL_1, argv: node('nodemailer.js', '1'), rounds: 3, selfTimed: true },
  { name: POOL_5, argv: node('nodemailer.js', '5'), selfTimed: true },
  {
    name: 'smtp-source, 1 session',
    argv: ({ host, port }, count, bytes) => [
      'smtp-source',
      '-d',
      '-s',
      '1',
      '-m',
      `${count}`,
      '-l',
      `${bytes}`,
      '-f',
      FROM,
      '-t',
      TO,
      `${host}:${port}`,
    ],
    selfTimed: false,
  },
  {
    name: 'msmtp, a process a mail',
    share: 0.02,
    argv: (sink, count, bytes) => ['sh', '-c', msmtp(sink, count, bytes)],
    selfTimed: false,
  },
  {
    name: 'swaks, a process a mail',
    share: 0.01,
    argv: (sink, count, bytes) => ['sh', '-c', swaks(sink, count, bytes)],
    selfTimed: false,
  },
];

/** Each runs alone in less than four minutes. */
const CELLS: Readonly<Record<string, () => Promise<boolean>>> = {
  loopback: () => loopback(startSink),
  'loopback-postfix': () => loopback(startDiscard),
  link,
  attachment,
};

/** `--only=loopback,link`; names as in CELLS. */
export async function benchSmtp(check: boolean, args: readonly string[]): Promise<boolean> {
  const only = args
    .find(arg => arg.startsWith('--only='))
    ?.slice(7)
    .split(',');
  const unknown = only?.filter(name => CELLS[name] === undefined) ?? [];
  if (unknown.length > 0) throw new Error(`there is no cell ${unknown.join(', ')}; there are: ${Object.keys(CELLS).join(', ')}`);
  await bundle();
  let good = true;
  for (const [name, cell] of Object.entries(CELLS)) if (only?.includes(name) ?? true) good = (await cell()) && good;
  return !check || good;
}

/** Mails a second, and what else was measured, by contestant. */
interface Field {
  readonly rate: ReadonlyMap<string, number>;
  readonly trips: ReadonlyMap<string, number>;
  readonly complete: boolean;
}

async function loopback(start: (place: Place) => Promise<Sink>): Promise<boolean> {
  const sink = await start(LOOPBACK);
  console.log(`\n2,000 mails of 8 KB, one connection, loopback, ${sink.name}`);
  const results = await field(sink, LOOPBACK, 2_000, true);
  await sink.stop();
  console.log(`  overlapped DATA against nodemailer pool 1: ${times(results, OVERLAP, POOL_1).toFixed(2)} ×`);
  // A real server takes longer over a mail than anybody needs to send it.
  return sink.name === 'smtp-sink'
    ? bound('as a batch goes against nodemailer pool 1', times(results, BATCH, POOL_1), 3) && results.complete
    : results.complete;
}

async function link(): Promise<boolean> {
  const way = await openLink(50);
  if (way === 'missing') {
    console.log('\n50 ms: not measured (needs root, network namespaces and delay-link.py)');
    return true;
  }
  try {
    const sink = await startDiscard({ host: way.serverAddress, inside: way.server });
    console.log('\n200 mails of 8 KB, one connection, 50 ms round trip, postfix');
    const results = await field(sink, { host: way.serverAddress, inside: way.client }, 200, false);
    await sink.stop();
    const trips = (name: string) => (results.trips.get(name) ?? Number.NaN) / 200;
    console.log(
      `  overlapped DATA against nodemailer pool 1: ${times(results, OVERLAP, POOL_1).toFixed(2)} × (one round trip against two: less than 2 × whatever one does)`,
    );
    return [
      bound('round trips a mail, overlapped DATA', trips(OVERLAP), 1.1, 'at most'),
      bound('round trips a mail, as a batch goes', trips(BATCH), 1.1, 'at most'),
      bound('as a batch goes against nodemailer pool 1', times(results, BATCH, POOL_1), 2),
      bound('proven BDAT against nodemailer pool 5', times(results, PROVEN, POOL_5), 5),
      results.complete,
    ].every(Boolean);
  } finally {
    await way.close();
  }
}

async function attachment(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-file-'));
  const file = join(folder, 'big.bin');
  writeFileSync(file, Buffer.alloc(ATTACHMENT_BYTES, 'some bytes to send'));
  const sink = await startSink(LOOPBACK);
  console.log('\none mail with an attachment of 100 MB, loopback, smtp-sink, best of five');
  const [ours, theirs] = [attach(sink, 'postrider', 'ours.js', file), attach(sink, 'nodemailer', 'nodemailer.js', file)];
  const counted = await sink.count(2 * ATTACHMENT_ROUNDS);
  console.log(`  delivered at the sink: ${counted} of ${2 * ATTACHMENT_ROUNDS}`);
  await sink.stop();
  rmSync(folder, { recursive: true });
  return [
    bound('the time of nodemailer', theirs.seconds / ours.seconds, 1),
    bound('peak memory in MB', ours.peakMb, 120, 'at most'),
    counted === 2 * ATTACHMENT_ROUNDS,
  ].every(Boolean);
}

const ATTACHMENT_ROUNDS = 5;

/** The fastest run, with the greatest memory of all. */
function attach(sink: Sink, name: string, script: string, file: string): Run {
  const contestant = { name, argv: node(script, 'attachment'), selfTimed: true };
  const runs = Array.from({ length: ATTACHMENT_ROUNDS }, () => run(contestant, sink, LOOPBACK, { mails: 1, file }));
  const best = { ...fastest(runs), peakMb: Math.max(...runs.map(({ peakMb }) => peakMb)) };
  const rate = `${(100 / best.seconds).toFixed(0).padStart(4)} MB/s`;
  console.log(
    `  ${name.padEnd(26)} ${best.seconds.toFixed(2)} s  ${rate}  CPU ${best.cpu.toFixed(2)} s  peak ${best.peakMb.toFixed(0)} MB`,
  );
  return best;
}

function fastest(runs: readonly Run[]): Run {
  return runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
}

async function field(sink: Sink, from: Place, count: number, repeated: boolean): Promise<Field> {
  const [rate, trips] = [new Map<string, number>(), new Map<string, number>()];
  let [before, complete] = [0, true];
  for (const contestant of CONTESTANTS) {
    const mails = Math.max(5, Math.round(count * (contestant.share ?? 1)));
    const rounds = repeated ? (contestant.rounds ?? 1) : 1;
    const best = fastest(Array.from({ length: rounds }, () => run(contestant, sink, from, { mails })));
    const counted = (await sink.count(before + mails * rounds)) - before;
    before += counted;
    complete &&= counted === mails * rounds;
    const speed = mails / best.seconds;
    rate.set(contestant.name, speed);
    if (best.trips !== undefined) trips.set(contestant.name, best.trips);
    const own = contestant.selfTimed ? `  CPU ${best.cpu.toFixed(2)} s  peak ${best.peakMb.toFixed(0)} MB` : '';
    const delivered = `${counted} of ${mails * rounds} delivered`;
    console.log(`  ${contestant.name.padEnd(26)} ${speed.toFixed(speed < 100 ? 1 : 0).padStart(8)} mails/s${own}  ${delivered}`);
  }
  return { rate, trips, complete };
}

function run(
  contestant: Contestant,
  sink: Sink,
  { inside }: Place,
  what: { readonly mails: number; readonly file?: string },
): Run {
  const { mails, file = '' } = what;
  const [command = '', ...args] = [...inside, ...contestant.argv(sink, mails, MAIL_BYTES)];
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, BENCH_FILE: file },
    timeout: 150_000,
  });
  const seconds = (performance.now() - start) / 1_000;
  if (status !== 0) throw new Error(`${contestant.name} ended with ${status}: ${stderr.slice(0, 500)}`);
  return contestant.selfTimed ? (JSON.parse(stdout) as Run) : { seconds, cpu: Number.NaN, peakMb: Number.NaN, accepted: mails };
}

function times({ rate }: Field, ours: string, theirs: string): number {
  return (rate.get(ours) ?? 0) / (rate.get(theirs) ?? Number.NaN);
}

function bound(what: string, value: number, limit: number, side: 'at least' | 'at most' = 'at least'): boolean {
  const met = side === 'at least' ? value >= limit : value <= limit;
  console.log(`  ${what}: ${value.toFixed(2)} (wanted: ${side} ${limit}): ${met ? 'met' : 'MISSED'}`);
  return met;
}

function msmtp({ host, port }: Sink, count: number, bytes: number): string {
  const file = mailFile(bytes);
  return `i=0; while [ $i -lt ${count} ]; do msmtp --host=${host} --port=${port} --tls=off --auth=off --from=${FROM} ${TO} <${file} || exit 1; i=$((i+1)); done`;
}

function swaks({ host, port }: Sink, count: number, bytes: number): string {
  const file = mailFile(bytes);
  return `i=0; while [ $i -lt ${count} ]; do swaks --silent 2 --server ${host} --port ${port} --from ${FROM} --to ${TO} --data @${file} || exit 1; i=$((i+1)); done`;
}

function mailFile(bytes: number): string {
  const file = join(tmpdir(), `bench-mail-${process.pid}`);
  writeFileSync(file, message(bytes));
  return file;
}
