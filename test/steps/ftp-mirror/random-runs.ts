// Trees that change at random on both sides, mirrored again and again with changing settings, under bad weather: after every run a plain
// model says what may lie where.
import {
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { mulberry } from '../../support/chance.ts';
import { makeRig, T0 } from './rig.ts';

const ROUNDS = 14;
const ENTRIES_MAX = 60;
/** All that is excluded, when something is. */
const EXCLUDED = 'skip';
const NAMES = ['a', 'B', 'b', 'ü', 'two words', '-la', '[x]', '#1', '.dot', "it's", 'a.b', '100%', EXCLUDED, '~', ' blank', '*?'];

/** A file that somebody else put there. */
const THEIRS = 'theirs';

interface Entry {
  /** undefined: a folder. */
  readonly data: string | undefined;
  readonly seconds: number;
}
type Look = ReadonlyMap<string, Entry>;

function look(root: string): Look {
  const entries = readdirSync(root, { recursive: true, encoding: 'utf8' }).sort();
  return new Map(
    entries.map(path => {
      const stats = lstatSync(join(root, path));
      const data = stats.isDirectory() ? undefined : readFileSync(join(root, path), 'latin1');
      return [path, { data, seconds: Math.floor(stats.mtimeMs / 1000) }];
    }),
  );
}

class World {
  readonly chance: () => number;
  readonly done: string[] = [];
  /** What a manifest takes for somebody else’s: written over, or a folder that held such. */
  readonly spoiled = new Set<string>();
  readonly #manifest: boolean;
  #ticks = 0;

  constructor(seed: number, manifest: boolean) {
    this.chance = mulberry(seed);
    this.#manifest = manifest;
  }

  below(count: number): number {
    return Math.floor(this.chance() * count);
  }

  one<T>(items: readonly T[]): T {
    return items[this.below(items.length)] as T;
  }

  often(share: number): boolean {
    return this.chance() < share;
  }

  /** A few changes of a user, each later than all before. */
  change(root: string, who: string, count: number): void {
    for (let i = 0; i < count; i++) {
      const now = look(root);
      const paths = [...now.keys()].filter(path => !path.includes('.postrider-'));
      const folders = ['', ...paths.filter(path => now.get(path)?.data === undefined)];
      const fresh = join(this.one(folders), this.#manifest && who === 'R' ? THEIRS : this.one(NAMES));
      // With a manifest others put files of their own there, and spoil or remove ours.
      const kind = this.#manifest && who === 'R' ? this.one([0, 5, 7]) : this.below(10);
      const old = paths.length === 0 ? undefined : this.one(paths);
      if (old === undefined || (kind < 4 && paths.length < ENTRIES_MAX)) this.write(root, who, fresh);
      else if (kind < 5 && paths.length < ENTRIES_MAX) {
        if (!now.has(fresh)) mkdirSync(join(root, fresh));
        this.done.push(`${who} mkdir ${fresh}`);
      } else if (kind < 7) {
        if (now.get(old)?.data !== undefined) this.write(root, who, old);
      } else if (kind < 8) {
        rmSync(join(root, old), { recursive: true });
        this.done.push(`${who} rm ${old}`);
      } else if (!now.has(fresh) && !`${fresh}/`.startsWith(`${old}/`)) {
        renameSync(join(root, old), join(root, fresh));
        this.done.push(`${who} mv ${old} → ${fresh}`);
      }
    }
  }

  write(root: string, who: string, path: string): void {
    const target = join(root, path);
    if (statSync(target, { throwIfNoEntry: false })?.isDirectory() === true) return;
    const size = this.often(0.1) ? 0 : this.often(0.1) ? 70_000 + this.below(1_000) : this.below(300);
    this.#ticks += 1;
    const data = `${who}${this.#ticks} `.repeat(Math.ceil(size / 3)).slice(0, size);
    writeFileSync(target, data, 'latin1');
    utimesSync(target, T0 / 1000 + 10 * this.#ticks, T0 / 1000 + 10 * this.#ticks);
    this.done.push(`${who} write ${path} (${size})`);
    if (who === 'R') for (const place of [path, ...ancestors(path)]) this.spoiled.add(place);
  }

  settings(): Settings {
    const atomic = this.often(0.85);
    return {
      ...(this.#manifest ? { compare: 'manifest' } : {}),
      direction: this.#manifest || this.often(0.5) ? 'upload' : 'download',
      delete: this.often(0.6),
      exclude: this.often(0.3) ? [EXCLUDED] : [],
      parallel: 1 + this.below(4),
      atomic,
      commit: atomic && this.often(0.3) ? 'end' : 'each',
      resume: this.often(0.85),
      verify: this.often(0.8) ? 'size' : 'none',
      last: this.often(0.2) ? ['a', '*.b'] : [],
      'allow-empty': true,
    };
  }

  weather(): string | undefined {
    if (this.often(0.6)) return undefined;
    const point = this.one('PWD CWD EPSV MLSD SIZE MDTM STOR RETR MKD RMD DELE RNFR RNTO 226 150 data QUIT'.split(' '));
    const count = this.often(0.2) ? '*' : String(1 + this.below(12));
    const action = this.one(['cut', 'cut', 'reply:421 going', 'reply:450 busy', 'reply:550 no', 'reply:552 full', 'split']);
    // Bytes and the mark before them are no commands: they get no reply of their own.
    const bare = action.startsWith('reply') ? 'cut' : action;
    const possible = point === 'data' && action !== 'split' ? this.one(['cut', 'reset', 'full']) : bare;
    return `ftp:${point}#${count}=${point === '150' || point === 'data' ? possible : action}`;
  }
}

interface Settings extends Readonly<Record<string, unknown>> {
  readonly direction: 'upload' | 'download';
  readonly delete: boolean;
  readonly compare?: 'manifest';
  readonly exclude: readonly string[];
}

const isOwn = (path: string) => path.includes('.postrider-');
/** The manifest, which belongs there; a lock that the server would not remove: of a living process, as far as the next run can see. */
const mayStay = (path: string) => path.startsWith('.postrider-lock') || path === '.postrider-manifest.json';

interface Outcome {
  readonly source: Look;
  readonly before: Look;
  readonly after: Look;
  readonly settings: Settings;
  /** It said that all went well. */
  readonly whole: boolean;
  readonly spoiled: ReadonlySet<string>;
}

/** What is wrong with the target after a run. */
function* faults({ source, before, after, settings, whole, spoiled }: Outcome): Generator<string> {
  const isOut = (path: string) => settings.exclude.length > 0 && path.split('/').includes(EXCLUDED);
  const wanted = new Map([...source].filter(([path]) => !isOut(path) && !isOwn(path)));
  const isTheirs = (path: string) => settings.compare === 'manifest' && (basename(path) === THEIRS || spoiled.has(path));
  const holdsTheirs = new Set([...before.keys()].filter(isTheirs).flatMap(path => ancestors(path)));
  const holdsOut = new Set([...before.keys()].filter(isOut).flatMap(path => ancestors(path)));
  for (const [path, entry] of before) {
    if (isOwn(path)) continue;
    const now = after.get(path);
    const kept = now !== undefined && now.data === entry.data && now.seconds === entry.seconds;
    if (isOut(path) && entry.data !== undefined && !kept) yield `excluded, but touched: ${path}`;
    if (wanted.has(path) || isOut(path)) continue;
    const inTheWay = ancestors(path).some(folder => wanted.get(folder)?.data !== undefined);
    if (isTheirs(path) && entry.data !== undefined && !kept) yield `of somebody else, but touched: ${path}`;
    if (isTheirs(path) || holdsTheirs.has(path)) continue;
    if (!settings.delete && !inTheWay && entry.data !== undefined && !kept) yield `not of the source, but touched: ${path}`;
    if (!settings.delete && now === undefined) yield `not of the source, but gone: ${path}`;
    if (settings.delete && whole && now !== undefined && !holdsOut.has(path)) yield `extraneous, but there: ${path}`;
  }
  for (const [path, entry] of after) {
    if (isOwn(path)) continue;
    const [mine, old] = [wanted.get(path), before.get(path)];
    if (mine === undefined && old === undefined) yield `from nowhere: ${path}`;
    if (entry.data === undefined || entry.data === old?.data || entry.data === mine?.data) continue;
    if (settings['atomic'] === true) yield `neither old nor new: ${path}`;
  }
  if (!whole) return;
  for (const [path, entry] of wanted) {
    const now = after.get(path);
    if (now === undefined) yield `missing: ${path}`;
    else if (now.data !== entry.data) yield `differs: ${path}`;
    else if (entry.data !== undefined && settings.compare === undefined && Math.abs(now.seconds - entry.seconds) > 2)
      yield `time differs: ${path}: ${now.seconds - entry.seconds} s`;
  }
  for (const path of after.keys()) {
    if (
      isOwn(path) &&
      !mayStay(path) &&
      settings['resume'] === true &&
      settings['atomic'] === true &&
      settings.exclude.length === 0
    )
      yield `left over: ${path}`;
  }
}

function ancestors(path: string): string[] {
  const folders: string[] = [];
  for (let folder = dirname(path); folder !== '.'; folder = dirname(folder)) folders.push(folder);
  return folders;
}

export interface Place {
  readonly endpoint: Endpoint;
  /** The folder `remote` of the server, on this disk. */
  readonly www: string;
  readonly remote?: string;
  /** Makes what was put there by hand the server's own. */
  readonly settle?: () => void;
  readonly weather?: (...rules: readonly string[]) => void;
  readonly manifest?: boolean;
  readonly rounds?: number;
}

/** What went wrong, after all that was done; '' for nothing. */
export async function history(seed: number, place: Place): Promise<string> {
  const { endpoint, remote = '/www', settle, weather: setWeather, manifest = false, rounds = ROUNDS } = place;
  const world = new World(seed, manifest);
  const rig = await makeRig({ connect: (_, options) => connectFtp(endpoint, { ...options, dial, clock: systemClock }) });
  const sides = { local: rig.site, remote: place.www };
  mkdirSync(sides.remote, { recursive: true });
  world.change(sides.local, 'L', 30);
  world.change(sides.remote, 'R', 10);
  let settings = world.settings();
  for (let round = 1; round <= rounds; round++) {
    world.change(sides.local, 'L', world.below(8));
    world.change(sides.remote, 'R', world.below(5));
    // A run that failed is more often run again as it was.
    if (round === 1 || world.often(0.6)) settings = world.settings();
    const weather = round === rounds || setWeather === undefined ? undefined : world.weather();
    const [from, to] = settings.direction === 'upload' ? [sides.local, sides.remote] : [sides.remote, sides.local];
    settle?.();
    const [source, before] = [look(from), look(to)];
    const preview = await rig.preview({ ...settings, remote });
    expect([seed, round, look(to)]).toEqual([seed, round, before]);
    if (weather !== undefined) setWeather?.(weather);
    world.done.push(`round ${round} ${JSON.stringify(settings)} ${weather ?? ''}`);
    const result = await rig.run({ ...settings, remote }).catch((error: Error) => error);
    setWeather?.();
    const failed = result instanceof Error || Number(result['failed']) > 0;
    world.done.push(result instanceof Error ? `  ${result.message}` : `  ${JSON.stringify(result)}`);
    const cleans = weather?.includes('RMD') !== true;
    const wrong = [...faults({ source, before, after: look(to), settings, whole: !failed, spoiled: world.spoiled })].filter(
      text => cleans || !text.startsWith('left over'),
    );
    for (const [path, { data }] of look(to))
      if (data !== undefined && source.get(path)?.data === data) world.spoiled.delete(path);
    const untouched = look(from);
    for (const [path, entry] of source) if (untouched.get(path)?.data !== entry.data) wrong.push(`the source changed: ${path}`);
    const cannot = preview.actions.filter(({ action }) => action === 'fail');
    // A manifest knows nothing of what others put into a folder.
    const isBlind =
      manifest && [...before.keys()].some(path => ancestors(path).some(folder => source.get(folder)?.data !== undefined));
    if (failed && weather === undefined && cannot.length === 0 && !isBlind) wrong.push('failed in fair weather');
    if (!failed && cannot.length > 0) wrong.push(`did what it said it could not: ${cannot[0]?.target}`);
    if (!failed) {
      const again = await rig.preview({ ...settings, remote });
      const count = (name: string) =>
        preview.actions.filter(({ action, target }) => action === name && !target.endsWith('/')).length;
      const { uploaded, downloaded, deleted, renamed } = result as Record<string, number>;
      const [planned, did] = [
        [count('upload'), count('download'), count('delete'), count('rename')],
        [uploaded, downloaded, deleted, renamed],
      ];
      if (`${planned}` !== `${did}`) wrong.push(`planned ${planned}, did ${did} (up, down, deleted, renamed)`);
      if (again.actions.length > 0) wrong.push(`not done: ${JSON.stringify(again.actions.slice(0, 3))}`);
    }
    if (wrong.length > 0) return [`seed ${seed}`, ...world.done.slice(-60), ...wrong].join('\n');
  }
  return '';
}
