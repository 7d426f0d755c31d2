// How files are described: facts for MLSD and MLST (RFC 3659 section 7), `ls -l` lines for LIST.
import type { Stats } from 'node:fs';
import { lstat, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { Site } from './site.ts';

export interface Entry {
  readonly name: string;
  readonly stats: Stats;
}

export const FACTS = ['type', 'size', 'modify', 'perm', 'unique', 'unix.mode'] as const;
export type Fact = (typeof FACTS)[number];

/** The entries of a folder in byte order of their names; symlinks count as what they lead to, or as links when that is outside. */
export async function readEntries(site: Site, folder: string): Promise<readonly Entry[]> {
  const names = (await readdir(folder)).sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
  const entries: Entry[] = [];
  for (const name of names) {
    const stats = await statsOf(site, join(folder, name));
    if (stats !== undefined) entries.push({ name, stats });
  }
  return entries;
}

/** Undefined when the file vanished meanwhile. */
async function statsOf(site: Site, path: string): Promise<Stats | undefined> {
  try {
    const own = await lstat(path);
    return own.isSymbolicLink() && (await site.leadsInside(path)) ? await stat(path) : own;
  } catch {
    return undefined;
  }
}

/** `type=file;size=12;modify=20260102030405;…; name`; `as` names the folder itself and its parent. */
export function factLine(entry: Entry, facts: ReadonlySet<Fact>, as?: 'cdir' | 'pdir'): string {
  const { stats } = entry;
  const folder = stats.isDirectory();
  const values: Readonly<Record<Fact, string | undefined>> = {
    type: as ?? (folder ? 'dir' : stats.isFile() ? 'file' : stats.isSymbolicLink() ? 'OS.unix=symlink' : 'OS.unix=other'),
    size: stats.isFile() ? String(stats.size) : undefined,
    modify: timestamp(stats.mtimeMs),
    perm: folder ? 'cdeflmp' : stats.isFile() ? 'adfrw' : 'df',
    unique: `${stats.dev.toString(16)}g${stats.ino.toString(16)}`,
    'unix.mode': `0${(stats.mode & 0o7777).toString(8).padStart(3, '0')}`,
  };
  const shown = FACTS.filter(fact => facts.has(fact) && values[fact] !== undefined);
  const text = shown.map(fact => `${fact === 'unix.mode' ? 'UNIX.mode' : fact}=${values[fact]};`).join('');
  return `${text} ${entry.name}`;
}

/** YYYYMMDDHHMMSS in UTC (RFC 3659 section 2.3). */
export function timestamp(ms: number): string {
  return new Date(Math.floor(ms / 1_000) * 1_000).toISOString().replace(/[-:T]|\.000Z/g, '');
}

/** Milliseconds, or undefined when the text is no time of RFC 3659. */
export function parseTimestamp(text: string): number | undefined {
  const match = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(?:\.\d+)?$/.exec(text);
  if (match === null) return undefined;
  const [, y, mo, d, h, mi, s] = match;
  const ms = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`);
  return Number.isNaN(ms) || timestamp(ms) !== text.slice(0, 14) ? undefined : ms;
}

const MONTHS = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');
const HALF_YEAR_MS = 182 * 86_400_000;

/** One line as `ls -l` writes it, times in UTC: with the hour when recent, else with the year. */
export function unixLine({ name, stats }: Entry, now: number): string {
  const kind = stats.isDirectory() ? 'd' : stats.isSymbolicLink() ? 'l' : '-';
  const bits = [...'rwxrwxrwx'].map((char, i) => ((stats.mode >> (8 - i)) & 1 ? char : '-')).join('');
  const time = new Date(stats.mtimeMs);
  const recent = stats.mtimeMs <= now && now - stats.mtimeMs < HALF_YEAR_MS;
  const clock = `${two(time.getUTCHours())}:${two(time.getUTCMinutes())}`;
  const when = recent ? clock : String(time.getUTCFullYear()).padStart(5);
  const day = `${MONTHS[time.getUTCMonth()]} ${String(time.getUTCDate()).padStart(2)}`;
  return `${kind}${bits} ${String(stats.nlink).padStart(3)} sandbox  sandbox  ${String(stats.size).padStart(12)} ${day} ${when} ${name}`;
}

function two(value: number): string {
  return String(value).padStart(2, '0');
}
