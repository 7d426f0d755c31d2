// What every store must do; each adapter's test calls it with a way to open one.
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { RunRecord, Store } from '../../src/stores/store.ts';
import type { VirtualClock } from '../support/virtual-clock.ts';
import { outboxContract } from './outbox-contract.ts';
import { ownersContract } from './owners-contract.ts';
import { event, runRecord, stepRecord, T0 } from './records.ts';
import { slotsContract } from './slots-contract.ts';

const ERROR = { code: 'shell-failed', message: 'ended with 3', retry: 'later', hint: 'look' } as const;
const FINISHED = { type: 'step-finished', tolerated: false, attempts: 1, durationMs: 1_500.5 } as const;

/** `clock` is the one that the store was opened with. */
export function storeContract(open: () => Promise<Store>, clock: VirtualClock): void {
  let store: Store;
  beforeEach(async () => {
    store = await open();
  });
  afterEach(async () => {
    await store.close();
  });

  describe('runs', () => {
    it('are found by id and by an unambiguous prefix', async () => {
      await store.begin(runRecord('abc-1'), []);
      await store.begin(runRecord('abd-2'), []);
      expect((await store.run('abc-1'))?.id).toBe('abc-1');
      expect((await store.run('abc'))?.id).toBe('abc-1');
      for (const vague of ['ab', '', 'zzz', 'a%', 'ab_']) expect(await store.run(vague)).toBeUndefined();
    });

    it('are found by their whole id even when it begins another', async () => {
      await store.begin(runRecord('a'), []);
      await store.begin(runRecord('ab'), []);
      expect((await store.run('a'))?.id).toBe('a');
    });

    it('come back as they went in', async () => {
      const record = runRecord('full', { finishedAt: T0 + 5, status: 'failed', error: ERROR });
      await store.begin(record, []);
      expect(await store.run('full')).toEqual(record);
    });

    it('have one id each, and a refused one changes nothing', async () => {
      await store.begin(runRecord('one'), [stepRecord('a')]);
      await expect(store.begin(runRecord('one', { job: 'other' }), [stepRecord('b')])).rejects.toMatchObject({
        code: 'run-exists',
      });
      expect((await store.run('one'))?.job).toBe('nightly');
      expect((await store.steps('one')).map(step => step.step)).toEqual(['a']);
    });

    it('are listed newest first, filtered and limited', async () => {
      await store.begin(runRecord('r1', { startedAt: T0 }), []);
      await store.begin(runRecord('r2', { startedAt: T0 + 2, job: 'other' }), []);
      await store.begin(runRecord('r3', { startedAt: T0 + 1, status: 'failed' }), []);
      const ids = async (query: object) => (await store.runs({ limit: 10, ...query })).map(run => run.id);
      expect(await ids({})).toEqual(['r2', 'r3', 'r1']);
      expect(await ids({ job: 'nightly' })).toEqual(['r3', 'r1']);
      expect(await ids({ status: 'failed' })).toEqual(['r3']);
      expect(await ids({ since: T0 + 1 })).toEqual(['r2', 'r3']);
      expect(await ids({ limit: 1 })).toEqual(['r2']);
      expect(await store.jobs()).toEqual(['nightly', 'other']);
    });
  });

  it('knows which jobs have a run that has not ended, and how', async () => {
    await store.begin(runRecord('done', { job: 'a', status: 'failed', finishedAt: T0 + 1 }), []);
    await store.begin(runRecord('r1', { job: 'a' }), []);
    await store.begin(runRecord('r2', { job: 'a' }), []);
    await store.enqueue(runRecord('w', { job: 'b', pid: 3 }), () => true);
    await store.begin(runRecord('i', { job: 'c', owner: 'gone' }), []);
    await store.bury(({ owner }) => owner === undefined);
    expect(await store.unended()).toEqual({ running: new Set(['a']), waiting: new Set(['b']), interrupted: new Set(['c']) });
    await store.record(event('r1', 1, { type: 'run-finished', status: 'failed', steps: {}, durationMs: 1 }));
    await store.record(event('r2', 1, { type: 'run-finished', status: 'succeeded', steps: {}, durationMs: 1 }));
    expect((await store.unended()).running).toEqual(new Set());
  });

  it('knows how long the newest runs of a job took that succeeded', async () => {
    for (const [id, startedAt, tookMs, status] of [
      ['old', T0, 10, 'succeeded'],
      ['mid', T0 + 1, 20, 'failed'],
      ['new', T0 + 2, 30, 'succeeded'],
    ] as const)
      await store.begin(runRecord(id, { startedAt, finishedAt: startedAt + tookMs, status }), []);
    await store.begin(runRecord('going', { startedAt: T0 + 3 }), []);
    expect(await store.durations('nightly', 9)).toEqual([30, 10]);
    expect(await store.durations('nightly', 1)).toEqual([30]);
    expect(await store.durations('other', 9)).toEqual([]);
  });

  describe('one run of a job at a time', () => {
    const alive = (other: RunRecord) => other.pid === 1;

    it('a run that is alive refuses the next, and nothing is changed', async () => {
      await store.begin(runRecord('dead', { pid: 2 }), [stepRecord('a')]);
      await store.begin(runRecord('first', { pid: 1, startedAt: T0 + 1 }), []);
      const error = await store.begin(runRecord('second'), [stepRecord('a')], { holds: alive }).catch((cause: unknown) => cause);
      expect(error).toMatchObject({ code: 'job-held', retry: 'later', hint: expect.stringContaining('cancel first') });
      expect((error as Error).message).toBe(
        'nightly is already running: run first, process 1 on here, since 2026-11-22T02:30:00.001Z',
      );
      expect(await store.run('second')).toBeUndefined();
      expect(await store.steps('second')).toEqual([]);
      expect((await store.run('dead'))?.status).toBe('running');
    });

    it('runs whose process is gone end as crashed, their steps with them', async () => {
      await store.begin(runRecord('dead', { pid: 2 }), [stepRecord('a'), stepRecord('b'), stepRecord('c')]);
      const done = { ...FINISHED, step: 'a', status: 'succeeded', outputs: {} } as const;
      await store.record(event('dead', 1, done));
      await store.record(event('dead', 2, { type: 'step-started', step: 'b', uses: 'shell', attempt: 1 }));
      await store.begin(runRecord('next', { pid: 1 }), [], { holds: alive });
      const error = { code: 'crashed', message: 'the process that ran it is gone', retry: 'later' };
      expect(await store.run('dead')).toMatchObject({ status: 'failed', finishedAt: expect.any(Number), error });
      expect((await store.steps('dead')).map(({ status }) => status)).toEqual(['succeeded', 'failed', 'cancelled']);
      expect((await store.steps('dead'))[1]?.error).toEqual(error);
      expect((await store.run('next'))?.status).toBe('running');
    });

    it('looks at running runs of the same job only, and only when asked to', async () => {
      await store.begin(runRecord('other', { pid: 1, job: 'other' }), []);
      await store.begin(runRecord('over', { pid: 1, status: 'succeeded', finishedAt: T0 }), []);
      await store.begin(runRecord('one', { pid: 1 }), [], { holds: alive });
      await store.begin(runRecord('two', { pid: 1 }), []);
      expect((await store.runs({ status: 'running', limit: 10 })).map(run => run.id).sort()).toEqual(['one', 'other', 'two']);
    });

    it('a taken id is refused, and whoever was found dead stays as it was', async () => {
      await store.begin(runRecord('dead', { pid: 2 }), []);
      await store.begin(runRecord('taken', { pid: 2, status: 'failed' }), []);
      const again = store.begin(runRecord('taken'), [], { holds: alive });
      await expect(again).rejects.toMatchObject({ code: 'run-exists' });
      expect((await store.run('dead'))?.status).toBe('running');
    });
  });

  describe('events', () => {
    it('move run and steps along', async () => {
      await store.begin(runRecord('run'), [stepRecord('deploy'), stepRecord('mail')]);
      await store.record(event('run', 1, { type: 'run-started', job: 'nightly', steps: [] }));
      await store.record(event('run', 2, { type: 'step-started', step: 'deploy', uses: 'shell', attempt: 1 }));
      expect((await store.steps('run'))[0]).toMatchObject({ status: 'running', attempts: 1, startedAt: T0 + 2_000 });
      await store.record(event('run', 3, { type: 'step-retrying', step: 'deploy', attempt: 1, delayMs: 5, error: ERROR }));
      await store.record(event('run', 4, { type: 'step-started', step: 'deploy', uses: 'shell', attempt: 2 }));
      await store.record(
        event('run', 5, { ...FINISHED, step: 'deploy', status: 'succeeded', outputs: { bytes: 3 }, attempts: 2 }),
      );
      const steps = { deploy: 'succeeded', mail: 'cancelled' } as const;
      await store.record(event('run', 6, { type: 'run-finished', status: 'failed', steps, durationMs: 9, error: ERROR }));
      expect(await store.steps('run')).toEqual([
        {
          step: 'deploy',
          uses: 'shell',
          status: 'succeeded',
          attempts: 2,
          startedAt: T0 + 2_000,
          durationMs: 1_500.5,
          outputs: { bytes: 3 },
        },
        { step: 'mail', uses: 'shell', status: 'cancelled', attempts: 0, outputs: {} },
      ]);
      expect(await store.run('run')).toMatchObject({ status: 'failed', finishedAt: T0 + 6_000, error: ERROR });
    });

    it('come back whole, in order, by step, and without progress', async () => {
      await store.begin(runRecord('run'), []);
      const first = event('run', 1, {
        type: 'run-started',
        job: 'nightly',
        steps: [{ id: 'a', uses: 'shell', description: 'x', needs: [] }],
      });
      const note = event('run', 3, { type: 'step-note', step: 'a', level: 'warning', message: 'ünïcode \u0000 \u{1f600}' });
      const other = event('run', 4, { type: 'step-note', step: 'b', level: 'info', message: 'other' });
      await store.record(first);
      await store.record(event('run', 2, { type: 'step-progress', step: 'a', done: 1, unit: 'files' }));
      await store.record(other);
      await store.record(note);
      expect(await store.events('run')).toEqual([first, note, other]);
      expect(await store.events('run', 'a')).toEqual([note]);
      expect(await store.events('nobody')).toEqual([]);
    });

    it('are recorded once, however often they are told', async () => {
      await store.begin(runRecord('run'), [stepRecord('a')]);
      const twice = event('run', 1, { type: 'step-note', step: 'a', level: 'info', message: 'once' });
      await store.record(twice);
      await store.record(twice);
      expect(await store.events('run')).toHaveLength(1);
    });

    it('of a step that was not announced add it', async () => {
      await store.begin(runRecord('run'), [stepRecord('a')]);
      await store.record(event('run', 1, { type: 'step-started', step: 'late', uses: 'smtp/report', attempt: 1 }));
      expect((await store.steps('run')).map(({ step, uses }) => [step, uses])).toEqual([
        ['a', 'shell'],
        ['late', 'smtp/report'],
      ]);
    });
  });

  describe('slots', () => slotsContract(() => store, runRecord));
  describe('owners', () => ownersContract(() => store));

  outboxContract(() => store, clock);

  describe('ledgers', () => {
    it('keep JSON values by job, step and key', async () => {
      const ledger = store.ledger('nightly', 'deploy');
      expect(await ledger.get('seen')).toBeUndefined();
      await ledger.put('seen', { a: [1, null, 'ü'] });
      await ledger.put('seen', { a: [2] });
      await store.ledger('nightly', 'mail').put('seen', 'mail');
      await store.ledger('other', 'deploy').put('seen', 'other');
      expect(await ledger.get('seen')).toEqual({ a: [2] });
      expect(await store.ledger('nightly', 'deploy').get('seen')).toEqual({ a: [2] });
      await ledger.delete('seen');
      expect(await ledger.get('seen')).toBeUndefined();
      expect(await store.ledger('nightly', 'mail').get('seen')).toBe('mail');
      expect(await store.ledger('other', 'deploy').get('seen')).toBe('other');
    });

    it('refuse what is no JSON', async () => {
      await expect(store.ledger('j', 's').put('k', undefined)).rejects.toMatchObject({ code: 'misuse' });
    });
  });

  it('may be closed twice, and then refuses work', async () => {
    await store.close();
    await store.close();
    await expect(store.jobs()).rejects.toMatchObject({ code: 'misuse' });
  });
}
