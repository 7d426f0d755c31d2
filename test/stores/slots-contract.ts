// What every store must do for schedulers; part of the contract suite.
import { expect, it } from 'vitest';
import type { Cursor, Decision, Store } from '../../src/stores/store.ts';

const T0 = Date.UTC(2026, 10, 22, 2, 30);
const CURSOR: Cursor = { job: 'nightly', schedule: '30 2 * * *', anchor: T0, decidedTo: T0 };

export function decision(slot: number, overrides: Partial<Decision> = {}): Decision {
  const key = { job: 'nightly', schedule: '30 2 * * *', slot };
  return { ...key, decidedAt: slot + 5, action: 'started', run: `run-${slot}`, open: true, ...overrides };
}

/** `runRecord` makes a record of a run of the job nightly with this id. */
export function slotsContract(
  store: () => Store,
  runRecord: (id: string, overrides?: object) => Parameters<Store['begin']>[0],
): void {
  it('a cursor is opened once; a second opening finds the first', async () => {
    expect(await store().slots.open(CURSOR)).toEqual(CURSOR);
    expect(await store().slots.open({ ...CURSOR, anchor: 9, decidedTo: 9 })).toEqual(CURSOR);
    expect(await store().slots.cursors('nightly')).toEqual([CURSOR]);
    expect(await store().slots.cursors('other')).toEqual([]);
  });

  it('deciding moves the cursor and records, all or nothing, and only one of two schedulers', async () => {
    await store().slots.open(CURSOR);
    const skipped = decision(T0 + 1, { action: 'skipped', reason: 'too-old', detail: 'older than 24h', open: false });
    const { run: _, ...withoutRun } = skipped;
    const both = [withoutRun, decision(T0 + 2)];
    expect(await store().slots.decide(CURSOR, T0 + 2, both)).toBe(true);
    expect(await store().slots.decide(CURSOR, T0 + 3, [decision(T0 + 3)])).toBe(false);
    expect((await store().slots.cursors('nightly'))[0]?.decidedTo).toBe(T0 + 2);
    expect(await store().slots.decisions({ limit: 9 })).toEqual([...both].reverse());
  });

  it('a cursor never goes back, and a slot has one decision whatever happens to its cursor', async () => {
    await store().slots.open(CURSOR);
    expect(await store().slots.decide(CURSOR, T0 - 1, [])).toBe(false);
    expect(await store().slots.decide(CURSOR, T0 + 1, [decision(T0 + 1)])).toBe(true);
    await store().slots.forget('nightly', []);
    await store().slots.open(CURSOR);
    expect(await store().slots.decide(CURSOR, T0 + 1, [decision(T0 + 1, { run: 'another' })])).toBe(true);
    expect((await store().slots.decisions({ limit: 9 })).map(({ run }) => run)).toEqual([`run-${T0 + 1}`]);
  });

  it('forgets the cursors of schedules that are no more', async () => {
    await store().slots.open(CURSOR);
    await store().slots.open({ ...CURSOR, schedule: 'b' });
    await store().slots.open({ ...CURSOR, job: 'other' });
    await store().slots.forget('nightly', ['b', 'c']);
    expect((await store().slots.cursors('nightly')).map(({ schedule }) => schedule)).toEqual(['b']);
    expect(await store().slots.cursors('other')).toHaveLength(1);
  });

  it('a started or queued decision waits until its run begins', async () => {
    await store().slots.open(CURSOR);
    await store().slots.decide(CURSOR, T0 + 3, [decision(T0 + 2, { action: 'queued' }), decision(T0 + 1)]);
    expect((await store().slots.waiting(9)).map(({ slot }) => slot)).toEqual([T0 + 1, T0 + 2]);
    await store().begin(runRecord(`run-${T0 + 1}`), []);
    expect((await store().slots.waiting(9)).map(({ slot }) => slot)).toEqual([T0 + 2]);
    await expect(store().begin(runRecord(`run-${T0 + 1}`), [])).rejects.toMatchObject({ code: 'run-exists' });
    const [oldest] = await store().slots.decisions({ limit: 9, until: T0 + 1 });
    expect(oldest).toMatchObject({ action: 'started', open: false, run: `run-${T0 + 1}` });
  });

  it('the run of a decision that waits no longer is refused', async () => {
    await store().slots.open(CURSOR);
    const a = decision(T0 + 1);
    await store().slots.decide(CURSOR, T0 + 2, [a, decision(T0 + 2)]);
    await store().slots.withdraw(a, 'paused', 'because');
    const begun = (slot: number) => store().begin(runRecord(`run-${slot}`), [], { decided: true });
    await expect(begun(T0 + 1)).rejects.toMatchObject({ code: 'slot-withdrawn' });
    await begun(T0 + 2);
    expect([await store().run(`run-${T0 + 1}`), await store().slots.waiting(9)]).toEqual([undefined, []]);
  });

  it('a cursor is taken back with what has not begun, once', async () => {
    const late = { ...CURSOR, anchor: T0 + 5 };
    await store().slots.open(late);
    const [began, waits] = [decision(T0 + 7), decision(T0 + 8)];
    const { run: _, ...skipped } = decision(T0 + 9, { action: 'skipped', reason: 'overlap', open: false });
    await store().slots.decide(late, T0 + 9, [decision(T0 + 6), began, waits, skipped]);
    await store().begin(runRecord(`run-${T0 + 7}`), []);
    const ahead = { ...late, decidedTo: T0 + 9 };
    expect(await store().slots.takeBack({ ...ahead, decidedTo: T0 + 8 }, T0 + 6)).toBe(false);
    expect(await store().slots.takeBack(ahead, T0 + 6)).toBe(true);
    expect(await store().slots.takeBack(ahead, T0 + 6)).toBe(false);
    expect(await store().slots.cursors('nightly')).toEqual([{ ...late, decidedTo: T0 + 6 }]);
    expect((await store().slots.decisions({ limit: 9 })).map(({ slot }) => slot - T0)).toEqual([7, 6]);
    await store().slots.takeBack({ ...late, decidedTo: T0 + 6 }, T0 + 3);
    expect(await store().slots.cursors('nightly')).toEqual([{ ...late, decidedTo: T0 + 3 }]);
    const longAgo = T0 - 86_400_000;
    await store().slots.takeBack({ ...late, decidedTo: T0 + 3 }, longAgo);
    expect(await store().slots.cursors('nightly')).toEqual([{ ...late, anchor: longAgo, decidedTo: longAgo }]);
  });

  it('a waiting decision is withdrawn once; one whose run began is not', async () => {
    await store().slots.open(CURSOR);
    const [a, b] = [decision(T0 + 1), decision(T0 + 2)];
    await store().slots.decide(CURSOR, T0 + 2, [a, b]);
    await store().begin(runRecord(`run-${T0 + 2}`), []);
    expect(await store().slots.withdraw(a, 'overlap', 'because')).toBe(true);
    expect(await store().slots.withdraw(a, 'overlap', 'again')).toBe(false);
    expect(await store().slots.withdraw(b, 'overlap', 'because')).toBe(false);
    expect((await store().slots.decisions({ limit: 9 }))[1]).toMatchObject({ action: 'skipped', reason: 'overlap', open: false });
  });

  it('decisions are found by job and time, newest first', async () => {
    await store().slots.open(CURSOR);
    await store().slots.open({ ...CURSOR, job: 'other' });
    const slots = [1, 2, 3].map(ms => decision(T0 + ms));
    await store().slots.decide(CURSOR, T0 + 3, slots);
    await store().slots.decide({ ...CURSOR, job: 'other' }, T0 + 2, [decision(T0 + 2, { job: 'other' })]);
    const found = async (query: object) =>
      (await store().slots.decisions({ limit: 9, ...query })).map(({ job, slot }) => `${job} ${slot - T0}`);
    expect(await found({ job: 'nightly' })).toEqual(['nightly 3', 'nightly 2', 'nightly 1']);
    expect(await found({ job: 'nightly', since: T0 + 2, until: T0 + 2 })).toEqual(['nightly 2']);
    expect(await found({ job: 'nightly', limit: 1 })).toEqual(['nightly 3']);
    expect(await found({ job: 'other' })).toEqual(['other 2']);
  });

  it('pauses are kept with their reason until resumed', async () => {
    await store().slots.pause({ job: 'b', since: T0 });
    await store().slots.pause({ job: 'a', since: T0, reason: 'old' });
    await store().slots.pause({ job: 'a', since: T0 + 1, reason: 'server moves' });
    expect(await store().slots.pauses()).toEqual([
      { job: 'a', since: T0 + 1, reason: 'server moves' },
      { job: 'b', since: T0 },
    ]);
    expect([await store().slots.resume('a'), await store().slots.resume('a')]).toEqual([true, false]);
  });

  it('many are decided at once, each for itself, and only while as many wait as was seen', async () => {
    const [a, b] = [CURSOR, { ...CURSOR, job: 'other' }];
    expect(await store().slots.openAll([a, b])).toEqual([a, b]);
    const ask = (cursor: Cursor, slot: number, seenWaiting: number) => ({
      ...{ cursor, to: T0 + slot, seenWaiting },
      decisions: [decision(T0 + slot, { job: cursor.job, run: `${cursor.job}-${slot}` })],
    });
    expect(await store().slots.decideAll([ask(a, 1, 0), ask(b, 1, 1)])).toEqual([true, false]);
    expect(await store().slots.decideAll([ask({ ...a, decidedTo: T0 + 1 }, 2, 0), ask(b, 1, 0)])).toEqual([false, true]);
    expect(await store().slots.waitingByJob()).toEqual(
      new Map([
        ['nightly', 1],
        ['other', 1],
      ]),
    );
  });

  it('runs that nobody holds are buried, whatever their job', async () => {
    await store().begin(runRecord('alive', { pid: 1 }), []);
    await store().begin(runRecord('dead', { pid: 2, job: 'other' }), []);
    expect((await store().bury(run => run.pid === 1)).map(({ id }) => id)).toEqual(['dead']);
    expect(await store().run('dead')).toMatchObject({ status: 'failed', error: { code: 'crashed' } });
    expect((await store().run('alive'))?.status).toBe('running');
    expect(await store().bury(run => run.pid === 1)).toEqual([]);
  });
}
