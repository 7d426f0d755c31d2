// `npm run bench smtp`: mails a second and one big attachment, against nodemailer, msmtp, swaks and smtp-source, every delivery counted.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openLink } from './ftp/link.ts';
import { FROM, message, TO } from './smtp/mails.ts';
import { type Place, type Sink, startDiscard, startSink } from './smtp/sink.ts';

const here = join(import.meta.dirname, 'smtp');
const LOOPBACK: Place = { host: '127.0.0.1', inside: [] };
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
  argv(sink: Sink, count: number, bytes: number): readonly string[];
  /** Without it, the process is timed from outside, start-up included. */
  readonly selfTimed: boolean;
}

const node = (script: string, way: string) => (sink: Sink, count: number, bytes: number) =>
  [process.execPath, join(here, script), sink.host, `${sink.port}`, `${count}`, `${bytes}`, way] as const;

const CONTESTANTS: readonly Contestant[] = [
  { name: 'postrider', argv: node('ours.ts', 'overlap'), selfTimed: true },
  { name: 'postrider, proven BDAT', argv: node('ours.ts', 'chunks'), selfTimed: true },
  { name: 'nodemailer pool 1', argv: node('nodemailer.ts', '1'), selfTimed: true },
  { name: 'nodemailer pool 5', argv: node('nodemailer.ts', '5'), selfTimed: true },
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

export async function benchSmtp(check: boolean, args: readonly string[]): Promise<boolean> {
  const only = args
    .find(arg => arg.startsWith('--only='))
    ?.slice(7)
    .split(',');
  const wanted = (part: string) => only === undefined || only.includes(part);
  const verdicts: boolean[] = [];
  if (wanted('loopback')) verdicts.push(await loopback());
  if (wanted('link')) verdicts.push(await link());
  if (wanted('attachment')) verdicts.push(await attachment());
  return !check || verdicts.every(Boolean);
}

async function loopback(): Promise<boolean> {
  let good = true;
  for (const start of [startSink, startDiscard]) {
    const sink = await start(LOOPBACK);
    console.log(`\n2,000 mails of 8 KB, loopback, ${sink.name}`);
    const rates = await field(sink, LOOPBACK, 2_000, 8 * 1_024);
    await sink.stop();
    if (sink.name === 'smtp-sink')
      good &&= says('postrider against nodemailer pool 1', ratio(rates, 'postrider', 'nodemailer pool 1'), 3);
  }
  return good;
}

async function link(): Promise<boolean> {
  const way = await openLink(50);
  if (way === 'missing') {
    console.log('\n50 ms: not measured (needs root, network namespaces and delay-link.py)');
    return true;
  }
  try {
    const sink = await startDiscard({ host: way.serverAddress, inside: way.server });
    console.log('\n200 mails of 8 KB, 50 ms round trip, one connection, postfix');
    const rates = await field(sink, { host: way.serverAddress, inside: way.client }, 200, 8 * 1_024);
    await sink.stop();
    const trips = (rates.get('round trips of postrider') ?? Number.NaN) / 200;
    console.log(`  postrider takes ${trips.toFixed(2)} round trips a mail, the connection's own included (wanted: at most 1.1)`);
    const twice = says('postrider against nodemailer pool 1', ratio(rates, 'postrider', 'nodemailer pool 1'), 2);
    const five = says('proven BDAT against nodemailer pool 5', ratio(rates, 'postrider, proven BDAT', 'nodemailer pool 5'), 5);
    return twice && five && trips <= 1.1;
  } finally {
    await way.close();
  }
}

async function attachment(): Promise<boolean> {
  const folder = mkdtempSync(join(tmpdir(), 'bench-file-'));
  const file = join(folder, 'big.bin');
  writeFileSync(file, Buffer.alloc(ATTACHMENT_BYTES, 'some bytes to send'));
  const sink = await startSink(LOOPBACK);
  console.log('\none mail with an attachment of 100 MB, loopback, smtp-sink');
  const results = new Map<string, Run>();
  for (const script of ['ours.ts', 'nodemailer.ts']) {
    const runs = [1, 2, 3].map(() =>
      run({ name: script, argv: node(script, 'attachment'), selfTimed: true }, sink, LOOPBACK, 1, 0, file),
    );
    const best = runs.reduce((a, b) => (b.seconds < a.seconds ? b : a));
    results.set(script, best);
    const name = script === 'ours.ts' ? 'postrider' : 'nodemailer';
    console.log(
      `  ${name.padEnd(26)} ${best.seconds.toFixed(2)} s  ${(100 / best.seconds).toFixed(0).padStart(4)} MB/s  CPU ${best.cpu.toFixed(2)} s  peak ${best.peakMb.toFixed(0)} MB  accepted ${best.accepted}`,
    );
  }
  const counted = await sink.count(6);
  console.log(`  delivered at the sink: ${counted} of 6`);
  await sink.stop();
  rmSync(folder, { recursive: true });
  const [ours, theirs] = [results.get('ours.ts'), results.get('nodemailer.ts')];
  return counted === 6 && (ours?.seconds ?? 9) <= (theirs?.seconds ?? 0) && (ours?.peakMb ?? 999) < 120;
}

/** Mails a second by contestant. */
async function field(sink: Sink, from: Place, count: number, bytes: number): Promise<ReadonlyMap<string, number>> {
  const rates = new Map<string, number>();
  let before = 0;
  for (const contestant of CONTESTANTS) {
    const mails = Math.max(5, Math.round(count * (contestant.share ?? 1)));
    const { seconds, cpu, peakMb, trips } = run(contestant, sink, from, mails, bytes);
    if (contestant.name === 'postrider') rates.set('round trips of postrider', trips ?? Number.NaN);
    const counted = (await sink.count(before + mails)) - before;
    before += counted;
    rates.set(contestant.name, mails / seconds);
    const whole = counted === mails ? '' : `  ONLY ${counted} OF ${mails} DELIVERED`;
    console.log(
      `  ${contestant.name.padEnd(26)} ${(mails / seconds).toFixed(mails / seconds < 100 ? 1 : 0).padStart(8)} mails/s  CPU ${cpu.toFixed(2)} s  peak ${peakMb.toFixed(0)} MB${whole}`,
    );
  }
  return rates;
}

function run(contestant: Contestant, sink: Sink, { inside }: Place, count: number, bytes: number, file = ''): Run {
  const [command = '', ...args] = [...inside, ...contestant.argv(sink, count, bytes)];
  const start = performance.now();
  const { stdout, stderr, status } = spawnSync(command, args, {
    encoding: 'utf8',
    env: { ...process.env, BENCH_FILE: file },
    timeout: 150_000,
  });
  const seconds = (performance.now() - start) / 1_000;
  if (status !== 0) throw new Error(`${contestant.name} ended with ${status}: ${stderr.slice(0, 500)}`);
  return contestant.selfTimed ? (JSON.parse(stdout) as Run) : { seconds, cpu: Number.NaN, peakMb: Number.NaN, accepted: count };
}

function ratio(rates: ReadonlyMap<string, number>, ours: string, theirs: string): number {
  return (rates.get(ours) ?? 0) / (rates.get(theirs) ?? Number.NaN);
}

function says(what: string, times: number, wanted: number): boolean {
  console.log(`  ${what}: ${times.toFixed(1)} × (wanted: ${wanted} ×)`);
  return times >= wanted;
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
