import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { readJob } from '../../../src/app/jobs.ts';
import { executor } from '../../../src/app/schedule/execute.ts';
import { workspace } from '../../../src/app/workspace.ts';
import { systemClock } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';
import { writeSnapshot } from '../../../src/job/snapshot.ts';
import { Places } from '../../../src/run/places.ts';
import { Handover } from '../../../src/schedule/active-runs.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { runRecord } from '../../stores/records.ts';
import { tempDir } from '../../support/temp-dir.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

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

it('steps of on-failure that the end of a scheduler cuts short are run by the next one', async () => {
  const dir = await tempDir();
  const file = join(dir.path, 'job.yaml');
  const alert = '[ -e again ] || { touch began; sleep 100; }';
  writeFileSync(
    file,
    [
      'steps: [{ id: work, run: "false" }]',
      'on-failure:',
      `  - { id: alert, uses: shell, with: { repeatable: true, run: "${alert}" } }`,
      '  - { id: last, run: "true" }',
    ].join('\n'),
  );
  const result = await readJob(file);
  const job = result.ok ? result.value : undefined;
  const store = await openSqliteStore(':memory:', { clock: systemClock });
  const places = new Places({ total: 9, limitOf: () => 9 });
  const around = { workspace: workspace({}, {}, dir.path), store, clock: systemClock, places, say: () => undefined };
  const execute = executor({ ...around, today: () => job });
  const record = runRecord('r', { owner: 'one' });
  await store.begin(record, [], { definition: job === undefined ? '' : writeSnapshot({ job }) });
  const stop = new AbortController();
  const first = execute({ record, signal: stop.signal, settled: () => undefined, ...(job === undefined ? {} : { job }) });
  await vi.waitFor(() => expect(existsSync(join(dir.path, 'began'))).toBe(true), 10_000);
  stop.abort(new Handover());
  await first;
  const left = await store.run('r');
  expect(left).toMatchObject({ status: 'interrupted' });
  writeFileSync(join(dir.path, 'again'), '');
  const claimed = await store.owners.claim(left ?? record, { owner: 'two', host: 'here', pid: 2 }, true);
  await execute({ record: claimed ?? record, signal: new AbortController().signal, settled: () => undefined });
  expect((await store.run('r'))?.status).toBe('failed');
  expect((await store.steps('r')).map(({ step, status }) => `${step} ${status}`)).toEqual([
    ...['work failed', 'alert succeeded', 'last succeeded'],
  ]);
  await dir.remove();
});
