// The files that are sent and fetched: always the same bytes, so that runs can be compared.
import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchOptions } from './options.ts';

export interface Samples {
  /** Small files in folders. */
  readonly site: string;
  /** The same after some work: 20 changed, 5 deleted. */
  readonly edited: string;
  /** One large file named `big`. */
  readonly big: string;
  /** Many folders with a few tiny files each. */
  readonly forest: string;
}

const T0 = 1_767_225_600;
const SMALL_MIN = 1_024;
const SMALL_MAX = 20 * 1_024;
const CHANGED = 20;
const DELETED = 5;

export function makeSamples(folder: string, options: BenchOptions): Samples {
  const path = (name: string) => join(folder, name);
  const samples = { site: path('site'), edited: path('edited'), big: path('big'), forest: path('forest') };
  for (const target of [samples.site, samples.edited]) makeSite(target, options);
  edit(samples.edited);
  if (options.cells.some(cell => cell.startsWith('big'))) makeBig(samples.big, options.bigBytes);
  if (options.cells.includes('list')) makeForest(samples.forest, options.listFolders);
  return samples;
}

function makeSite(folder: string, { files, folders }: BenchOptions): void {
  for (let index = 0; index < files; index++) {
    const within = join(folder, `part-${String(index % folders).padStart(3, '0')}`);
    mkdirSync(within, { recursive: true });
    const size = SMALL_MIN + ((index * 7_919) % (SMALL_MAX - SMALL_MIN));
    put(join(within, `page-${index}.html`), bytes(`small ${index}`, size), index);
  }
}

/** Deterministic, and no two alike: a mixed-up file is noticed. */
function bytes(seed: string, size: number): Buffer {
  const block = createHash('sha512').update(seed).digest();
  const buffer = Buffer.alloc(size, block);
  buffer.write(seed);
  return buffer;
}

function edit(folder: string): void {
  const all = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter(name => name.includes('page-'))
    .sort();
  const step = Math.max(1, Math.floor(all.length / (CHANGED + DELETED)));
  const picked = all.filter((_, index) => index % step === 0).slice(0, CHANGED + DELETED);
  for (const [index, name] of picked.entries()) {
    if (index % 5 === 4) rmSync(join(folder, name));
    else put(join(folder, name), bytes(`changed ${index}`, 5_000 + index), 1_000_000 + index);
  }
}

function makeBig(folder: string, size: number): void {
  mkdirSync(folder, { recursive: true });
  const path = join(folder, 'big');
  writeFileSync(path, '');
  const piece = 8 * 1024 * 1024;
  for (let at = 0; at < size; at += piece) writeFileSync(path, bytes(`big ${at}`, Math.min(piece, size - at)), { flag: 'a' });
  utimesSync(path, T0, T0);
}

function makeForest(folder: string, folders: number): void {
  for (let index = 0; index < folders; index++) {
    const within = join(folder, `area-${index % 10}`, `folder-${index}`);
    mkdirSync(within, { recursive: true });
    for (let file = 0; file < 3; file++) put(join(within, `item-${file}`), Buffer.from(`${index} ${file}`), file);
  }
}

function put(path: string, content: Buffer, age: number): void {
  writeFileSync(path, content);
  utimesSync(path, T0 - age, T0 - age);
}
