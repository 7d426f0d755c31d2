// `npm run bench pop3`: the archive step against mpop, fetchmail, getmail6 and node-pop3 on dovecot, every mail's hash checked before a
// time counts. `--help` lists the options.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Link, openLink } from './ftp/link.ts';
import { measure } from './ftp/measure.ts';
import { CELL_LIST, type Cell } from './pop3/cells.ts';
import { type Contestant, contestants } from './pop3/contestants.ts';
import { fingerprint, mailsOf } from './pop3/mailbox.ts';
import { type BenchOptions, readOptions } from './pop3/options.ts';
import { type Host, startHost } from './pop3/server.ts';
import { printBounds, printCell, type Result } from './pop3/table.ts';

const LIMIT_SECONDS = 600;

/** True when every cell kept its bounds, or when nobody asked. */
export async function benchPop3(args: readonly string[]): Promise<boolean> {
  const options = readOptions(args);
  let kept = true;
  for (const cell of CELL_LIST.filter(({ name }) => options.cells.includes(name))) kept = (await runCell(cell, options)) && kept;
  return kept || !options.check;
}

async function runCell(cell: Cell, options: BenchOptions): Promise<boolean> {
  const link = cell.onLink ? await openLink(options.rttMs) : undefined;
  if (link === 'missing') {
    console.log(
      `\n${cell.title}: no delay link here; it needs root, namespaces, /dev/net/tun and delay-link.py (POSTRIDER_DELAY_LINK)`,
    );
    return true;
  }
  const folder = mkdtempSync(join(cell.place === 'tmpfs' ? '/dev/shm' : (options.dir ?? tmpdir()), 'bench-pop3-'));
  const host = await startHost(cell.workload, link);
  try {
    const results = measureAll(cell, options, { folder, host, link });
    const perMessage =
      link && ((seconds: number) => `${((seconds * 1000) / link.rttMs / cell.workload.messages).toFixed(4)} RTT each`);
    printCell(`${cell.title}${link === undefined ? '' : `, ${link.rttMs} ms`}`, results, perMessage);
    return printBounds(cell.bounds, results);
  } finally {
    await host.stop();
    await link?.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

interface Scene {
  readonly folder: string;
  readonly host: Host;
  readonly link: Link | undefined;
}

/** In turns, so that a busy minute of the machine meets all of them. */
function measureAll(cell: Cell, options: BenchOptions, scene: Scene): readonly Result[] {
  const expected = new Set<string>();
  for (const mail of mailsOf(cell.workload)) expected.add(fingerprint(mail));
  const takes = ({ name }: Contestant) =>
    name === 'postrider' || cell.peers === undefined || cell.peers.some(start => name.startsWith(start));
  const competing = contestants(options.peers).filter(takes);
  const rounds = cell.rounds ?? options.rounds;
  const results = new Map<string, Result[]>();
  for (let round = 0; round < rounds; round++) {
    for (const contestant of competing) {
      if (contestant.slow === true && round > 0) continue;
      results.set(contestant.name, [...(results.get(contestant.name) ?? []), once(contestant, expected, scene)]);
    }
  }
  return competing.map(({ name }) => medianOf(name, results.get(name) ?? []));
}

function once(contestant: Contestant, expected: ReadonlySet<string>, { folder, host, link }: Scene): Result {
  const place = join(folder, 'place');
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { mode: 0o700 });
  const run = () =>
    measure(contestant.command(host, place), { folder: place, limitSeconds: LIMIT_SECONDS, inside: link?.client ?? [] });
  const { seconds, cpuSeconds, peakMb, status, errors } = run();
  const wrong = status === 0 ? compared(contestant, place, expected) : `ended with ${status}: ${errors.slice(0, 300)}`;
  const second = wrong === undefined ? run() : undefined;
  const more = second === undefined || compared(contestant, place, expected) === undefined ? wrong : 'stored again what it had';
  return {
    name: contestant.name,
    seconds,
    again: second?.seconds,
    cpuSeconds,
    peakMb: Math.max(peakMb, second?.peakMb ?? 0),
    wrong: more,
  };
}

function compared(contestant: Contestant, place: string, expected: ReadonlySet<string>): string | undefined {
  const found = new Set<string>();
  let count = 0;
  for (const mail of contestant.stored(place)) {
    count += 1;
    const mark = fingerprint(mail);
    if (expected.has(mark)) found.add(mark);
  }
  if (found.size === expected.size && count === expected.size) return undefined;
  return `${found.size} of ${expected.size} right among ${count}`;
}

function medianOf(name: string, rounds: readonly Result[]): Result {
  const middle = (pick: (result: Result) => number) =>
    rounds.map(pick).sort((a, b) => a - b)[Math.floor(rounds.length / 2)] ?? Number.NaN;
  const again = middle(result => result.again ?? Number.NaN);
  return {
    name,
    seconds: middle(result => result.seconds),
    again: Number.isNaN(again) ? undefined : again,
    cpuSeconds: middle(result => result.cpuSeconds),
    peakMb: Math.max(...rounds.map(result => result.peakMb)),
    wrong: rounds.find(result => result.wrong !== undefined)?.wrong,
  };
}
