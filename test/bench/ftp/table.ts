// Prints the results of a workload as a table, postrider's ratios to the best peer last; the bounds are for it as it is by itself.
import { cpus } from 'node:os';
import type { Bound, Cell } from './cells.ts';
import type { Field, Result } from './field.ts';
import type { BenchOptions } from './options.ts';

const PEAK_MB_MAX = 150;

export function printHead({ rounds, rttMs, nets }: BenchOptions): void {
  const way = nets.includes('link') ? `, link of ${rttMs} ms` : '';
  console.log(`FTP, median of ${rounds} in turns${way}, ${cpus().length} cores, Node ${process.version}; program start included`);
}

/** Returns whether postrider kept its bounds. */
export function printCell(field: Field, cell: Cell, results: readonly Result[]): boolean {
  const { server, tls, link, options } = field;
  const where = `${server}, ${tls}${link === undefined ? ', loopback' : `, ${link.rttMs} ms`}`;
  console.log(`\n${where}: ${cell.title(options)}`);
  console.log(
    `  ${'program'.padEnd(17)}${['seconds', 'rtt/item', 'cpu s', 'peak MB'].map(head => head.padStart(10)).join('')}  times`,
  );
  for (const result of results) console.log(`  ${row(field, cell, result)}`);
  return judge(field, cell, results);
}

function row({ link, options }: Field, cell: Cell, result: Result): string {
  const { name, seconds, cpuSeconds, peakMb, wrong, timesKept } = result;
  if (wrong !== undefined) return `${name.padEnd(17)}  failed after ${seconds.toFixed(2)} s: ${wrong}`;
  const trips = link === undefined ? '' : ((seconds * 1_000) / link.rttMs / cell.items(options)).toFixed(2);
  const cells = [seconds.toFixed(2), trips, cpuSeconds.toFixed(2), peakMb.toFixed(0)].map(text => text.padStart(10));
  return `${name.padEnd(17)}${cells.join('')}  ${timesKept === undefined ? '' : timesKept ? 'kept' : 'lost'}`;
}

function judge({ tls, link }: Field, cell: Cell, results: readonly Result[]): boolean {
  const [mine, ...others] = results;
  if (mine === undefined) return true;
  if (mine.wrong !== undefined) return false;
  const bound = cell.bound?.({ tls, link: link !== undefined });
  const peers = others.filter(({ name, wrong }) => wrong === undefined && !name.startsWith('postrider'));
  const best = fastest(peers);
  for (const ours of results.filter(({ name, wrong }) => /^postrider(-tls.*)?$/.test(name) && wrong === undefined))
    if (best !== undefined)
      console.log(`  ${ours.name}: ${(ours.seconds / best.seconds).toFixed(2)} × the best peer (${best.name})`);
  const rival = fastest(peers.filter(({ name }) => name.startsWith(bound?.peer ?? '')));
  const kept = rival === undefined || bound === undefined || mine.seconds <= limitOf(rival, bound);
  if (!kept) console.log(`  too slow: at most ${limitOf(rival, bound).toFixed(2)} s, after ${rival.name}`);
  const small = mine.peakMb <= PEAK_MB_MAX;
  if (!small) console.log(`  too large: at most ${PEAK_MB_MAX} MB`);
  return kept && small;
}

function limitOf({ seconds }: Result, { ratio, plusSeconds = 0 }: Bound): number {
  return seconds * ratio + plusSeconds;
}

function fastest(results: readonly Result[]): Result | undefined {
  return [...results].sort((a, b) => a.seconds - b.seconds)[0];
}
