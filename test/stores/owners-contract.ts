// What every store must do about who runs what; part of the contract suite.
import { expect, it } from 'vitest';
import type { RunRecord, Store } from '../../src/stores/store.ts';
import { event, runRecord, stepRecord, T0 } from './records.ts';

const ME = { owner: 'here:1', host: 'here', pid: 1, jobsDir: '/jobs', startedAt: T0 };
const OTHER = { ...ME, owner: 'there:2', host: 'there', pid: 2 };
const FINISHED = { type: 'run-finished', status: 'succeeded', steps: {}, durationMs: 1 } as const;

export function ownersContract(store: () => Store): void {
  const begin = (id: string, overrides: Partial<RunRecord> = {}) =>
    store().begin(runRecord(id, { owner: ME.owner, ...overrides }), [stepRecord('s')]);

  it('a scheduler announces itself, beats, and leaves', async () => {
    await store().owners.beat(ME);
    await store().owners.beat(OTHER);
    await store().owners.beat(ME);
    expect(await store().owners.schedulers()).toEqual([
      { ...ME, beat: 2 },
      { ...OTHER, beat: 1 },
    ]);
    await store().owners.dismiss(ME.owner);
    expect(await store().owners.schedulers()).toEqual([{ ...OTHER, beat: 1 }]);
  });

  it('a run that nobody holds any more becomes interrupted, is taken up once, and refuses its earlier owner', async () => {
    await begin('r');
    await store().record(event('r', 1, { type: 'step-started', step: 's', uses: 'shell', attempt: 1 }), 1);
    expect(await store().bury(() => false)).toMatchObject([{ id: 'r', status: 'interrupted', crashes: 1, fence: 2 }]);
    const [run] = await store().runs({ status: 'interrupted', limit: 9 });
    const claimed = await store().owners.claim(run as RunRecord, OTHER, true);
    expect(claimed).toMatchObject({
      status: 'running',
      owner: OTHER.owner,
      host: 'there',
      pid: 2,
      fence: 3,
      crashes: 1,
      startedAt: T0,
    });
    expect(await store().owners.claim(run as RunRecord, ME, true)).toBeUndefined();
    await expect(store().record(event('r', 2, FINISHED), 1)).rejects.toMatchObject({ code: 'run-lost' });
    expect(await store().run('r')).toMatchObject({ status: 'running' });
    expect(await store().steps('r')).toMatchObject([{ step: 's', status: 'running' }]);
    await store().record(event('r', 2, FINISHED), 3);
    expect(await store().run('r')).toMatchObject({ status: 'succeeded' });
    await expect(store().record(event('r', 3, FINISHED), 3)).rejects.toMatchObject({ code: 'run-lost' });
  });

  it('is taken up beside another run of its job only when that is allowed', async () => {
    await begin('old');
    await store().bury(() => false);
    await begin('new');
    const old = (await store().run('old')) as RunRecord;
    expect(await store().owners.claim(old, ME, true)).toBeUndefined();
    expect(await store().owners.claim(old, ME, false)).toMatchObject({ id: 'old', status: 'running' });
  });

  it('is handed back once, without a crash', async () => {
    await begin('r');
    expect([
      await store().owners.handBack('r', 2),
      await store().owners.handBack('r', 1),
      await store().owners.handBack('r', 1),
    ]).toEqual([false, true, false]);
    const run = await store().run('r');
    expect(run).toMatchObject({ status: 'interrupted', fence: 2 });
    expect([run?.crashes, run?.owner]).toEqual([undefined, undefined]);
  });

  it('is asked to end by way of its scheduler; an interrupted one ends at once', async () => {
    await begin('a');
    await begin('b', { job: 'other' });
    expect(await store().owners.requestCancel('a')).toBe(true);
    expect(await store().owners.held(ME.owner)).toEqual([
      { run: 'a', fence: 1, cancel: true },
      { run: 'b', fence: 1, cancel: false },
    ]);
    await store().owners.handBack('b', 1);
    expect(await store().owners.requestCancel('b')).toBe(true);
    expect(await store().run('b')).toMatchObject({ status: 'cancelled' });
    expect(await store().owners.requestCancel('b')).toBe(false);
  });

  it('in the foreground beats, and hears by that when somebody wants it ended', async () => {
    await store().begin(runRecord('going'), []);
    await store().enqueue(runRecord('waiting'), () => true);
    for (const run of ['going', 'waiting', 'waiting', 'gone']) expect(await store().owners.beatRun(run)).toBe(false);
    expect([(await store().run('going'))?.beat, (await store().run('waiting'))?.beat]).toEqual([1, 2]);
    for (const run of ['going', 'waiting']) {
      expect(await store().owners.requestCancel(run)).toBe(true);
      expect(await store().owners.beatRun(run)).toBe(true);
    }
    await store().bury(() => false);
    expect(await store().owners.requestCancel('going')).toBe(false);
  });

  it('one run of a job waits at most, and begins from there', async () => {
    await begin('going');
    const holds = () => true;
    await store().enqueue(runRecord('first'), holds);
    await expect(store().enqueue(runRecord('second'), holds)).rejects.toMatchObject({ code: 'job-held' });
    expect((await store().run('first'))?.status).toBe('waiting');
    await store().record(event('going', 1, FINISHED));
    await store().begin(runRecord('first'), [], { holds });
    expect((await store().run('first'))?.status).toBe('running');
    await store().enqueue(runRecord('third'), holds);
    await store().leaveQueue('third');
    expect((await store().run('third'))?.status).toBe('cancelled');
  });

  it('a waiting run whose process is gone makes way', async () => {
    await store().enqueue(runRecord('gone', { pid: 7 }), () => true);
    await store().enqueue(runRecord('next'), ({ pid }) => pid !== 7);
    expect(await store().run('gone')).toMatchObject({ status: 'failed', error: { code: 'crashed' } });
  });

  it('keeps what a run was begun with as long as a run has it', async () => {
    for (const id of ['a', 'b']) await store().begin(runRecord(id, { job: id }), [], { definition: 'the same text' });
    await store().begin(runRecord('c', { job: 'c' }), []);
    expect([await store().definition('a'), await store().definition('b'), await store().definition('c')]).toEqual([
      'the same text',
      'the same text',
      undefined,
    ]);
  });

  it('drops what is too old: runs but the newest of each job, logs earlier, decisions, and never what has not ended', async () => {
    for (let day = 1; day <= 6; day++) {
      const at = T0 + day * 1_000;
      await store().begin(runRecord(`r${day}`, { startedAt: at, finishedAt: at + 1, status: 'succeeded' }), [], {
        definition: `v${day}`,
      });
      await store().record({ ...event(`r${day}`, 1, FINISHED), at: at + 1 });
    }
    await begin('open', { startedAt: T0 });
    const cursor = { job: 'nightly', schedule: 's', anchor: 0, decidedTo: 0 };
    await store().slots.open(cursor);
    const skip = (slot: number) =>
      ({ job: 'nightly', schedule: 's', slot, decidedAt: 1, action: 'skipped', open: false }) as const;
    await store().slots.decide(cursor, T0 + 9_000, [skip(T0 + 1), skip(T0 + 9_000)]);
    const retention = { runsBefore: T0 + 5_500, runsKeptMin: 3, logsBefore: T0 + 6_000 };
    while (await store().prune(retention));
    expect((await store().runs({ limit: 9 })).map(({ id }) => id)).toEqual(['r6', 'r5', 'r4', 'open']);
    expect([(await store().events('r4')).length, (await store().events('r6')).length]).toEqual([0, 1]);
    expect((await store().slots.decisions({ limit: 9 })).map(({ slot }) => slot - T0)).toEqual([9_000]);
  });

  it('knows the last number of a run’s events, and the newest progress of its steps', async () => {
    await begin('r');
    expect(await store().lastSeq('r')).toBe(0);
    await store().record(event('r', 1, { type: 'step-started', step: 's', uses: 'shell', attempt: 1 }));
    await store().record(event('r', 2, { type: 'step-progress', step: 's', done: 3, total: 9, unit: 'files' }));
    expect(await store().lastSeq('r')).toBe(1);
    expect(await store().steps('r')).toMatchObject([{ progress: { done: 3, total: 9, unit: 'files' } }]);
    await store().record(
      event('r', 3, {
        type: 'step-finished',
        step: 's',
        status: 'succeeded',
        outputs: {},
        tolerated: false,
        attempts: 1,
        durationMs: 1,
      }),
    );
    expect((await store().steps('r'))[0]?.progress).toBeUndefined();
  });
}
