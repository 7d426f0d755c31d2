// Digests that a scheduler sends without a run of their job: when they are due, on a clock that the test moves, and that there is one of each.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readJob } from '../../../src/app/jobs.ts';
import { sendDueMails } from '../../../src/app/outbox/flush.ts';
import { sendDueDigests } from '../../../src/app/report/digests.ts';
import { workspace } from '../../../src/app/workspace.ts';
import type { Job } from '../../../src/job/job.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import type { Decision, Store } from '../../../src/stores/store.ts';
import { FakeServer } from '../../protocols/smtp/fake-server.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { VirtualClock } from '../../support/virtual-clock.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
/** After the start of this process: a sender that began before it would count as dead. */
const START = Date.UTC(2100, 0, 1, 2, 30);

let dir: TempDir;
let server: FakeServer;
let clock: VirtualClock;
let stores: Store[];

beforeEach(async () => {
  [dir, server, clock, stores] = [await tempDir(), await FakeServer.start(), new VirtualClock(START), []];
});
afterEach(async () => {
  await Promise.all(stores.map(store => store.close()));
  await server.close();
  await dir.remove();
});

interface Rig {
  readonly store: Store;
  readonly job: Job;
  readonly said: string[];
  /** What a scheduler does every minute. */
  look(): Promise<void>;
  flush(): Promise<unknown>;
}

/** A scheduler that has just started, on the state that earlier ones left. */
async function scheduler(more: { job?: string; with?: string; change?: (store: Store) => Store } = {}): Promise<Rig> {
  const file = join(dir.path, 'digest.yaml');
  const { port } = server.endpoint();
  await writeFile(
    file,
    `${more.job ?? ''}
ping: http://127.0.0.1:1/never
connections: { outbox: { type: smtp, host: 127.0.0.1, port: ${port}, tls: none } }
on-failure: [{ id: alarm, run: "exit 7" }]
steps:
  - { id: work, run: "exit 1" }
  - id: report
    uses: smtp/report
    retry: { attempts: 5 }
    with: { connection: outbox, from: robot@example.org, to: [ops@example.org], digest: daily${more.with ?? ''} }
`,
  );
  const result = await readJob(file);
  if (!result.ok) throw new Error(JSON.stringify(result.diagnostics));
  const job = result.value;
  const opened = await openSqliteStore(join(dir.path, 'state.sqlite'), { clock });
  stores.push(opened);
  const store = more.change?.(opened) ?? opened;
  const said: string[] = [];
  const place = { store, clock, workspace: workspace({}, {}, dir.path), signal: new AbortController().signal };
  const digests = { jobs: () => [job], notBefore: new Map() };
  return {
    ...{ store, job, said },
    look: () => sendDueDigests({ ...place, say: ({ level, message }) => void said.push(`${level}: ${message}`) }, digests),
    flush: () => sendDueMails({ ...place, say: line => void said.push(line) }),
  };
}

async function slot(store: Store, at: number, more: Partial<Decision> = {}): Promise<void> {
  const [job, schedule] = ['digest', 'daily'];
  const cursor = await store.slots.open({ job, schedule, anchor: at - 1, decidedTo: at - 1 });
  const decision = { job, schedule, slot: at, decidedAt: at, action: 'skipped', reason: 'missed', open: false, ...more } as const;
  expect(await store.slots.decide(cursor, at, [decision])).toBe(true);
}

const mails = () => server.delivered.length;

describe('of a job without a schedule', () => {
  it('is sent once a period, counted from when it was first seen; not again after a restart', async () => {
    const first = await scheduler();
    await first.look();
    await clock.advance(DAY - 1);
    await first.look();
    expect(mails()).toBe(0);
    await clock.advance(1);
    await first.look();
    await first.look();
    expect([mails(), first.said]).toEqual([1, ['info: report: the daily digest is accepted']]);
    await clock.advance(DAY - 1);
    const second = await scheduler();
    await second.look();
    expect(mails()).toBe(1);
    await clock.advance(1);
    await second.look();
    expect(mails()).toBe(2);
    expect(await second.store.runs({ limit: 9 })).toEqual([]);
  });

  it('is not lost when no scheduler was up at its time: one mail then tells of it all', async () => {
    await (await scheduler()).look();
    await clock.advance(9 * DAY + HOUR);
    const late = await scheduler();
    await late.look();
    await late.look();
    expect(mails()).toBe(1);
    await clock.advance(DAY);
    await late.look();
    expect(mails()).toBe(2);
  });

  it('is written once when the scheduler dies before it has put that down', async () => {
    const dying = await scheduler({
      change: store =>
        ({
          ...{ slots: store.slots, owners: store.owners, outbox: store.outbox, close: () => store.close() },
          unended: () => store.unended(),
          runs: query => store.runs(query),
          ledger: (job, step) => {
            const ledger = store.ledger(job, step);
            const put = async (key: string, value: unknown) =>
              key === 'digest' ? Promise.reject(new Error('killed')) : ledger.put(key, value);
            return { get: key => ledger.get(key), delete: key => ledger.delete(key), put };
          },
        }) as Store,
    });
    await dying.look();
    await clock.advance(DAY);
    await dying.look();
    expect([mails(), dying.said.at(-1)]).toEqual([1, expect.stringMatching(/^error: report: .*was not sent/)]);
    await clock.advance(2 * HOUR);
    const next = await scheduler();
    await next.look();
    await clock.advance(21 * HOUR);
    await next.look();
    expect(mails()).toBe(1);
    await clock.advance(HOUR);
    await next.look();
    expect(mails()).toBe(2);
  });

  it('is one mail of several schedulers at once', async () => {
    const all = [await scheduler(), await scheduler(), await scheduler()];
    await all[0]?.look();
    for (let day = 1; day <= 3; day++) {
      await clock.advance(DAY);
      await Promise.all(all.map(({ look }) => look()));
      expect(mails()).toBe(day);
    }
  });

  it('waits in the outbox while the server is away, and is not written again', async () => {
    const rig = await scheduler({ with: ', required: true' });
    await rig.look();
    await clock.advance(DAY);
    server.options = { answer: line => (line.startsWith('MAIL') ? '451 4.3.0 not now' : undefined) };
    await rig.look();
    await clock.advance(HOUR);
    await rig.look();
    server.options = {};
    await rig.flush();
    await rig.look();
    expect(mails()).toBe(1);
    expect((await rig.store.outbox.letters({ limit: 9 })).map(({ run }) => run)).toEqual(['daily digest after none']);
  });

  it('that cannot be written is tried again after an hour', async () => {
    const rig = await scheduler({ with: ', required: true, template: none.liquid' });
    await rig.look();
    await clock.advance(DAY);
    await rig.look();
    await clock.advance(HOUR - 1);
    await rig.look();
    expect(rig.said).toEqual([expect.stringMatching(/^error: report: the daily digest was not sent: .*none\.liquid/)]);
    await writeFile(join(dir.path, 'none.liquid'), '<p>{{ digest.ok }} ok</p>');
    await clock.advance(1);
    await rig.look();
    expect(mails()).toBe(1);
  });
});

describe('of a job with a schedule', () => {
  const job = 'schedule: { cron: "0 7 * * *", timezone: UTC }';

  it('is sent half an hour after a slot whose run did not send it, and only then', async () => {
    const rig = await scheduler({ job });
    await rig.look();
    await clock.advance(3 * DAY);
    await rig.look();
    await slot(rig.store, clock.now());
    await clock.advance(30 * MINUTE - 1);
    await rig.look();
    expect(mails()).toBe(0);
    await clock.advance(1);
    await rig.look();
    await rig.look();
    expect(mails()).toBe(1);
  });

  it('is left to the run while it runs, and nobody sends it of a paused job', async () => {
    const rig = await scheduler({ job });
    await rig.look();
    await clock.advance(DAY);
    await slot(rig.store, clock.now(), { reason: 'paused' });
    await clock.advance(HOUR);
    await rig.look();
    const at = clock.now();
    await slot(rig.store, at, { action: 'started', run: 'r1' });
    const run = {
      id: 'r1',
      job: 'digest',
      file: '/x',
      trigger: 'schedule',
      startedAt: at,
      status: 'running',
      host: 'h',
    } as const;
    await rig.store.begin({ ...run, pid: process.pid }, []);
    await clock.advance(HOUR);
    await rig.look();
    await rig.store.record({ type: 'run-finished', seq: 1, at, run: 'r1', status: 'failed', steps: {}, durationMs: 1 });
    await rig.store.slots.pause({ job: 'digest', since: at });
    await rig.look();
    expect(mails()).toBe(0);
    await rig.store.slots.resume('digest');
    await rig.look();
    expect(mails()).toBe(1);
  });
});

it('no digest is looked for in steps that ask about other steps', async () => {
  const rig = await scheduler();
  const steps = rig.job.steps.map(step => ({ ...step, condition: "steps.work.outcome == 'failure'" }));
  const digests = { jobs: () => [{ ...rig.job, steps }], notBefore: new Map() };
  const place = { store: rig.store, clock, workspace: workspace({}, {}, dir.path), signal: new AbortController().signal };
  for (let day = 0; day < 3; day++) {
    await sendDueDigests({ ...place, say: () => undefined }, digests);
    await clock.advance(DAY);
  }
  expect(mails()).toBe(0);
});
