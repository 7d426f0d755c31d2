// Provider facts, and what a listing that changed its mind means.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { dial } from '../../../src/protocols/net/dial.ts';
import { providerOf } from '../../../src/steps/pop3-archive/providers.ts';
import { accountOf, run } from '../../../src/steps/pop3-archive/run.ts';
import { type FakeMessage, type FakeOptions, FakePop3 } from '../../protocols/pop3/fake-server.ts';
import { archived, configOf, contextOf, hashesOf, messagesOf, type TestContext } from './context.ts';

let dir: string;
let server: FakePop3;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'postrider-providers-'));
});
afterEach(async () => {
  await server.stop();
  rmSync(dir, { recursive: true, force: true });
});

/** The fake server under the name of a provider. */
async function serve(options: FakeOptions, host = '127.0.0.1', user = 'me'): Promise<TestContext> {
  server = await new FakePop3(options).start();
  const context = contextOf(server, dir);
  return {
    ...context,
    connection: async () => server.endpoint({ host, user, timeoutMs: 500 }),
    dial: (endpoint, more) => dial({ ...endpoint, host: '127.0.0.1' }, more),
  };
}

const signedIn = (line: string) => (line.startsWith('AUTH') ? '+OK\r\n' : undefined);

describe('Gmail', () => {
  /** Lists the three oldest that were not retrieved; QUIT takes them out of the list. */
  function inParts(messages: readonly FakeMessage[]): FakeOptions {
    let rest = [...messages];
    let taken = 0;
    return {
      messages: rest.slice(0, 3),
      answer: line => {
        if (line.startsWith('RETR')) taken = Math.max(taken, Number(line.slice(5)));
        if (line === 'QUIT') {
          rest = rest.slice(taken);
          taken = 0;
          server.messages = rest.slice(0, 3);
          return '+OK\r\n';
        }
        return signedIn(line);
      },
    };
  }

  it('is gone through part by part, each message counted once', async () => {
    const messages = messagesOf(8);
    const context = await serve(inParts(messages), 'pop.gmail.com');
    expect(await run(configOf(), context)).toMatchObject({ listed: 8, archived: 8, pending: 0 });
    expect(archived(dir, 'me@pop.gmail.com').toSorted()).toEqual(hashesOf(messages));
  });

  it('stops at the limit', async () => {
    const context = await serve(inParts(messagesOf(8)), 'pop.gmail.com');
    expect(await run(configOf({ limit: 5 }), context)).toMatchObject({ listed: 6, archived: 5, pending: 1 });
  });

  it('in its recent mode is one session, into the same account', async () => {
    const context = await serve({ messages: messagesOf(2), answer: signedIn }, 'pop.gmail.com', 'recent:me');
    expect(await run(configOf(), context)).toMatchObject({ listed: 2, archived: 2 });
    expect(server.sessions).toBe(1);
    expect(archived(dir, 'me@pop.gmail.com')).toHaveLength(2);
    expect(accountOf(server.endpoint({ user: 'recent:me' }))).toBe('recent:me@127.0.0.1');
  });
});

it('a quota of the day is taken for one: the rest is pending, not in quarantine', async () => {
  const answer = (line: string) => (/^RETR [3-9]/.test(line) ? '-ERR Download exceed\r\n' : signedIn(line));
  const context = await serve({ messages: messagesOf(6), answer }, 'pop.163.com');
  expect(await run(configOf(), context)).toMatchObject({ archived: 2, pending: 4, quarantined: 0 });
});

it('a refused sign-in is explained by what the provider wants', async () => {
  const context = await serve({ answer: line => (line.startsWith('AUTH') ? '-ERR no\r\n' : undefined) }, 'outlook.office365.com');
  await expect(run(configOf(), context)).rejects.toMatchObject({
    code: 'sign-in-refused',
    hint: expect.stringContaining('oauth2'),
  });
});

it.each([
  ['pop.gmail.com', 'Gmail'],
  ['POP.MAIL.YAHOO.COM.', 'Yahoo'],
  ['p02-pop.mail.me.com', 'iCloud'],
  ['pop.gmail.com.evil.example', ''],
])('%s is %s', async (host, name) => {
  await serve({});
  expect(providerOf({ host }).name).toBe(name);
});

it('new UIDs for the whole mailbox are told, and nothing is archived twice', async () => {
  const context = await serve({ messages: messagesOf(12) });
  await run(configOf(), context);
  server.messages = messagesOf(12).map(({ octets }, at) => ({ uid: `new-${at}`, octets }));
  expect(await run(configOf(), context)).toMatchObject({ listed: 12, duplicates: 12, archived: 0 });
  expect(context.notes.join()).toContain('new UIDs');
  expect(archived(dir)).toHaveLength(12);
  expect(await run(configOf(), context)).toMatchObject({ listed: 12, skipped: 12 });
});

it('of what is too large the header is recorded, once', async () => {
  const big = { uid: 'big', octets: Buffer.from(`From: a@b\r\nSubject: the plans\r\n\r\n${'x'.repeat(3_000)}\r\n`) };
  const context = await serve({ messages: [big, ...messagesOf(2)] });
  expect(await run(configOf({ 'max-size': '1KB' }), context)).toMatchObject({ archived: 2, skipped: 1 });
  await run(configOf({ 'max-size': '1KB' }), context);
  expect(server.commands.filter(line => line.startsWith('TOP'))).toEqual(['TOP 1 0']);
  const lines = readFileSync(join(dir, 'mail/me@127.0.0.1/state.jsonl'), 'utf8').trim().split('\n');
  expect(lines.map(line => JSON.parse(line))).toMatchObject([
    { uidl: 'big', state: 'oversized', subject: 'the plans', from: 'a@b' },
  ]);
});

it('a server that loses commands is spoken to one at a time, in the same run', async () => {
  let lost = false;
  const answer = (line: string) => {
    if (line !== 'RETR 3' || lost) return undefined;
    lost = true;
    return Buffer.alloc(0);
  };
  const messages = messagesOf(20);
  const context = await serve({ messages, answer });
  expect(await run(configOf({ delete: 'after-archive' }), context)).toMatchObject({ listed: 20, archived: 20, deleted: 20 });
  expect(archived(dir).toSorted()).toEqual(hashesOf(messages));
  expect(context.notes.join()).toContain('one command at a time');
  expect(context.ledgerValues.size).toBe(1);
});
