// One deploy at a time: on this machine and on others, through crashes, cancellations, clock jumps and races.
import { expect, test } from 'vitest';
import { systemRandom } from '../../../../src/core/random.ts';
import { isGone, newOwner, parseStamp, stampName } from '../../../../src/steps/ftp-mirror/lock/owner.ts';
import { STALE_MS } from '../../../../src/steps/ftp-mirror/lock/server-lock.ts';
import { FakeServer, refusedError } from '../fake-server.ts';
import { makeRig, type Rig, T0, write } from '../rig.ts';

const LOCK = '/www/.postrider-lock';
const CONFIG = { direction: 'upload' };

async function world() {
  const server = new FakeServer().mkdirs('/www');
  const rig = await makeRig(server);
  await write(rig.site, { a: 'x' });
  return { server, rig };
}

const locks = (server: FakeServer) => [...server.folders].filter(path => path.startsWith(LOCK));

/** Somebody else's lock, last renewed so many milliseconds ago. */
function lockedBy(server: FakeServer, rig: Rig, ageMs: number, machine = 'deadbeef', left = false): string {
  const stamp = stampName(
    { host: 'other', machine, pid: 4_000_000, token: '01234567' },
    Math.floor((rig.clock.now() - ageMs) / 1000),
    left,
  );
  server.mkdirs(`${LOCK}/${stamp}`);
  return stamp;
}

test.each(['/www', '/new/root', '.', 'relative'])('the lock in %s is there while it works, and gone afterwards', async remote => {
  const { server, rig } = await world();
  const during = new Set<boolean>();
  server.before = what =>
    void (what.startsWith('STOR') && during.add([...server.folders].some(path => path.includes('.postrider-lock/'))));
  expect(await rig.run({ ...CONFIG, remote })).toMatchObject({ uploaded: 1 });
  expect([...during]).toEqual([true]);
  expect([...server.folders].filter(path => path.includes('lock'))).toEqual([]);
});

test('another machine that showed a sign of life is waited for; one that did not for too long is taken over', async () => {
  const { server, rig } = await world();
  lockedBy(server, rig, STALE_MS);
  const refusal = {
    code: 'mirror-locked',
    retry: 'later',
    message: expect.stringContaining('other, process 4000000, last sign of life 15 min'),
  };
  await expect(rig.run(CONFIG)).rejects.toMatchObject(refusal);
  expect(server.content('/www')).toEqual({});
  expect(locks(server)).toHaveLength(2);
  rig.clock.time += 2_000;
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(locks(server)).toEqual([]);
});

test('a clock that is behind the owner’s takes nothing over', async () => {
  const { server, rig } = await world();
  lockedBy(server, rig, -10 * STALE_MS);
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'mirror-locked' });
});

test('a dead process of this machine, and an owner that left, are taken over at once', async () => {
  const { server, rig } = await world();
  const { machine } = newOwner('here', systemRandom);
  lockedBy(server, rig, 0, machine);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  lockedBy(server, rig, 0, 'deadbeef', true);
  expect(await rig.run(CONFIG)).toMatchObject({ unchanged: 1 });
  expect(locks(server)).toEqual([]);
});

test('two mirrors of one process do not work at the same time', async () => {
  const { server, rig } = await world();
  const other = await makeRig(server);
  await write(other.site, { b: 'y' });
  let second: Promise<unknown> | undefined;
  server.before = what => {
    if (what.startsWith('STOR') && second === undefined) second = other.run(CONFIG).catch(error => error);
  };
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  const outcome = await second;
  expect(outcome instanceof Error ? (outcome as { code?: string }).code : outcome).toEqual(
    outcome instanceof Error ? 'mirror-locked' : expect.objectContaining({ uploaded: 1 }),
  );
  expect(locks(server)).toEqual([]);
});

test('an empty lock is its maker’s for a moment, then nobody’s', async () => {
  const { server, rig } = await world();
  server.mkdirs(LOCK);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(rig.clock.now() - T0).toBe(5_000);
  expect(locks(server)).toEqual([]);
});

test('whoever is second at a dead lock loses', async () => {
  const { server, rig } = await world();
  const stamp = lockedBy(server, rig, STALE_MS + 2_000);
  server.before = what => {
    if (what !== `RMD ${LOCK}/${stamp}` || !server.folders.has(`${LOCK}/${stamp}`)) return;
    server.folders.delete(`${LOCK}/${stamp}`);
    lockedBy(server, rig, 0, 'cafecafe');
  };
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'mirror-locked' });
  expect(server.content('/www')).toEqual({});
});

test('what a stranger put into the lock is respected', async () => {
  const { server, rig } = await world();
  server.mkdirs(`${LOCK}/somebody`);
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'mirror-locked' });
});

test('a server that makes no folders is mirrored to without a lock, and that is said', async () => {
  const { server, rig } = await world();
  server.refuse = what => (what.startsWith('MKD') ? refusedError('path-refused', '550') : undefined);
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(rig.notes.join()).toContain('the server lets us make no lock');
});

test('a mirror that fails, is refused or is cancelled releases it', async () => {
  const { server, rig } = await world();
  server.refuse = what => (what.startsWith('STOR') ? refusedError('server-refused', '553') : undefined);
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'mirror-incomplete' });
  expect(locks(server)).toEqual([]);
  server.put('/www/b', 'y');
  await expect(rig.run({ ...CONFIG, delete: true, 'max-delete': 0 })).rejects.toMatchObject({ code: 'too-many-deletes' });
  expect(locks(server)).toEqual([]);
  server.refuse = what => {
    if (what.startsWith('STOR')) rig.abort.abort();
    return undefined;
  };
  await expect(rig.run(CONFIG)).rejects.toMatchObject({ code: 'cancelled' });
  expect(locks(server)).toEqual([]);
});

test('after the network went away the lock stays, and the next run takes it over', async () => {
  const { server, rig } = await world();
  server.killAtBreak = true;
  server.before = what => {
    if (what.startsWith('STOR')) server.breakAt = server.operations;
  };
  await expect(rig.run(CONFIG)).rejects.toThrow();
  expect(locks(server)).toHaveLength(2);
  server.dead = false;
  server.before = () => undefined;
  expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 1 });
  expect(locks(server)).toEqual([]);
});

test('it is renewed while the mirror works, and a mirror whose lock was taken stops before it goes on', async () => {
  const { server, rig } = await world();
  const beats: (() => void)[] = [];
  rig.clock.after = (_, fire) => {
    beats.push(fire);
    return { cancel: () => undefined };
  };
  await write(rig.site, Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`f${n}`, 'x'])));
  const seen: string[][] = [];
  server.before = what => {
    if (!what.startsWith('226')) return;
    seen.push(locks(server).slice(1));
    rig.clock.time += 60_000;
    if (seen.length === 10) {
      for (const path of locks(server).slice(1)) server.folders.delete(path);
      lockedBy(server, rig, 0);
    }
    beats.shift()?.();
  };
  await expect(rig.run({ ...CONFIG, parallel: 2 })).rejects.toMatchObject({ code: 'lock-lost', retry: 'later' });
  expect(seen[0]).toHaveLength(1);
  expect(seen[9]).not.toEqual(seen[0]);
  expect(Object.keys(server.content('/www')).length).toBeLessThan(31);
  expect(locks(server).join()).toContain('other.deadbeef');
});

test('the lock and the manifest of another mirror inside this one are never deleted, and never downloaded', async () => {
  const { server, rig } = await world();
  server.put('/www/sub/.postrider-manifest.json', '{}').mkdirs('/www/sub/.postrider-lock/x');
  expect(await rig.run({ ...CONFIG, delete: true })).toMatchObject({ deleted: 0 });
  expect(server.files.has('/www/sub/.postrider-manifest.json')).toBe(true);
  expect(await rig.run({ direction: 'download', local: 'copy' })).toMatchObject({ downloaded: 1 });
});

test('stamps: what is written can be read, and nothing else', () => {
  const owner = newOwner('web server/1', systemRandom);
  expect(parseStamp(stampName(owner, 1_700_000_000))).toEqual({ ...owner, at: 1_700_000_000, left: false });
  expect(parseStamp(stampName(owner, 5, true))?.left).toBe(true);
  for (const bad of ['', 'a.b', '../x', `${'h'.repeat(41)}.00000000.1.00000000.1`, stampName(owner, 5).toUpperCase()])
    expect(parseStamp(bad)).toBeUndefined();
  const stamp = { ...owner, at: 5, left: false };
  expect(isGone(stamp, owner)).toBe(false);
  expect(isGone({ ...stamp, token: '00000000' }, owner)).toBe(true);
  expect(isGone({ ...stamp, pid: process.ppid }, owner)).toBe(false);
  expect(isGone({ ...stamp, pid: 4_000_000 }, owner)).toBe(true);
  expect(isGone({ ...stamp, machine: '00000000', pid: 4_000_000 }, owner)).toBe(false);
});
