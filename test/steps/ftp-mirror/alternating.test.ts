// Runs that are cut or killed anywhere, each with other settings over what the one before left: nothing half is ever visible, and one
// plain run at the end makes both sides equal, does what its preview said, and leaves nothing behind. TURNS=2000 is the campaign.
import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type FakeOptions, FakeServer } from './fake-server.ts';
import { makeRig, type Rig, read, T0, write } from './rig.ts';

const TURNS = Number(process.env['TURNS'] ?? 40);
const SEED = Number(process.env['SEED'] ?? 1);
const MANIFEST = '.postrider-manifest.json';

const SERVERS: readonly FakeOptions[] = [
  {},
  { renamesFolders: false },
  { renamesOver: false },
  { setsTimes: false },
  { tellsTimes: false, setsTimes: false },
  { precisionMs: 60_000 },
  { restarts: false },
  { foldsCase: true },
  { tellsSizes: false },
];

class Chance {
  #state: number;

  constructor(seed: number) {
    this.#state = Math.imul(seed, 2_654_435_761) >>> 0;
  }

  below(limit: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * limit);
  }

  in(percent: number): boolean {
    return this.below(100) < percent;
  }

  of<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }
}

function randomSettings(chance: Chance, direction: string): Record<string, unknown> {
  const commit = chance.in(40) ? 'end' : 'each';
  const compare = chance.in(85) ? 'time-size' : chance.of(direction === 'upload' ? ['size', 'manifest'] : ['size']);
  return {
    direction,
    commit,
    compare,
    parallel: chance.of([1, 2, 4]),
    resume: chance.in(90),
    'preserve-times': chance.in(92),
    verify: chance.of(['size', 'size', 'none']),
    ...(chance.in(25) ? { last: [chance.of(['f1', 'd0/**', '*2'])] } : {}),
    ...(chance.in(20) ? { exclude: [chance.of(['f3', 'd1', '*/deep'])] } : {}),
    ...(chance.in(20) ? { chmod: { files: '640', dirs: '750' } } : {}),
    ...(chance.in(8) && compare === 'time-size' ? { ascii: ['f1'] } : {}),
    ...(chance.in(50) ? { delete: true, 'allow-empty': true } : {}),
  };
}

/** The source, and every content that a path of it ever had. */
class Versions {
  files: Record<string, string> = {};
  readonly ever = new Map<string, Set<string>>();
  readonly #lengths = new Map<string, number>();
  #at = T0;

  async change(chance: Chance, to: (files: Record<string, string>, at: number) => Promise<void>): Promise<void> {
    this.#at += 60_000;
    for (let n = 0; n < 10; n++) {
      const folder = `d${chance.below(4)}`;
      const path = `${folder}/${chance.of(['', '', 'deep/', 'e/g/'])}f${chance.below(5)}`;
      if (chance.in(25)) {
        const all = chance.in(20);
        for (const old of Object.keys(this.files))
          if (old === path || (all && old.startsWith(`${folder}/`))) delete this.files[old];
        continue;
      }
      // Of a length that no other path has: name, size and time of two files are never the same, or one would be taken for the other, moved.
      const length = this.#lengths.get(path) ?? 40 + this.#lengths.size;
      this.#lengths.set(path, length);
      const data = `${path} ${this.#at} `.padEnd(length, 'x');
      this.files[path] = data;
      this.ever.set(path, (this.ever.get(path) ?? new Set()).add(data));
    }
    await to(this.files, this.#at);
  }

  /** Throws at what never was the whole content of its path. */
  check(visible: Record<string, string>): void {
    for (const [path, data] of Object.entries(visible))
      if (path !== MANIFEST) expect([...(this.ever.get(path) ?? [])]).toContain(data);
  }
}

async function toDisk(root: string, files: Record<string, string>, at: number): Promise<void> {
  const old = await read(root);
  for (const [path, data] of Object.entries(files)) if (old[path] !== data) await write(root, { [path]: data }, at);
  for (const path of Object.keys(old)) if (!(path in files)) await rm(join(root, path));
}

function toServer(server: FakeServer, files: Record<string, string>, at: number): void {
  for (const path of server.files.keys()) if (!(path.slice('/www/'.length) in files)) server.files.delete(path);
  for (const [path, data] of Object.entries(files))
    if (server.files.get(`/www/${path}`)?.data.toString() !== data) server.put(`/www/${path}`, data, at);
}

async function leftOf(direction: string, server: FakeServer, rig: Rig): Promise<readonly string[]> {
  const names = direction === 'upload' ? server.temps() : await readdir(rig.site, { recursive: true });
  return names.filter(name => name.includes('.postrider-') && !name.endsWith(MANIFEST));
}

async function turn(direction: 'upload' | 'download', chance: Chance): Promise<void> {
  const server = new FakeServer(chance.of(SERVERS)).mkdirs('/www');
  const rig = await makeRig(server);
  const versions = new Versions();
  const target = () => (direction === 'upload' ? Promise.resolve(server.content('/www')) : read(rig.site));
  const put = async (files: Record<string, string>, at: number) =>
    direction === 'upload' ? toDisk(rig.site, files, at) : toServer(server, files, at);
  for (let run = 0; run < 3; run++) {
    await versions.change(chance, put);
    const halves: unknown[] = [];
    server.changed = () => {
      try {
        if (direction === 'upload') versions.check(server.content('/www'));
      } catch (error) {
        halves.push(error);
      }
    };
    Object.assign(server, { breakAt: server.operations + 1 + chance.below(80), killAtBreak: chance.in(70) });
    const outcome = await rig.run(randomSettings(chance, direction)).catch((error: unknown) => error);
    if (outcome instanceof Error) expect(outcome).toHaveProperty('retry');
    Object.assign(server, { breakAt: 0, dead: false, changed: () => undefined });
    expect(halves).toEqual([]);
    versions.check(await target());
  }
  const last = { direction, delete: true, 'allow-empty': true, commit: chance.of(['each', 'end']) };
  const { actions } = await rig.preview(last);
  const count = (wanted: string) => actions.filter(({ action, target: path }) => action === wanted && !path.endsWith('/')).length;
  expect(await rig.run(last)).toMatchObject({ [`${direction}ed`]: count(direction), deleted: count('delete'), failed: 0 });
  const { [MANIFEST]: _, ...visible } = await target();
  expect(visible).toEqual(Object.fromEntries(Object.entries(versions.files).sort()));
  expect(await leftOf(direction, server, rig)).toEqual([]);
}

test.each(['upload', 'download'] as const)('%s', { timeout: 20_000 + TURNS * 2_000 }, async direction => {
  for (let n = 0; n < TURNS; n++) {
    try {
      await turn(direction, new Chance(SEED + n));
    } catch (error) {
      throw new Error(`SEED=${SEED + n} TURNS=1`, { cause: error });
    }
  }
});
