// Runs a program and tells what it took.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Measured {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly peakMb: number;
  readonly status: number;
  readonly output: string;
  readonly errors: string;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
}

export interface MeasureOptions {
  readonly folder: string;
  readonly limitSeconds: number;
  /** Goes before the command. */
  readonly inside: readonly string[];
}

export function measure({ argv, env }: Command, { folder, limitSeconds, inside }: MeasureOptions): Measured {
  const [result, output] = [join(folder, 'result.json'), join(folder, 'output')];
  const script = join(import.meta.dirname, 'measure.py');
  execFileSync('python3', [script, result, `${limitSeconds}`, output, ...inside, ...argv], {
    env: { PATH: process.env.PATH, HOME: folder, LANG: 'C.UTF-8', TZ: 'UTC', ...env },
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  const { seconds, cpu, peakKb, status } = JSON.parse(readFileSync(result, 'utf8')) as Record<string, number>;
  return {
    seconds: seconds ?? Number.NaN,
    cpuSeconds: cpu ?? Number.NaN,
    peakMb: (peakKb ?? Number.NaN) / 1024,
    status: status ?? -1,
    output: readFileSync(output, 'utf8'),
    errors: readFileSync(`${output}.err`, 'utf8'),
  };
}
