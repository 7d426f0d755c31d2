// The session that mail steps of one run share: kept a short while, closed in order, and no mail lost or doubled when it dies meanwhile.
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { check } from '../../src/core/schema.ts';
import type { Outbox } from '../../src/mail/outbox.ts';
import { smtpSend } from '../../src/steps/smtp-send/index.ts';
import { IDLE_MS_MAX, IdleSessions } from '../../src/steps/smtp-sessions.ts';
import { FakeServer } from '../protocols/smtp/fake-server.ts';
import { cli, inTempDir } from '../support/cli.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';
import { memoryOutbox, testContext } from './smtp-context.ts';

let server: FakeServer;
let clock: VirtualClock;
let sessions: IdleSessions;
let letters: Outbox;

beforeEach(async () => {
  [server, clock, letters] = [await FakeServer.start(), new VirtualClock(), memoryOutbox()];
  sessions = new IdleSessions(clock);
});
afterEach(async () => {
  await sessions.close();
  await server.close();
});

const checked = check(smtpSend.schema, {
  connection: 'outbox',
  from: 'a@example.org',
  to: 'b@example.org',
  subject: 's',
  text: 't',
});
if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
const config = checked.value;

function send(stepId: string, signal = new AbortController().signal) {
  return smtpSend.run(config, {
    ...testContext({ endpoint: server.endpoint(), letters, signal }),
    stepId,
    mailSessions: sessions,
  });
}

const goodbyes = () => server.lines.filter(line => line === 'QUIT').length;

/** The timer ends the session by way of a real socket. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await settled();
}

it('mails of one run go over one session, which says goodbye at its end', async () => {
  for (const step of ['one', 'two', 'three']) expect(await send(step)).toMatchObject({ outcome: 'accepted' });
  expect([server.connections, server.delivered.length, goodbyes()]).toEqual([1, 3, 0]);
  await sessions.close();
  expect(goodbyes()).toBe(1);
});

it('it is kept half a minute and not longer', async () => {
  await send('one');
  await clock.advance(IDLE_MS_MAX - 1);
  await send('two');
  await clock.advance(IDLE_MS_MAX - 1);
  expect([server.connections, goodbyes()]).toEqual([1, 0]);
  await clock.advance(1);
  await until(() => goodbyes() === 1);
  await send('three');
  expect([server.connections, server.delivered.length]).toEqual([2, 3]);
});

it.each(['dropped', 'told to go'])('one that was %s while idle costs no failure and doubles no mail', async how => {
  await send('one');
  if (how === 'dropped') server.drop();
  let told = false;
  server.options = {
    answer: line => {
      if (how === 'dropped' || told || !line.startsWith('MAIL')) return undefined;
      told = true;
      return '421 4.4.2 idle for too long';
    },
  };
  expect(await send('two')).toMatchObject({ outcome: 'accepted' });
  expect([server.connections, server.delivered.length]).toEqual([2, 2]);
});

it.each([
  'cutAfterSent',
  'cutAfterReceived',
] as const)('cut at every byte of a later mail and run again, no mail is doubled (%s)', async cut => {
  await send('one');
  const before = { cutAfterSent: server.sent, cutAfterReceived: server.received }[cut];
  await send('two');
  const total = { cutAfterSent: server.sent, cutAfterReceived: server.received }[cut] - before;
  for (let at = 1; at <= total; at += cut === 'cutAfterSent' ? 1 : 7) {
    const had = server.delivered.length;
    server.options = {};
    await send(`first ${at}`);
    server.options = { [cut]: { cutAfterSent: server.sent, cutAfterReceived: server.received }[cut] + at };
    const first = await send(`second ${at}`).catch(error => error);
    server.options = {};
    const again = await send(`second ${at}`);
    const delivered = server.delivered.length - had - 1;
    expect(delivered, `cut at ${at}`).toBeLessThanOrEqual(1);
    if (again.outcome === 'accepted') expect(delivered, `cut at ${at}`).toBe(1);
    else expect([first.outcome, again.outcome], `cut at ${at}`).toEqual(['indeterminate', 'indeterminate']);
  }
});

it('the step that has it can be cancelled; one that had it before cannot end it', async () => {
  const [before, now] = [new AbortController(), new AbortController()];
  await send('one', before.signal);
  await send('two', now.signal);
  server.options = { answer: line => (line.startsWith('MAIL') ? '' : undefined) };
  const stopping = new AbortController();
  const third = send('three', stopping.signal).catch(error => error);
  now.abort();
  await until(() => server.lines.filter(line => line.startsWith('MAIL')).length === 3);
  stopping.abort(new Error('enough'));
  expect(await third).toBeInstanceOf(Error);
  expect([server.connections, server.delivered.length]).toEqual([1, 2]);
});

it('a try that is over, and had opened it, does not end it for the next', async () => {
  const failed = new AbortController();
  let refused = false;
  server.options = {
    answer: line => {
      if (refused || !line.startsWith('RCPT')) return undefined;
      refused = true;
      return '450 4.2.0 greylisted, try again';
    },
  };
  await expect(send('one', failed.signal)).rejects.toMatchObject({ code: 'mail-deferred' });
  failed.abort();
  expect(await send('one')).toMatchObject({ outcome: 'accepted' });
  expect([server.connections, server.delivered.length]).toEqual([1, 1]);
});

it('a run of the program opens one session for all its mails', () =>
  inTempDir(async dir => {
    const { port } = server.endpoint();
    const mail = 'uses: smtp/send, with: { connection: outbox, from: a@example.org, to: b@example.org, subject: s, text: t }';
    await writeFile(
      join(dir, 'job.yaml'),
      `connections: { outbox: { type: smtp, host: 127.0.0.1, port: ${port}, tls: none } }\nsteps:\n  - { id: one, ${mail} }\n  - { id: two, ${mail} }\n`,
    );
    expect((await cli(['run', 'job.yaml', '--state', 'state'], { cwd: dir })).code).toBe(0);
    expect([server.connections, server.delivered.length, goodbyes()]).toEqual([1, 2, 1]);
  }));
