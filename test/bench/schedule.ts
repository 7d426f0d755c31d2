// The scheduler under load: many schedules, an idle scheduler, a store of a million runs. Bounds are those of issue 6.
import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

const root = resolve(import.meta.dirname, '../..');
const BIN = join(root, 'bin/postrider.js');
const MANY = Number(process.env['SCHEDULES'] ?? 10_000);
const FEW = 100;
const RUNS = Number(process.env['RUNS'] ?? 1_000_000);
const IDLE_S = Number(process.env['IDLE_S'] ?? 300);
/** Until a scheduler has looked around once more after its start, and sleeps. */
const SETTLE_MS = Math.min(60, IDLE_S) * 1_000;
/** Linux counts CPU time in hundredths of a second. */
const TICKS_PER_S = 100;

interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** Nothing without one is judged. */
  readonly max?: number;
}

/** True when every figure is within its bound, or when nobody asked. */
export async function benchSchedule(check: boolean): Promise<boolean> {
  const dir = mkdtempSync(join(tmpdir(), 'postrider-bench-'));
  try {
    console.log(`scheduler, Node ${process.version}`);
    const figures = [...(await many(dir)), ...(await few(dir)), ...(await history(dir))];
    return !check || figures.every(({ value, max }) => max === undefined || value <= max);
  } finally {
    rmSync(dir, { recursive: true });
  }
}

function say(figure: Figure): Figure {
  const { name, value, unit, max } = figure;
  const bound = max === undefined ? '' : `  (at most ${max}: ${value <= max ? 'met' : 'missed'})`;
  console.log(`  ${name.padEnd(52)} ${value.toFixed(unit === '%' ? 3 : 0).padStart(7)} ${unit}${bound}`);
  return figure;
}

function writeJobs(dir: string, count: number): void {
  mkdirSync(join(dir, 'jobs'), { recursive: true });
  for (let i = 0; i < count; i++) {
    const cron = `${i % 60} ${Math.floor(i / 60) % 24} ${(i % 28) + 1} * *`;
    writeFileSync(
      join(dir, 'jobs', `job-${i}.yaml`),
      `schedule: { cron: "${cron}", timezone: Europe/Zurich }\nsteps:\n  - { id: build, run: make }\n  - { id: check, uses: http/check, with: { url: "https://www.example.org/${i}" } }\n`,
    );
  }
}

interface Line {
  readonly event: string;
  readonly [fact: string]: unknown;
}

/** Starts a scheduler; resolves when it says that it has started. */
async function start(dir: string): Promise<{ pid: number; startMs: number; facts: Line; stop: () => Promise<void> }> {
  const began = performance.now();
  const child = spawn(process.execPath, [BIN, 'schedule', '--state', 'state', '--log', 'json'], {
    cwd: dir,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = new Promise<void>(done => child.on('close', () => done()));
  const facts = await new Promise<Line>((found, lost) => {
    let text = '';
    child.stderr.setEncoding('utf8').on('data', chunk => {
      text += chunk;
      const line = text.split('\n').find(each => each.includes('"event":"started"'));
      if (line !== undefined) found(JSON.parse(line) as Line);
    });
    child.on('close', () => lost(new Error(text)));
  });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  return { pid: child.pid ?? 0, startMs: performance.now() - began, facts, stop };
}

function residentMb(pid: number): number {
  return Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1_024;
}

function cpuS(pid: number): number {
  const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ')[1]?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_S;
}

async function many(dir: string): Promise<readonly Figure[]> {
  const place = join(dir, 'many');
  writeJobs(place, MANY);
  const first = await start(place);
  const cold = say({ name: `${MANY} schedules: very first start, every file checked`, value: first.startMs, unit: 'ms' });
  await first.stop();
  const second = await start(place);
  const figures = [cold, say({ name: `${MANY} schedules: start`, value: second.startMs, unit: 'ms', max: 2_000 })];
  await pause(10_000);
  figures.push(say({ name: `${MANY} schedules: memory`, value: residentMb(second.pid), unit: 'MB', max: 200 }));
  await second.stop();
  figures.push(...(await ticks()));
  return figures;
}

/** The tick alone, in this process: nothing due, and everything due at once. */
async function ticks(): Promise<readonly Figure[]> {
  const [{ world, jobOf, T0 }] = await Promise.all([import('../schedule/world.ts')]);
  const w = await world(T0);
  const jobs = Array.from({ length: MANY }, (_, i) =>
    jobOf(`job-${i}`, { schedule: { cron: `${i % 60} ${i % 24} * * *`, timezone: 'Europe/Zurich' } }),
  );
  const scheduler = await w.scheduler(1, jobs);
  const times: number[] = [];
  let worst = 0;
  for (let minute = 0; minute < 120; minute++) {
    await w.clock.advance(60_000);
    const began = performance.now();
    await scheduler.tick();
    const ms = performance.now() - began;
    times.push(ms);
    worst = Math.max(worst, ms);
  }
  times.sort((a, b) => a - b);
  return [
    say({ name: `${MANY} schedules: tick, median of 120 minutes`, value: times[60] ?? Number.NaN, unit: 'ms', max: 50 }),
    say({
      name: `${MANY} schedules: tick that begins ${Math.round(MANY / 1_440)} runs and more, worst`,
      value: worst,
      unit: 'ms',
    }),
  ];
}

async function few(dir: string): Promise<readonly Figure[]> {
  const place = join(dir, 'few');
  writeJobs(place, FEW);
  const first = await start(place);
  await pause(SETTLE_MS);
  const cold = say({
    name: `${FEW} schedules: memory after a first start, no cache`,
    value: residentMb(first.pid),
    unit: 'MB',
    max: 90,
  });
  await first.stop();
  const { pid, startMs, stop } = await start(place);
  await pause(SETTLE_MS);
  const before = cpuS(pid);
  await pause(IDLE_S * 1_000);
  const percent = ((cpuS(pid) - before) / IDLE_S) * 100;
  const figures = [
    cold,
    say({ name: `${FEW} schedules: start`, value: startMs, unit: 'ms' }),
    say({ name: `${FEW} schedules: memory`, value: residentMb(pid), unit: 'MB', max: 90 }),
    say({ name: `${FEW} schedules: CPU while idle, over ${IDLE_S} s`, value: percent, unit: '%', max: 0.1 }),
  ];
  await stop();
  return figures;
}

async function history(dir: string): Promise<readonly Figure[]> {
  const place = join(dir, 'history');
  writeJobs(place, FEW);
  await (await start(place)).stop();
  fill(join(place, 'state/postrider.sqlite'));
  return [
    timed(place, 'history'),
    timed(place, 'history', 'job-7'),
    timed(place, 'history', '--status', 'failed', '--last', '7d'),
    timed(place, 'history', 'job-7', '--status', 'timed-out'),
    timed(place, 'status'),
  ];
}

/** The whole program, from its start to its end; the median of five. */
function timed(cwd: string, ...args: readonly string[]): Figure {
  const times = Array.from({ length: 5 }, () => {
    const began = performance.now();
    const { status } = spawnSync(process.execPath, [BIN, ...args, '--state', 'state'], { cwd, stdio: 'ignore' });
    if (status !== 0) throw new Error(`${args.join(' ')} ended with ${status}`);
    return performance.now() - began;
  });
  const [, , median = Number.NaN] = times.sort((a, b) => a - b);
  return say({ name: `${RUNS} runs: ${args.join(' ')}`, value: median, unit: 'ms', max: 200 });
}

function fill(path: string): void {
  const db = new DatabaseSync(path);
  db.exec('PRAGMA synchronous = OFF; BEGIN');
  const run = db.prepare(
    `INSERT INTO runs (id, job, file, trigger, started_at, finished_at, status, host, pid) VALUES (?, ?, '/jobs/x.yaml', 'schedule', ?, ?, ?, 'here', 1)`,
  );
  const now = Date.parse(new Date().toISOString());
  for (let i = 0; i < RUNS; i++) {
    const at = now - i * 30_000;
    run.run(
      `${new Date(at).toISOString().slice(0, 19)}-${i}`,
      `job-${i % FEW}`,
      at,
      at + 5_000,
      i % 50 === 0 ? 'failed' : 'succeeded',
    );
  }
  db.exec('COMMIT');
  db.close();
}

function pause(ms: number): Promise<void> {
  return new Promise(done => setTimeout(done, ms));
}
