// What a scheduler tells others while it works: monitors by ping, alerts by on-failure, mails that wait and digests; and what floods and half-written files do to it.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { openSqliteStore } from '../../src/stores/sqlite/store.ts';
import { cli, inTempDir, type RunningCli, startCli } from '../support/cli.ts';
import { rehearsal } from '../support/rehearsal.ts';

const OFTEN = 'schedule: { cron: "* * * * * *", seconds: true }\noverlap: skip\n';
const HOUR_MS = 3_600_000;

interface Told {
  readonly path: string;
  readonly rid: string | null;
  readonly body: string;
}

interface Monitor {
  readonly url: string;
  readonly told: readonly Told[];
  /** Resolves as soon as what it was told is enough. */
  until(enough: (told: readonly Told[]) => boolean): Promise<void>;
}

async function withMonitor(work: (monitor: Monitor) => Promise<void>): Promise<void> {
  const told: Told[] = [];
  const watchers = new Set<() => void>();
  const server = createServer(async (request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '', 'http://x');
    const body = (await request.toArray()).join('');
    told.push({ path: pathname, rid: searchParams.get('rid'), body });
    response.end();
    for (const watch of watchers) watch();
  });
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
  const until = (enough: (told: readonly Told[]) => boolean) =>
    new Promise<void>(done => {
      const look = () => (enough(told) ? done() : undefined);
      watchers.add(look);
      look();
    });
  try {
    await work({ url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, told, until });
  } finally {
    server.closeAllConnections();
    server.close();
  }
}

async function inJobsDir(work: (dir: string, jobs: string) => Promise<void>): Promise<void> {
  await inTempDir(async dir => {
    await mkdir(join(dir, 'jobs'));
    await work(dir, join(dir, 'jobs'));
  });
}

const scheduler = (dir: string) => startCli(['schedule', '--state', 'state'], { cwd: dir });

async function stopped({ child, done }: RunningCli): Promise<string> {
  child.kill('SIGTERM');
  const { code, stderr } = await done;
  expect(code).toBe(0);
  return stderr;
}

it('pings at the start and the end of each run by its id; steps of on-failure run once after each failed one', () =>
  withMonitor(monitor =>
    inJobsDir(async (dir, jobs) => {
      writeFileSync(join(jobs, 'good.yaml'), `${OFTEN}ping: ${monitor.url}/good\nsteps:\n  - { id: s, run: "true" }\n`);
      writeFileSync(
        join(jobs, 'bad.yaml'),
        `${OFTEN}ping: ${monitor.url}/bad\nsteps:\n  - { id: s, run: "echo $POSTRIDER_RUN >> ../failed; exit 3" }\non-failure:\n  - { id: alert, run: "echo $POSTRIDER_RUN >> ../alerted" }\n`,
      );
      const running = scheduler(dir);
      const paths = (told: readonly Told[]) => new Set(told.map(({ path }) => path));
      await monitor.until(told => paths(told).has('/good') && told.filter(({ path }) => path === '/bad/fail').length >= 2);
      await stopped(running);
      expect(paths(monitor.told)).toEqual(new Set(['/good/start', '/good', '/bad/start', '/bad/fail']));
      for (const job of ['good', 'bad']) {
        const end = job === 'good' ? '/good' : '/bad/fail';
        const rids = (path: string) => monitor.told.filter(each => each.path === path).map(({ rid }) => rid);
        expect(rids(end)).toEqual(rids(`/${job}/start`));
        expect(new Set(rids(end)).size).toBe(rids(end).length);
      }
      expect(monitor.told.find(({ path }) => path === '/bad/fail')?.body).toMatch(/^shell-failed: /);
      expect(readFileSync(join(dir, 'alerted'), 'utf8')).toBe(readFileSync(join(dir, 'failed'), 'utf8'));
    }),
  ));

it('a job that missed its slots while nothing was running is reported to its monitor, to the log, and to status', () =>
  withMonitor(monitor =>
    inJobsDir(async (dir, jobs) => {
      const text = 'schedule: { cron: "*/5 * * * *", timezone: UTC, misfire: skip }\nsteps:\n  - { id: s, run: "true" }\n';
      writeFileSync(join(jobs, 'a.yaml'), `ping: ${monitor.url}/a\n${text}`);
      const store = await openSqliteStore(join(dir, 'state/postrider.sqlite'), { clock: systemClock });
      const at = systemClock.now() - HOUR_MS;
      await store.slots.open({ job: 'a', schedule: '*/5 * * * * UTC', anchor: at, decidedTo: at });
      await store.close();
      const { jobs: standing } = JSON.parse((await cli(['status', '--state', 'state', '--json'], { cwd: dir })).stdout);
      expect(standing).toMatchObject([{ job: 'a', undecided: expect.stringMatching(/^\d{4}-/) }]);
      const running = scheduler(dir);
      await monitor.until(told => told.length > 0);
      const log = await stopped(running);
      expect(monitor.told[0]).toEqual({ path: '/a/fail', rid: null, body: expect.stringMatching(/^missed its slot at /) });
      expect(log.match(/"slot-skipped"/g)?.length).toBeGreaterThanOrEqual(11);
    }),
  ));

it('sends mails that wait in the outbox when they are due', async () => {
  const r = await rehearsal({ faults: ['smtp:RCPT=reply:450 4.2.0 greylisted'] });
  try {
    expect((await r.run('--only', 'report', '--state', 'state')).code).toBe(5);
    const db = new DatabaseSync(join(r.dir, 'state/postrider.sqlite'));
    expect(db.prepare('UPDATE deliveries SET next_at = 1 WHERE next_at IS NOT NULL').run().changes).toBe(1);
    db.close();
    const running = r.start('schedule', '--jobs', '.', '--state', 'state');
    await running.output(/"event":"outbox".*accepted/);
    await stopped(running);
    expect(await r.sandbox.mailbox.list()).toHaveLength(1);
  } finally {
    await r.close();
  }
});

it('sends a digest that no run has sent', async () => {
  const r = await rehearsal();
  try {
    const addresses = 'connection: outbox, from: robot@example.org, to: [ops@example.org]';
    writeFileSync(join(r.dir, 'week.yaml'), `steps: [{ id: mail, uses: smtp/report, with: { ${addresses}, digest: weekly } }]\n`);
    const store = await openSqliteStore(join(r.dir, 'state/postrider.sqlite'), { clock: systemClock });
    await store.ledger('week', 'mail').put('digest-seen', systemClock.now() - 8 * 24 * HOUR_MS);
    await store.close();
    for (let start = 0; start < 2; start++) {
      const running = r.start('schedule', '--jobs', '.', '--state', 'state');
      await running.output(start === 0 ? /"event":"digest".*weekly digest is accepted/ : /"event":"started"/);
      await stopped(running);
      expect(await r.sandbox.mailbox.list()).toHaveLength(1);
    }
  } finally {
    await r.close();
  }
});

it('a flood of output fills neither the log nor the state, and holds up no other job', () =>
  inJobsDir(async (dir, jobs) => {
    const flood = [
      'seq -f "line %g of a flood" 200000',
      'head -c 3000000 /dev/zero | tr "\\0" x',
      'touch ../flooded',
      'sleep 60',
    ];
    writeFileSync(
      join(jobs, 'flood.yaml'),
      `${OFTEN}steps:\n  - id: s\n    run: |\n${flood.map(line => `      ${line}\n`).join('')}`,
    );
    writeFileSync(
      join(jobs, 'other.yaml'),
      `${OFTEN}steps:\n  - { id: s, run: "test -e ../flooded && touch ../after || true" }\n`,
    );
    const running = scheduler(dir);
    await running.output({ test: () => existsSync(join(dir, 'after')) });
    const [run] = JSON.parse((await cli(['history', 'flood', '--state', 'state', '--json'], { cwd: dir })).stdout).runs;
    const logs = await cli(['logs', run.run, '--state', 'state'], { cwd: dir });
    expect(logs.stdout.split('\n').length).toBeLessThan(100_000);
    expect(logs.stdout).toMatch(/left out/);
    await cli(['cancel', run.run, '--state', 'state'], { cwd: dir });
    expect(await stopped(running)).not.toContain('of a flood"');
  }));

it('a job file that is half written does not run, and does as soon as it is whole', () =>
  inJobsDir(async (dir, jobs) => {
    const running = scheduler(dir);
    await running.output(/"started"/);
    const text = `${OFTEN}steps:\n  - { id: s, run: "echo ran >> ../out" }\n`;
    writeFileSync(join(jobs, 'a.yaml'), text.slice(0, -20));
    await running.output(/"job-invalid".*a\.yaml:\d+:\d+.*it does not run/);
    expect(existsSync(join(dir, 'out'))).toBe(false);
    writeFileSync(join(jobs, 'a.yaml'), text);
    await running.output(/"run-finished".*"succeeded"/);
    expect(await stopped(running)).toMatch(/read again: a/);
  }));
