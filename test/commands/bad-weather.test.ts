// What a tired person sees when something is wrong: one clear message with what to do, the right exit code, and nothing lost on either side.
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type Listener, listen } from '../../src/protocols/net/listener.ts';
import { sandboxCertificates } from '../../src/sandbox/certificates.ts';
import type { CliResult } from '../support/cli.ts';
import { type Rehearsal, type RehearsalOptions, rehearsal } from '../support/rehearsal.ts';
import { treeOf } from '../support/tree.ts';

const open: { close(): Promise<void> }[] = [];
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.close();
});

async function rehearse(options: RehearsalOptions = {}): Promise<Rehearsal> {
  const started = await rehearsal({ messages: MESSAGES, ...options });
  open.push(started);
  return started;
}

const MESSAGES = Array.from({ length: 5 }, (_, i) =>
  Buffer.from(`From: a@example.org\r\nSubject: mail ${i}\r\n\r\n${`line ${i}\r\n`.repeat(300)}`),
);

/** step, its connection, the port key of the other TLS mode. */
const STEPS = [
  { step: 'deploy', connection: 'web', implicit: 'ftps', explicit: 'ftp' },
  { step: 'mail', connection: 'inbox', implicit: 'pop3s', explicit: 'pop3' },
  { step: 'report', connection: 'outbox', implicit: 'smtps', explicit: 'smtp' },
] as const;

/** Nothing was deployed, archived or deleted, and nobody got a report. */
function expectUntouched({ sandbox, dir }: Rehearsal, mails: number): void {
  expect(treeOf(sandbox.siteDir)).toEqual({});
  expect(mails).toBe(MESSAGES.length);
  expect(Object.keys(treeOf(dir)).filter(path => path.startsWith('archive/') && path.endsWith('.mbox'))).toEqual([]);
}

/** The code, one place that names the cause, and no stack trace. */
function expectRefusal(result: CliResult, code: number, ...words: RegExp[]): void {
  const said = result.stderr + result.stdout;
  expect(result.code, said).toBe(code);
  for (const word of words) expect(said).toMatch(word);
  expect(said).not.toMatch(/\n\s+at .*[:(]\d+/);
}

describe.each(STEPS)('$step', ({ step, connection, implicit, explicit }) => {
  const only = (r: Rehearsal) => r.run('--only', step);
  const mails = async (r: Rehearsal) => (await r.sandbox.mailbox.list()).length;

  it('wrong host', async () => {
    const r = await rehearse({ connections: { [connection]: { host: 'no-such-host.invalid' } } });
    const result = await only(r);
    expect([1, 5]).toContain(result.code);
    expectRefusal(result, result.code ?? 0, /no-such-host\.invalid/, /Check/);
    expectUntouched(r, await mails(r));
  });

  it('nobody listens on the port', async () => {
    const closed = await listen({ host: '127.0.0.1', port: 0, onConnection: () => undefined });
    await closed.close();
    const r = await rehearse({ connections: { [connection]: { port: String(closed.port) } } });
    expectRefusal(await only(r), 5, /nothing answers on that port/, /Check the port/);
    expectUntouched(r, await mails(r));
  });

  it('TLS spoken to a clear port', async () => {
    const r = await rehearse();
    const wrong = await rehearse({
      connections: { [connection]: { tls: 'implicit', port: String(r.sandbox.endpoints[explicit].port) } },
    });
    expectRefusal(await only(wrong), 1, /does not start with TLS/, /tls: explicit/);
    expectUntouched(wrong, await mails(wrong));
  });

  it('clear text spoken to a TLS port', async () => {
    const r = await rehearse();
    const wrong = await rehearse({
      connections: { [connection]: { tls: 'explicit', port: String(r.sandbox.endpoints[implicit].port) } },
    });
    expectRefusal(await only(wrong), 1, /expects TLS from the first byte/, /tls: implicit/);
    expectUntouched(wrong, await mails(wrong));
  });

  it('wrong password', async () => {
    const r = await rehearse({ password: 'not-the-password' });
    const result = await only(r);
    expectRefusal(result, 4, /password|sign-in|signed in/i);
    expect(result.stderr + result.stdout).not.toContain('not-the-password');
    expectUntouched(r, await mails(r));
  });

  it('certificate not trusted', async () => {
    const r = await rehearse({ connections: { [connection]: { ca: '' } } });
    expectRefusal(await only(r), 1, /not trusted/, /`ca:`/);
    expectUntouched(r, await mails(r));
  });

  it('certificate for another host', async () => {
    const r = await rehearse();
    const stranger = await tlsServerOnAnotherAddress(r);
    const wrong = await rehearse({
      connections: {
        [connection]: { host: '127.0.0.2', port: String(stranger.port), tls: 'implicit', ca: JSON.stringify(r.sandbox.caFile) },
      },
    });
    expectRefusal(await only(wrong), 1, /for another name/, /127\.0\.0\.2/);
    expectUntouched(wrong, await mails(wrong));
  });
});

describe('a connection cut in the middle', () => {
  const cuts = [
    ['deploy', 'ftp:data@1000=cut'],
    ['deploy', 'ftp:STOR#2=cut'],
    ['mail', 'pop3:RETR#3=cut'],
    ['mail', 'pop3:QUIT=cut'],
    ['report', 'smtp:RCPT=cut'],
  ] as const;
  it.each(cuts)('of %s (%s) loses nothing, and the next run completes', async (step, fault) => {
    const r = await rehearse({ faults: [fault] });
    const cut = await r.run('--only', step);
    // The mirror goes on over another session, and a lost answer to QUIT leaves nothing undone.
    if (step === 'deploy' || fault === 'pop3:QUIT=cut') expect([0, 5]).toContain(cut.code);
    else expectRefusal(cut, 5, /cut|closed|ended/i);
    const again = await r.run();
    expect(again.code, again.stderr).toBe(0);
    expect(treeOf(join(r.sandbox.siteDir, 'www'))).toEqual(treeOf(join(r.dir, 'site')));
    const archive = Object.keys(treeOf(join(r.dir, 'archive'))).filter(path => path.endsWith('.mbox'));
    expect(archive).toHaveLength(1);
    const verified = await archivedSubjects(r);
    expect(verified.sort()).toEqual(MESSAGES.map((_, i) => `mail ${i}`));
  });

  it('after the final dot is said to be of unknown outcome and is not sent again', async () => {
    const r = await rehearse({ faults: ['smtp:dot=cut'], messages: [] });
    const result = await r.run('--only', 'report');
    expect(result.stderr + result.stdout).toMatch(/indeterminate/);
    expect((await r.sandbox.mailbox.list()).length).toBeLessThanOrEqual(1);
  });
});

async function tlsServerOnAnotherAddress(r: Rehearsal): Promise<Listener> {
  const { tls } = await sandboxCertificates(join(r.sandbox.caFile, '..'), systemClock, systemRandom);
  const listener = await listen({
    host: '127.0.0.2',
    port: 0,
    onConnection: peer => void peer.startTlsServer(tls).catch(() => peer.close()),
  });
  open.push(listener);
  return listener;
}

async function archivedSubjects({ dir }: Rehearsal): Promise<string[]> {
  const { readFileSync } = await import('node:fs');
  const archive = join(dir, 'archive');
  const accounts = readdirSync(archive, { withFileTypes: true }).filter(entry => entry.isDirectory());
  return accounts.flatMap(account => {
    const folder = join(archive, account.name);
    const manifests = readdirSync(folder).filter(name => name.endsWith('.manifest.jsonl'));
    return manifests.flatMap(name =>
      readFileSync(join(folder, name), 'utf8')
        .trim()
        .split('\n')
        .map(line => JSON.parse(line).subject as string)
        .filter(subject => /^mail \d$/.test(subject ?? '')),
    );
  });
}
