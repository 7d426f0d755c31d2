// Runs one workload with every contestant, in turns, each on fresh folders, and judges what it did.
import { type Cell, clear, placeFor, type Verdict } from './cells.ts';
import type { Contestant } from './contestants.ts';
import type { Link } from './link.ts';
import { type Measured, measure } from './measure.ts';
import type { BenchOptions, ServerName, Tls } from './options.ts';
import type { Samples } from './samples.ts';
import type { Host } from './server.ts';

/** Where everything happens. */
export interface Field {
  readonly host: Host;
  readonly link: Link | undefined;
  readonly samples: Samples;
  readonly folder: string;
  readonly options: BenchOptions;
  readonly server: ServerName;
  readonly tls: Tls;
}

/** Medians over the rounds, or what went wrong in one of them. */
export interface Result {
  readonly name: string;
  readonly connections: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly timesKept: boolean | undefined;
  readonly wrong: string | undefined;
}

export async function runCell(field: Field, cell: Cell, all: readonly Contestant[]): Promise<readonly Result[]> {
  const rounds = new Map<Contestant, (Measured & Verdict)[]>(all.map(contestant => [contestant, []]));
  for (let round = 0; round < field.options.rounds; round++) {
    for (const [contestant, seen] of rounds) {
      if (seen.some(({ wrong }) => wrong !== undefined)) continue;
      const once = runOnce(field, cell, contestant);
      if (once !== undefined) seen.push(once);
    }
  }
  return [...rounds].filter(([, seen]) => seen.length > 0).map(([contestant, seen]) => summed(contestant, seen));
}

function runOnce(field: Field, cell: Cell, contestant: Contestant): (Measured & Verdict) | undefined {
  const { host, link, samples, folder, options, tls } = field;
  const place = placeFor(folder, host.root, `${cell.name}-${contestant.name}`);
  const command = contestant.command({ cell: cell.name, host, tls, place, samples, parallel: options.parallel });
  if (command === undefined) return undefined;
  clear(place);
  cell.prepare(place, samples);
  try {
    const measured = measure(command, { folder, limitSeconds: options.limitSeconds, inside: link?.client ?? [] });
    const verdict = cell.verify(place, samples, measured.output);
    if (measured.status === 0) return { ...measured, ...verdict };
    const said = measured.errors.trim().split('\n').at(-1)?.slice(-120) ?? '';
    return { ...measured, wrong: `exit ${measured.status}${verdict.wrong === undefined ? '' : `, ${verdict.wrong}`}: ${said}` };
  } finally {
    clear(place);
  }
}

function summed({ name, connections }: Contestant, seen: readonly (Measured & Verdict)[]): Result {
  const middle = (of: (one: Measured) => number) => median(seen.map(of));
  return {
    name,
    connections,
    seconds: middle(({ seconds }) => seconds),
    cpuSeconds: middle(({ cpuSeconds }) => cpuSeconds),
    peakMb: Math.max(...seen.map(({ peakMb }) => peakMb)),
    timesKept: seen[0]?.timesKept,
    wrong: seen.find(({ wrong }) => wrong !== undefined)?.wrong,
  };
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
