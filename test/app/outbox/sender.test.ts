// Who has a letter in hand, when two processes cannot be told apart by their number.
import { expect, it } from 'vitest';
import { stepOutbox } from '../../../src/app/outbox/sender.ts';
import { Redactor } from '../../../src/core/secret.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { head } from '../../stores/outbox-contract.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

it('a letter is in one hand at a time, also within one process', async () => {
  const clock = new VirtualClock();
  const store = await openSqliteStore(':memory:', { clock });
  const [run, scheduler] = [1, 2].map(() => stepOutbox(store, 'h', clock, new Redactor()));
  const { id } = await store.outbox.add(head(), [Buffer.from('x')]);
  const claim = (by = run) => by?.letters.claim(id, by.sender(), by.isAlive);
  expect(await Promise.all([claim(run), claim(scheduler)])).toMatchObject([{ id }, undefined]);
  clock.step(-86_400_000);
  expect(await claim(scheduler)).toBeUndefined();
  await run?.letters.release(id);
  expect(await claim(scheduler)).toMatchObject({ id });
  await scheduler?.letters.release(id);
});

it('what a process before this one had, under the same number, is free', async () => {
  const clock = new VirtualClock();
  const store = await openSqliteStore(':memory:', { clock });
  const { id } = await store.outbox.add(head(), [Buffer.from('x')]);
  const before = { host: 'h', pid: process.pid, since: clock.now() };
  await store.outbox.claim(id, before, () => false);
  await store.outbox.dataSent(id, ['a@x.org']);
  const now = stepOutbox(store, 'h', clock, new Redactor());
  const letter = await now.letters.claim(id, now.sender(), now.isAlive);
  expect(letter?.deliveries.map(({ status }) => status)).toEqual(['indeterminate', 'queued']);
});
