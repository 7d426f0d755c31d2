// pop3/archive against dovecot: every message archived octet for octet, known again, and deleted only when asked to.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { pop3Archive } from '../../src/steps/pop3-archive/index.ts';
import { archived, configOf, contextOf, type TestContext } from '../steps/pop3-archive/context.ts';
import { endpointOf } from './endpoint.ts';
import { sampleMessages, sha256, withLf } from './mail-samples.ts';
import { describeReal } from './require.ts';
import { type DovecotServer, startDovecot } from './servers.ts';

describeReal('pop3/archive on dovecot', ['dovecot'], () => {
  const samples = sampleMessages();
  let server: DovecotServer;
  let dir = '';
  let context: TestContext;

  beforeAll(async () => {
    dir = await mkdtemp(join(tmpdir(), 'postrider-real-'));
    server = await startDovecot();
    for (const sample of samples) server.deliver(withLf(sample));
    context = contextOf({ endpoint: () => endpointOf(server, 'pop3', 'implicit', { port: server.implicitPort }) }, dir);
  });
  afterAll(async () => {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  });

  const run = (policy: string) => {
    context.time += 1;
    const later = { ...context, run: { ...context.run, startedAt: context.time } };
    return pop3Archive.run(configOf({ account: 'real', delete: policy }), later);
  };

  test('archives, knows again, deletes', async () => {
    expect(await run('never')).toMatchObject({ listed: samples.length, archived: samples.length, deleted: 0 });
    expect(archived(dir, 'real')).toEqual(samples.map(sha256));
    expect(await run('never')).toMatchObject({ archived: 0, skipped: samples.length });
    expect(await run('after-archive')).toMatchObject({ skipped: samples.length, deleted: samples.length });
    expect(await run('never')).toMatchObject({ listed: 0 });
    server.deliver(withLf(samples[0] ?? Buffer.alloc(0)));
    expect(await run('after-archive')).toMatchObject({ listed: 1, duplicates: 1, deleted: 1 });
    expect(archived(dir, 'real')).toHaveLength(samples.length);
  });
});
