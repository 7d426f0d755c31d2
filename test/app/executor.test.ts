import { expect, it } from 'vitest';
import { executor } from '../../src/app/schedule/execute.ts';
import { workspace } from '../../src/app/workspace.ts';
import { AppError } from '../../src/core/errors.ts';
import { Places } from '../../src/run/places.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { runRecord } from '../stores/records.ts';
import { VirtualClock } from '../support/virtual-clock.ts';

it.each([
  ['busy for a moment', 'later', 'running'],
  ['of no use', 'never', 'failed'],
] as const)('a store that is %s (retry %s) leaves the run as %s', async (_, retry, status) => {
  const clock = new VirtualClock();
  const store = await openSqliteStore(':memory:', { clock });
  const record = runRecord('r', { owner: 'me' });
  await store.begin(record, []);
  store.definition = () => Promise.reject(new AppError('store-unusable', 'somebody writes', { retry }));
  const places = new Places({ total: 1, limitOf: () => 1 });
  const say = () => undefined;
  const execute = executor({ workspace: workspace({}, {}, '/'), store, clock, places, say, today: () => undefined });
  const ended = execute({ record, signal: new AbortController().signal, settled: () => undefined });
  await ended.catch(error => expect(error).toMatchObject({ code: 'store-unusable', retry: 'later' }));
  expect((await store.run('r'))?.status).toBe(status);
});
