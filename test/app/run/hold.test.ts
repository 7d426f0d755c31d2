// Runs in the foreground on machines, or in containers, that cannot see each other's processes.
import { expect, it } from 'vitest';
import { closeSilent } from '../../../src/app/run/cancel.ts';
import { beat, beginHeld, Elsewhere } from '../../../src/app/run/hold.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import type { RunRecord } from '../../../src/stores/store.ts';
import { runRecord } from '../../stores/records.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

async function rig(there: Partial<RunRecord> = {}) {
  const clock = new VirtualClock();
  const store = await openSqliteStore(':memory:', { clock });
  await store.begin(runRecord('there', { host: 'container-1', ...there }), []);
  const end = new AbortController();
  const held = { overlap: 'queue', definition: '', steps: [] } as const;
  const around = { clock, signal: end.signal, say: () => undefined };
  const begun = beginHeld(store, runRecord('here', { host: 'container-2' }), held, around);
  begun.catch(() => undefined);
  return { clock, store, end, begun };
}

it('one is waited for as long as it beats, and closed a minute after its last beat', async () => {
  const { clock, store, begun } = await rig();
  const stop = new AbortController();
  const beating = beat(store, 'there', clock, stop.signal, () => undefined);
  await clock.advance(600_000);
  clock.step(86_400_000);
  await clock.advance(10_000);
  expect((await store.run('here'))?.status).toBe('waiting');
  stop.abort();
  await beating;
  await clock.advance(55_000);
  expect((await store.run('here'))?.status).toBe('waiting');
  await clock.advance(10_000);
  await begun;
  expect(await store.run('there')).toMatchObject({ status: 'failed', error: { code: 'crashed' } });
  expect((await store.run('here'))?.status).toBe('running');
});

it('one of a scheduler is waited for as long as that beats, and left for the next one two minutes after its last beat', async () => {
  const { clock, store, begun } = await rig({ owner: 'scheduler-1' });
  const scheduler = { owner: 'scheduler-1', host: 'container-1', pid: 1, jobsDir: '/jobs', startedAt: 0 };
  for (let beats = 0; beats < 30; beats++) {
    await store.owners.beat(scheduler);
    await clock.advance(60_000);
  }
  expect((await store.run('here'))?.status).toBe('waiting');
  await clock.advance(55_000);
  expect((await store.run('here'))?.status).toBe('waiting');
  await clock.advance(10_000);
  await begun;
  expect(await store.run('there')).toMatchObject({ status: 'interrupted', crashes: 1 });
  expect((await store.run('here'))?.status).toBe('running');
});

it('one of a scheduler that is not there any more is not waited for for ever', async () => {
  const { clock, store, begun } = await rig({ owner: 'scheduler-1' });
  await clock.advance(115_000);
  expect((await store.run('here'))?.status).toBe('waiting');
  await clock.advance(10_000);
  await begun;
  expect((await store.run('there'))?.status).toBe('interrupted');
});

it('one of a dead scheduler is cancelled once that was silent for two minutes', async () => {
  const { clock, store, end } = await rig({ owner: 'scheduler-1' });
  end.abort(new CancelledError());
  await clock.advance(1_000);
  const elsewhere = new Elsewhere(clock);
  const close = async () => {
    const run = await store.run('there');
    if (run !== undefined) await closeSilent(store, run, elsewhere);
    return (await store.run('there'))?.status;
  };
  expect(await close()).toBe('running');
  await clock.advance(119_000);
  expect(await close()).toBe('running');
  await clock.advance(2_000);
  expect(await close()).toBe('cancelled');
});

it('one hears that it is to end when it beats, also while it waits', async () => {
  const { clock, store, end, begun } = await rig();
  await clock.advance(1_000);
  const beating = beat(store, 'here', clock, end.signal, () => end.abort(new CancelledError()));
  await clock.advance(20_000);
  expect(end.signal.aborted).toBe(false);
  await store.owners.requestCancel('here');
  await clock.advance(10_000);
  await beating;
  await expect(begun).rejects.toMatchObject({ code: 'cancelled' });
  expect((await store.run('here'))?.status).toBe('cancelled');
});
