import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { LEDGER_VALUE_LENGTH_MAX } from '../../src/stores/sqlite/ledger.ts';
import { SCHEMA_VERSION } from '../../src/stores/sqlite/migrations.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { execFileSync } from '../support/sync-child.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { storeContract } from './contract.ts';
import { event, runRecord, stepRecord } from './records.ts';

const clock = new VirtualClock();
let dir: TempDir;
let path: string;
beforeEach(async () => {
  dir = await tempDir();
  path = join(dir.path, 'state', 'postrider.sqlite');
});
afterEach(async () => {
  await dir.remove();
});

describe('sqlite in memory', () => storeContract(() => openSqliteStore(':memory:', { clock }), clock));
describe('sqlite in a file', () => storeContract(() => openSqliteStore(path, { clock }), clock));

describe('the file', () => {
  it('is private, with its folder and its companions', async () => {
    const store = await openSqliteStore(path, { clock });
    await store.begin(runRecord('a'), []);
    expect(statSync(join(path, '..')).mode & 0o777).toBe(0o700);
    for (const file of [path, `${path}-wal`, `${path}-shm`]) expect(statSync(file).mode & 0o777).toBe(0o600);
    await store.close();
    chmodSync(path, 0o644);
    await (await openSqliteStore(path, { clock })).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('remembers across openings, and is seen by two at once', async () => {
    const first = await openSqliteStore(path, { clock });
    const second = await openSqliteStore(path, { clock });
    await first.begin(runRecord('a'), [stepRecord('s')]);
    expect((await second.run('a'))?.id).toBe('a');
    await second.ledger('j', 's').put('k', 1);
    await first.close();
    await second.close();
    const third = await openSqliteStore(path, { clock });
    expect(await third.ledger('j', 's').get('k')).toBe(1);
    await third.close();
  });

  it.each([
    'deleted',
    'replaced',
    'restored in place',
  ])('takes no decision once it was %s: another scheduler would take it again', async how => {
    const store = await openSqliteStore(path, { clock });
    const cursor = await store.slots.open({ job: 'j', schedule: 's', anchor: 0, decidedTo: 0 });
    const inPlace = how === 'restored in place';
    if (inPlace) writeFileSync(path, readFileSync(path));
    for (const file of inPlace ? [`${path}-wal`, `${path}-shm`] : [path, `${path}-wal`, `${path}-shm`]) rmSync(file);
    const other = how === 'replaced' ? await openSqliteStore(path, { clock }) : undefined;
    const message = expect.stringContaining('was deleted or replaced');
    await expect(store.slots.decide(cursor, 1, [])).rejects.toMatchObject({ code: 'store-unusable', message });
    await store.close();
    await other?.close();
  });

  it('takes no decision once a newer postrider has changed its tables', async () => {
    const store = await openSqliteStore(path, { clock });
    const cursor = await store.slots.open({ job: 'j', schedule: 's', anchor: 0, decidedTo: 0 });
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    await expect(store.slots.decide(cursor, 1, [])).rejects.toMatchObject({ code: 'store-newer' });
    await store.close();
  });

  it('of a newer postrider is refused and left alone', async () => {
    await (await openSqliteStore(path, { clock })).close();
    const db = new DatabaseSync(path);
    db.exec(`PRAGMA user_version = ${SCHEMA_VERSION + 1}`);
    db.close();
    await expect(openSqliteStore(path, { clock })).rejects.toMatchObject({ code: 'store-newer' });
  });

  it.each([
    ['no database', (file: string) => writeFileSync(file, 'this is a text, and long enough to be looked at\n'.repeat(100))],
    [
      'of another program',
      (file: string) => {
        const db = new DatabaseSync(file);
        db.exec('CREATE TABLE theirs (x)');
        db.close();
      },
    ],
    ['a folder', (file: string) => mkdirSync(file)],
  ])('that is %s is unusable, and stays as it is', async (_, make) => {
    mkdirSync(join(path, '..'));
    make(path);
    const before = statSync(path).isFile() ? readFileSync(path) : undefined;
    const error = await openSqliteStore(path, { clock }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'store-unusable', hint: expect.stringMatching(/\w/) });
    if (before !== undefined) expect(readFileSync(path).equals(before)).toBe(true);
  });

  it('that is damaged is unusable', async () => {
    const store = await openSqliteStore(path, { clock });
    for (let i = 0; i < 200; i++) await store.begin(runRecord(`run-${i}`, { file: 'x'.repeat(500) }), []);
    await store.close();
    expect(existsSync(`${path}-wal`)).toBe(false);
    truncateSync(path, 3 * 4096);
    const work = async () => {
      const damaged = await openSqliteStore(path, { clock });
      try {
        await damaged.runs({ limit: 1_000 });
      } finally {
        await damaged.close();
      }
    };
    await expect(work()).rejects.toMatchObject({ code: 'store-unusable' });
  });

  it('that may only be read is unusable, as is one that may not even be read', async () => {
    await (await openSqliteStore(path, { clock })).close();
    chmodSync(dir.path, 0o755);
    chmodSync(join(path, '..'), 0o555);
    for (const mode of [0o444, 0o000]) {
      chmodSync(path, mode);
      const hint = expect.stringContaining('--state');
      expect(openAsNobody(path)).toEqual({
        code: 'store-unusable',
        message: `the state store: ${path}: permission denied`,
        hint,
      });
    }
    chmodSync(join(path, '..'), 0o755);
  });

  it('in a place that cannot be is unusable', async () => {
    writeFileSync(join(dir.path, 'state'), 'a file where the folder should be');
    await expect(openSqliteStore(path, { clock })).rejects.toMatchObject({ code: 'store-unusable' });
  });

  it('keeps nothing of a record that fails half-way', async () => {
    const store = await openSqliteStore(path, { clock });
    await store.begin(runRecord('a'), [stepRecord('s')]);
    await store.close();
    const db = new DatabaseSync(path);
    db.exec("CREATE TRIGGER broken BEFORE UPDATE ON steps BEGIN SELECT RAISE(ABORT, 'no'); END");
    db.close();
    const again = await openSqliteStore(path, { clock });
    const started = event('a', 1, { type: 'step-started', step: 's', uses: 'shell', attempt: 1 });
    await expect(again.record(started)).rejects.toMatchObject({ code: 'store-unusable' });
    expect(await again.events('a')).toEqual([]);
    await again.close();
  });
});

describe('limits', () => {
  it('leave out notes, never transitions, once the log of a run is full', async () => {
    const store = await openSqliteStore(':memory:', { clock, eventsPerRunMax: 3 });
    await store.begin(runRecord('a'), [stepRecord('s')]);
    const note = (seq: number) => event('a', seq, { type: 'step-note', step: 's', level: 'info', message: `note ${seq}` });
    for (const seq of [1, 2, 3, 4, 5, 6]) await store.record(note(seq));
    await store.record(event('a', 7, { type: 'run-finished', status: 'succeeded', steps: {}, durationMs: 1 }));
    const messages = (await store.events('a')).map(each => ('message' in each ? each.message : each.type));
    expect(messages).toEqual(['note 1', 'note 2', 'note 3', expect.stringContaining('log of this run is full'), 'run-finished']);
    await store.close();
  });

  it('hold for a value of a ledger, at the limit and one past it', async () => {
    const store = await openSqliteStore(':memory:', { clock });
    const ledger = store.ledger('j', 's');
    await ledger.put('k', 'x'.repeat(LEDGER_VALUE_LENGTH_MAX - 2));
    await expect(ledger.put('k', 'x'.repeat(LEDGER_VALUE_LENGTH_MAX - 1))).rejects.toMatchObject({ code: 'ledger-full' });
    expect(String(await ledger.get('k'))).toHaveLength(LEDGER_VALUE_LENGTH_MAX - 2);
    await store.close();
  });
});

/** Permissions do not bind root, so the file is opened by a process that is not. */
function openAsNobody(file: string): { code: string; message: string; hint: string } {
  const script = `
    const { openSqliteStore } = await import(${JSON.stringify(join(import.meta.dirname, '../../src/stores/sqlite/store.ts'))});
    const { code, message, hint } = await openSqliteStore(${JSON.stringify(file)}, { clock: {} }).catch(error => error);
    console.log(JSON.stringify({ code, message, hint }));`;
  const nobody = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', script], { ...nobody, encoding: 'utf8' });
  return JSON.parse(output) as { code: string; message: string; hint: string };
}
