// How many sessions: more while that is faster, fewer when the server says so, remembered between runs, and never a burst of logins.
import { describe, expect, test } from 'vitest';
import { type Clock, nextTurn, type Timer } from '../../../../src/core/clock.ts';
import { AppError, BrokenSessionError } from '../../../../src/core/errors.ts';
import { Pool } from '../../../../src/steps/ftp-mirror/sessions/pool.ts';
import { SessionCount } from '../../../../src/steps/ftp-mirror/sessions/session-count.ts';
import { FakeServer } from '../fake-server.ts';
import { MemoryClock, makeRig, write } from '../rig.ts';

/** Does work at a rate that depends on the sessions, until the count asks for no more. */
function settle(count: SessionCount, rate: (sessions: number) => number, pieces = 2_000): number {
  let now = 0;
  for (let n = 0; n < pieces; n++) {
    const open = count.wanted(now);
    now += 1_000 / rate(open);
    count.done(now, open);
  }
  return count.wanted(now);
}

describe('SessionCount', () => {
  test('grows while each session brings more', () => {
    expect(settle(new SessionCount(16), sessions => sessions)).toBe(16);
    expect(settle(new SessionCount(6), sessions => sessions)).toBe(6);
    expect(settle(new SessionCount(1), sessions => sessions)).toBe(1);
  });

  test('stops where more sessions bring nothing', () => {
    expect(settle(new SessionCount(32), sessions => Math.min(sessions, 6) * 10, 200)).toBe(8);
    expect(settle(new SessionCount(32), () => 100, 200)).toBe(6);
  });

  test('is measured again after half a minute', () => {
    const count = new SessionCount(32);
    expect(settle(count, () => 100, 200)).toBe(6);
    let now = 60_000;
    for (let n = 0; n < 2_000; n++) {
      const open = count.wanted(now);
      now += 100 / open;
      count.done(now, open);
    }
    expect(count.wanted(now)).toBe(32);
  });

  test('a refusal holds for five minutes, then one more is tried', () => {
    const count = new SessionCount(8);
    settle(count, sessions => sessions);
    expect(count.refused(1_000, 3)).toBe(true);
    expect(count.refused(1_500, 3)).toBe(false);
    expect(count.wanted(300_000)).toBe(3);
    expect(count.wanted(301_600)).toBe(4);
    expect(count.wanted(301_700)).toBe(4);
    expect(count.refused(302_000, 0)).toBe(true);
    expect(count.wanted(302_001)).toBe(1);
  });

  test('what the last run found holds for an hour, then one more is tried', () => {
    expect(new SessionCount(8, { sessions: 2, ageMs: 1_000 }).wanted(0)).toBe(2);
    expect(new SessionCount(8, { sessions: 2, ageMs: 3_600_000 }).wanted(0)).toBe(3);
    expect(new SessionCount(2, { sessions: 5, ageMs: 0 }).wanted(0)).toBe(2);
  });
});

describe('Pool', () => {
  function poolOf(server: FakeServer, sessions: number) {
    const timers: (() => void)[] = [];
    const memory = new MemoryClock();
    const clock: Clock = {
      now: memory.now,
      elapsed: memory.elapsed,
      sleep: (ms, signal) => memory.sleep(ms, signal),
      after(_, fire): Timer {
        timers.push(fire);
        return { cancel: () => undefined };
      },
    };
    const warnings: string[] = [];
    const pool = new Pool({
      connect: () => server.connect({} as never, {} as never),
      sessions,
      signal: new AbortController().signal,
      clock,
      warn: message => void warnings.push(message),
    });
    return { pool, timers, warnings };
  }

  test('small files do not wait behind large ones: more sessions open when nothing moves', async () => {
    const { pool, timers } = poolOf(new FakeServer(), 8);
    const large = Promise.withResolvers<void>();
    const all = Array.from({ length: 4 }, () => pool.use(() => large.promise));
    const small = pool.use(async () => 'done');
    while (pool.open < 4) await new Promise(resolve => setImmediate(resolve));
    expect(pool.open).toBe(4);
    timers.shift()?.();
    expect(await small).toBe('done');
    large.resolve();
    await Promise.all(all);
    await pool.close();
  });

  test('never more than three logins at once, and one alone at first', async () => {
    const server = new FakeServer();
    let [under, most, first] = [0, 0, true];
    server.opening = async () => {
      under += 1;
      if (first && server.logins === 0) expect(under).toBe(1);
      most = Math.max(most, under);
      await new Promise(resolve => setImmediate(resolve));
      first = false;
      under -= 1;
    };
    const { pool } = poolOf(server, 8);
    await Promise.all(Array.from({ length: 100 }, () => pool.use(client => client.noop().catch(() => undefined))));
    expect(most).toBe(3);
    await pool.close();
  });

  test.each([
    ['far away', 50, 8],
    ['near', 1, 1],
  ])('sessions that much work will want are opened before it wants them, when the server is %s', async (_, distanceMs, opened) => {
    const server = new FakeServer({ distanceMs });
    const { pool } = poolOf(server, 8);
    pool.expect(20);
    await pool.use(client => client.noop());
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(pool.open).toBe(opened);
    await pool.close();
  });

  test.each([
    ['far away', 50, 8],
    ['near', 1, 4],
  ])('work that does come has more sessions opened at once, when the server is %s', async (_, distanceMs, opened) => {
    const { pool } = poolOf(new FakeServer({ distanceMs }), 8);
    await pool.use(client => client.noop());
    pool.announce(20);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(pool.open).toBe(opened);
    pool.announce(2);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(pool.open).toBe(opened);
    await pool.close();
  });

  test('no more of them than there is work for', async () => {
    const { pool } = poolOf(new FakeServer(), 8);
    await pool.use(client => client.noop());
    pool.announce(2);
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect(pool.open).toBe(2);
    await pool.close();
  });

  test('no more of them than the server lets in', async () => {
    const server = new FakeServer({ distanceMs: 50, sessionsMax: 3 });
    const { pool, warnings } = poolOf(server, 8);
    pool.expect(8);
    await pool.use(client => client.noop());
    for (let turn = 0; turn < 100; turn++) await nextTurn();
    expect([pool.open, pool.allowed?.sessions, warnings.length]).toEqual([3, 3, 1]);
    await pool.close();
  });

  test.each([1, 2, 3])('a server that takes %i at a time gets all of the work done, whoever asks for it', async allowed => {
    const server = new FakeServer({ sessionsMax: allowed });
    const { pool, warnings } = poolOf(server, 8);
    const done = await Promise.all(Array.from({ length: 50 }, (_, n) => pool.use(async () => n)));
    expect(done).toHaveLength(50);
    expect(pool.allowed?.sessions).toBe(allowed);
    expect(warnings).toHaveLength(1);
    await pool.close();
  });

  test.each([
    ['data-tls-refused', 'done'],
    ['data-not-opened', 'done'],
    ['connection-cut', 'refused'],
  ])('%s on a session of old: that costs the work no try', async (code, end) => {
    const server = new FakeServer();
    const { pool } = poolOf(server, 4);
    const old = new Set<unknown>();
    const gate = Promise.withResolvers<void>();
    const opened = Array.from({ length: 4 }, () =>
      pool.use(async client => {
        if (old.add(client).size === 4) gate.resolve();
        await gate.promise;
      }),
    );
    await Promise.all(opened);
    const seen = new Set<unknown>();
    const work = pool.use(async client => {
      seen.add(client);
      if (old.has(client) || seen.size < 4) throw new AppError(code, 'not resumed', { retry: 'reconnect' });
      return 'done';
    });
    expect(await work.catch(() => 'refused')).toBe(end);
    expect(seen.size).toBe(end === 'done' ? 4 : 3);
    expect(server.logins).toBe(end === 'done' ? 7 : 4);
    await pool.close();
  });

  test.each([
    ['is given a new one, whoever else waits', false, 2],
    ['is given another worn one when no new one can be had', true, 3],
  ])('work refused on a worn session %s', async (_, full, attempts) => {
    const server = new FakeServer();
    const { pool } = poolOf(server, 3);
    const worn = new Set<unknown>();
    const gate = Promise.withResolvers<void>();
    const wear = () =>
      pool.use(async client => {
        if (worn.add(client).size >= 3) gate.resolve();
        await gate.promise;
      });
    await Promise.all([wear(), wear(), wear()]);
    if (full) server.opening = () => Promise.reject(new AppError('too-many-connections', 'no more', { retry: 'later' }));
    const others: Promise<void>[] = [];
    let tried = 0;
    await pool.use(async client => {
      tried += 1;
      if (!worn.has(client) || tried === 3) return;
      others.push(wear(), wear(), wear());
      throw new AppError('data-tls-refused', 'not resumed', { retry: 'reconnect' });
    });
    expect(tried).toBe(attempts);
    await Promise.all(others);
    await pool.close();
  });

  test('a server that refuses every data connection is asked a bounded number of times', async () => {
    const server = new FakeServer();
    const { pool } = poolOf(server, 4);
    const refusal = () => Promise.reject(new AppError('data-tls-refused', 'not resumed', { retry: 'reconnect' }));
    await expect(pool.use(refusal)).rejects.toMatchObject({ code: 'data-tls-refused' });
    expect(server.logins).toBe(3);
    await pool.close();
  });

  test('a 421 in the middle that says too many makes the pool smaller; the work is done elsewhere', async () => {
    const server = new FakeServer();
    const { pool } = poolOf(server, 4);
    const gate = Promise.withResolvers<void>();
    let busy = 0;
    const work = Array.from({ length: 4 }, () =>
      pool.use(async (_, attempt) => {
        if (++busy === 4) gate.resolve();
        await gate.promise;
        if (busy++ === 4 && attempt === 1) throw new BrokenSessionError('too-many-connections', '421 too many');
      }),
    );
    await Promise.all(work);
    expect(pool.allowed?.sessions).toBe(3);
    await pool.close();
  });
});

test('what the server allows is remembered for the next run', async () => {
  const server = new FakeServer({ sessionsMax: 2 });
  const rig = await makeRig(server);
  await write(rig.site, Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}`, `${n}`])));
  await rig.run({ direction: 'upload', parallel: 6 });
  const key = [...rig.ledger.keys()].find(name => name.startsWith('sessions:'));
  expect(key).toBe('sessions:@ftp.test:21');
  expect(rig.ledger.get(key ?? '')).toEqual({ sessions: 2, at: rig.clock.time });
  let refused = 0;
  server.opening = async () => {
    if (server.open >= 2) refused += 1;
    return undefined;
  };
  await write(rig.site, Object.fromEntries(Array.from({ length: 12 }, (_, n) => [`${n}`, `again ${n}`])));
  await rig.run({ direction: 'upload', parallel: 6 });
  expect(refused).toBe(0);
});
