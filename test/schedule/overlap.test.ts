// Misfire × overlap × how the next run comes (a live slot, a missed one, by hand, a retry), with one run going already: what happens to both.
import { describe, expect, it } from 'vitest';
import { beat, beginHeld } from '../../src/app/run/hold.ts';
import type { Job, Schedule } from '../../src/job/job.ts';
import type { RunRecord } from '../../src/stores/store.ts';
import { settled } from '../support/virtual-clock.ts';
import { jobOf, MINUTE, T0, type World, world } from './world.ts';

const KINDS = ['live', 'missed', 'manual', 'retry'] as const;
const OVERLAPS = ['queue', 'skip', 'replace', 'allow'] as const;
const MISFIRES = ['one', 'all', 'skip'] as const;
type Kind = (typeof KINDS)[number];

/** `runs beside it` · `runs after it` · `the other is cancelled` · `skipped`; the same for each kind, but for a missed slot that `misfire` skips. */
const WANTED: Readonly<Record<Job['overlap'], string>> = {
  queue: 'other succeeded; runs after it',
  skip: 'other succeeded; skipped',
  replace: 'other cancelled; runs after it',
  allow: 'other succeeded; runs beside it',
};

const TABLE = MISFIRES.flatMap(misfire =>
  OVERLAPS.flatMap(overlap =>
    KINDS.map(kind => {
      const passedOver = misfire === 'skip' && kind === 'missed';
      return [misfire, overlap, kind, passedOver ? 'other succeeded; skipped' : WANTED[overlap]] as const;
    }),
  ),
);

describe.each(TABLE)('misfire %s, overlap %s, %s', (misfire, overlap, kind, wanted) => {
  it(wanted, async () => expect(await play({ misfire, overlap, kind })).toBe(wanted));
});

it('the table holds every combination once', () => {
  expect(new Set(TABLE.map(row => row.slice(0, 3).join(' '))).size).toBe(3 * 4 * 4);
});

interface Scene {
  readonly misfire: Schedule['misfire'];
  readonly overlap: Job['overlap'];
  readonly kind: Kind;
}

/** The first run begins at its slot, 12:01, and lasts five minutes. Then the second comes: by the slot of 12:03, or from a foreground process. */
async function play({ misfire, overlap, kind }: Scene): Promise<string> {
  const w = await world();
  w.lasts = ({ id }) => (id === w.begun[0]?.id ? 5 * MINUTE : 0);
  const job = jobOf('a', { overlap, schedule: { cron: '1,3 12 * * *', timezone: 'UTC', misfire } });
  const scheduler = await w.scheduler(1, [job]);
  const stop = new AbortController();
  let running = scheduler.run(stop.signal);
  await w.clock.advance(MINUTE + 1);
  const first = w.begun[0] as RunRecord;
  let second: () => Promise<RunRecord | undefined> = async () => w.begun[1] && w.store.run(w.begun[1].id);
  if (kind === 'manual' || kind === 'retry') {
    await w.store.slots.pause({ job: 'a', since: T0 });
    const begun = foreground(w, overlap, kind);
    second = () => begun;
  } else if (kind === 'missed') {
    // Two minutes pass in which the scheduler does nothing; its run goes on.
    stop.abort();
    await running;
    await w.clock.advance(3 * MINUTE + 30_000);
    running = scheduler.run(new AbortController().signal);
  }
  await w.clock.advance(10 * MINUTE);
  await settled();
  const other = await w.store.run(first.id);
  const next = await second();
  if (next === undefined) return `other ${other?.status}; skipped`;
  const after = next.startedAt >= (other?.finishedAt ?? Number.POSITIVE_INFINITY);
  return `other ${other?.status}; runs ${after ? 'after' : 'beside'} it`;
}

/** A process that wants to run the job now; undefined when it is refused. */
async function foreground(w: World, overlap: Job['overlap'], trigger: string): Promise<RunRecord | undefined> {
  const record: RunRecord = {
    id: 'hand',
    job: 'a',
    file: 'a',
    trigger,
    startedAt: w.clock.now(),
    status: 'running',
    host: 'elsewhere',
    pid: 9,
  };
  const wish = { overlap, definition: '{}', steps: [] };
  const options = { clock: w.clock, signal: new AbortController().signal, say: () => undefined };
  const over = new AbortController();
  const beating = beat(w.store, record.id, w.clock, over.signal, () => undefined);
  try {
    await beginHeld(w.store, record, wish, options);
  } catch (error) {
    expect(error).toMatchObject({ code: 'job-held' });
    return undefined;
  } finally {
    over.abort();
    await beating;
  }
  return w.store.run('hand');
}
