import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openAccount } from '../../../src/archive/index.ts';
import { pop3Archive } from '../../../src/steps/pop3-archive/index.ts';
import { type FakeMessage, type FakeOptions, type FakePop3, serve } from '../../protocols/pop3/fake-server.ts';
import { archived, configOf, contextOf, hashesOf, messagesOf, NOW, type TestContext } from './context.ts';

const DAY = 86_400_000;
let dir = '';

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'postrider-pop3-'));
});
afterEach(() => rm(dir, { recursive: true, force: true }));

async function mailbox(options: FakeOptions = {}): Promise<{ server: FakePop3; context: TestContext }> {
  const server = await serve({ messages: messagesOf(3), ...options });
  return { server, context: contextOf(server, dir) };
}

const NOTHING = { archived: 0, duplicates: 0, skipped: 0, quarantined: 0, deleted: 0, pending: 0, bytes: 0 };
const bytesOf = (messages: readonly FakeMessage[]) => messages.reduce((sum, { octets }) => sum + octets.length, 0);
const run = (context: TestContext, written: Record<string, unknown> = {}) => pop3Archive.run(configOf(written), context);
/** A later run of the same job. */
function later(context: TestContext, ms: number): void {
  context.time += ms;
  (context as { run: object }).run = { ...context.run, startedAt: context.time };
}

describe('pop3/archive', () => {
  it('archives a mailbox once and leaves the server alone', async () => {
    const { server, context } = await mailbox();
    const first = await run(context);
    expect(first).toEqual({ ...NOTHING, listed: 3, archived: 3, bytes: bytesOf(server.messages) });
    expect(archived(dir).toSorted()).toEqual(hashesOf(server.messages));
    later(context, DAY);
    expect(await run(context)).toEqual({ ...NOTHING, listed: 3, skipped: 3 });
    expect(server.commands.filter(line => line.startsWith('RETR'))).toHaveLength(3);
    expect(server.commands.join()).not.toContain('DELE');
    expect(server.commands.at(-1)).toBe('QUIT');
  });

  it('keeps folders and files to their owner', async () => {
    const { context } = await mailbox();
    await run(context);
    const folder = join(dir, 'mail/me@127.0.0.1');
    expect(statSync(folder).mode & 0o777).toBe(0o700);
    expect(readdirSync(folder)).toEqual(['2026-11.manifest.jsonl', '2026-11.mbox', 'state.jsonl']);
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).mode & 0o777).toBe(0o600);
    expect(readFileSync(join(dir, 'mail/README.txt'), 'utf8')).toContain('mboxrd');
  });

  it('deletes after archiving, the new and the known', async () => {
    const { server, context } = await mailbox();
    await run(context);
    server.messages.push({ uid: 'new', octets: Buffer.from('Subject: new\r\n\r\n') });
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ listed: 4, archived: 1, skipped: 3, deleted: 4 });
    expect(server.messages).toEqual([]);
    const retrieved = server.commands.lastIndexOf('RETR 4');
    expect(server.commands.indexOf('DELE 1')).toBeGreaterThan(retrieved);
  });

  it('deletes by the age of the copy', async () => {
    const { server, context } = await mailbox();
    expect(await run(context, { delete: '30d' })).toMatchObject({ deleted: 0 });
    later(context, 30 * DAY - 1);
    expect(await run(context, { delete: '30d' })).toMatchObject({ deleted: 0 });
    server.messages.push({ uid: 'new', octets: Buffer.from('Subject: new\r\n\r\n') });
    later(context, 1);
    expect(await run(context, { delete: '30d' })).toMatchObject({ archived: 1, deleted: 3 });
    expect(server.messages.map(({ uid }) => uid)).toEqual(['new']);
  });

  it('fetches again before it deletes when the size does not agree', async () => {
    const { server, context } = await mailbox({ size: ({ octets }) => octets.length + 1 });
    await run(context);
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ duplicates: 3, skipped: 0, deleted: 3 });
    expect(archived(dir)).toHaveLength(3);
    expect(server.messages).toEqual([]);
  });

  it('never deletes another message under a known UID', async () => {
    const { server, context } = await mailbox();
    await run(context);
    server.messages[0] = { uid: 'uid-0', octets: Buffer.from('Subject: other\r\n\r\nquite another\r\n') };
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ archived: 1, skipped: 2, deleted: 3 });
    expect(archived(dir)).toHaveLength(4);
  });

  it('never believes a UID whose message it deleted: another of the same size under it is fetched', async () => {
    const { server, context } = await mailbox({ messages: messagesOf(3) });
    await run(context, { delete: 'after-archive' });
    server.messages = messagesOf(3).map(({ uid, octets }) => ({
      uid,
      octets: Buffer.from(octets.toString().replace('dot', 'DOT')),
    }));
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ listed: 3, archived: 3, skipped: 0, deleted: 3 });
    expect(archived(dir)).toHaveLength(6);
    expect(context.notes.join()).toContain('3 deleted messages are listed again');
    server.messages = messagesOf(3);
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 3, duplicates: 3 });
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 3, skipped: 3 });
    expect(archived(dir)).toHaveLength(6);
  });

  it('counts the age of a copy from its own arrival', async () => {
    const { server, context } = await mailbox({ messages: messagesOf(1) });
    await run(context);
    server.messages = messagesOf(1).map(({ octets }) => ({ uid: 'again', octets }));
    later(context, 40 * DAY);
    expect(await run(context, { delete: '30d' })).toMatchObject({ duplicates: 1, deleted: 0 });
    later(context, 30 * DAY);
    expect(await run(context, { delete: '30d' })).toMatchObject({ skipped: 1, deleted: 1 });
  });

  it('keeps on the server what its archive cannot give back', async () => {
    const { server, context } = await mailbox();
    await run(context);
    const path = join(dir, 'mail/me@127.0.0.1/2026-11.mbox');
    const mbox = readFileSync(path);
    mbox[mbox.indexOf('.dot 1')] = 0x21;
    writeFileSync(path, mbox);
    later(context, DAY);
    await expect(run(context, { delete: 'after-archive' })).rejects.toMatchObject({ code: 'archive-damaged' });
    expect(server.messages.map(({ uid }) => uid)).toEqual(['uid-1']);
  });

  it('stores the same content once, under every UID', async () => {
    const twins = [...messagesOf(2), { uid: 'twin', octets: messagesOf(1)[0]?.octets ?? Buffer.alloc(0) }];
    const { server, context } = await mailbox({ messages: twins });
    expect(await run(context)).toMatchObject({ listed: 3, archived: 2, duplicates: 1 });
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 3, skipped: 3 });
    server.messages = server.messages.map(message => ({ ...message, uid: `migrated-${message.uid}` }));
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 3, archived: 0, duplicates: 3 });
    later(context, DAY);
    expect(await run(context)).toMatchObject({ skipped: 3 });
    expect(archived(dir)).toHaveLength(2);
  });

  it('works by content without UIDL and with shared UIDs', async () => {
    const { server, context } = await mailbox({ uidl: false });
    expect(await run(context)).toMatchObject({ archived: 3 });
    expect(await run(context)).toMatchObject({ archived: 0, duplicates: 3 });
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ duplicates: 3, deleted: 3 });
    expect(server.messages).toEqual([]);
    const shared = await mailbox({ messages: messagesOf(2).map(message => ({ ...message, uid: 'same' })) });
    expect(await run(shared.context, { account: 'shared' })).toMatchObject({ archived: 2 });
  });

  it('forgets nothing when a listing is short once', async () => {
    const { server, context } = await mailbox();
    await run(context);
    const all = server.messages;
    server.messages = [];
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 0 });
    server.messages = all;
    later(context, DAY);
    expect(await run(context)).toMatchObject({ listed: 3, skipped: 3 });
  });

  it('leaves the rest pending beyond the limit, and large ones alone', async () => {
    const big = { uid: 'big', octets: Buffer.from(`Subject: big\r\n\r\n${'x'.repeat(5_000)}\r\n`) };
    const { server, context } = await mailbox({ messages: [...messagesOf(3), big] });
    expect(await run(context, { limit: 2, 'max-size': '1KB' })).toMatchObject({ listed: 4, archived: 2, pending: 1, skipped: 1 });
    later(context, DAY);
    expect(await run(context, { limit: 2, 'max-size': '1KB' })).toMatchObject({ archived: 1, pending: 0, skipped: 3 });
    expect(server.commands).not.toContain('RETR 4');
  });

  it('counts what an earlier attempt of the same run archived', async () => {
    const { context } = await mailbox();
    await run(context, { limit: 1 });
    expect(await run(context)).toMatchObject({ listed: 3, archived: 3, skipped: 0 });
  });
});

describe('a message that does not come', () => {
  it('goes to quarantine, the rest goes on, and it is tried again with patience', async () => {
    const { server, context } = await mailbox({ answer: line => (line === 'RETR 2' ? '-ERR cannot read it\r\n' : undefined) });
    const tries = () => server.commands.filter(line => line === 'RETR 2').length;
    for (const expected of [1, 2, 3, 3, 3]) {
      expect(await run(context)).toMatchObject({ listed: 3, quarantined: 1 });
      expect(tries()).toBe(expected);
      later(context, 3_600_000);
    }
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ quarantined: 1, skipped: 2, deleted: 2 });
    expect(tries()).toBe(4);
    expect(server.commands.filter(line => line === 'RETR 1')).toHaveLength(1);
    expect(server.messages.map(({ uid }) => uid)).toEqual(['uid-1']);
    const folder = join(dir, 'mail/me@127.0.0.1/quarantine');
    const [note] = readdirSync(folder).map(name => JSON.parse(readFileSync(join(folder, name), 'utf8')));
    expect(note).toMatchObject({ uidl: 'uid-1', reason: 'the server refuses it: cannot read it' });
  });

  it('is not kept, nor deleted, when it comes empty though announced with a size', async () => {
    const { server, context } = await mailbox({ answer: line => (line === 'RETR 2' ? '+OK\r\n.\r\n' : undefined) });
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ archived: 2, quarantined: 1, deleted: 0 });
    expect(context.notes.join()).toContain('it came empty though announced with');
    Object.assign(server.options, { answer: undefined });
    later(context, DAY);
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ archived: 1, skipped: 2, deleted: 3 });
    expect(server.messages).toEqual([]);
  });

  it('is left pending when the server says later', async () => {
    const { context } = await mailbox({ answer: line => (line === 'RETR 1' ? '-ERR [SYS/TEMP] busy\r\n' : undefined) });
    expect(await run(context)).toMatchObject({ archived: 2, pending: 1, quarantined: 0 });
  });

  it('is not kept when it is larger than it said, and then there is no QUIT', async () => {
    const big = { uid: 'big', octets: Buffer.from(`Subject: big\r\n\r\n${'x'.repeat(5_000)}\r\n`) };
    const { server, context } = await mailbox({ messages: [big, ...messagesOf(2)], size: () => 10 });
    expect(await run(context, { 'max-size': '1KB', delete: 'after-archive' })).toMatchObject({
      archived: 2,
      quarantined: 1,
      deleted: 0,
    });
    expect(server.commands).not.toContain('QUIT');
    expect(server.messages).toHaveLength(3);
  });

  it('and never seems to end: the session is given up, and only that message is blamed', async () => {
    const endless = { uid: 'endless', octets: Buffer.alloc(20 * 1024 * 1024, 'x\r\n') };
    const { server, context } = await mailbox({ messages: [endless, ...messagesOf(2)], size: () => 10 });
    await expect(run(context, { 'max-size': '1KB' })).rejects.toMatchObject({ code: 'message-abandoned', retry: 'reconnect' });
    await expect(run(context, { 'max-size': '1KB' })).rejects.toMatchObject({ code: 'message-abandoned' });
    expect(archived(dir).toSorted()).toEqual(hashesOf(messagesOf(2)));
    await expect(run(context, { 'max-size': '1KB' })).rejects.toMatchObject({ code: 'message-abandoned' });
    expect(await run(context, { 'max-size': '1KB' })).toMatchObject({ listed: 3, quarantined: 1, archived: 2 });
    expect(server.messages).toHaveLength(3);
  });

  it('one after the other: the server is left alone', async () => {
    const { server, context } = await mailbox({
      messages: messagesOf(600),
      answer: line => (line.startsWith('RETR') ? '-ERR quota\r\n' : undefined),
    });
    expect(await run(context)).toMatchObject({ listed: 600, quarantined: 20, pending: 580 });
    expect(server.commands.filter(line => line.startsWith('RETR')).length).toBeLessThanOrEqual(500);
    expect(context.notes.at(-1)).toContain('refuses one message after the other');
  });

  it('that cuts the session again and again goes last, then into quarantine', async () => {
    const { server, context } = await mailbox({ answer: line => (line === 'RETR 1' ? dies() : undefined) });
    await expect(run(context)).rejects.toMatchObject({ code: 'connection-cut', retry: 'reconnect' });
    expect(archived(dir)).toEqual([]);
    await expect(run(context)).rejects.toMatchObject({ code: 'connection-cut' });
    expect(archived(dir)).toHaveLength(2);
    await expect(run(context)).rejects.toMatchObject({ code: 'connection-cut' });
    later(context, 1);
    expect(await run(context)).toMatchObject({ listed: 3, skipped: 2, quarantined: 1 });
    expect(context.notes.at(-1)).toContain('failed 3 times: connection-cut');
    Object.assign(server.options, { answer: undefined });
    later(context, DAY);
    expect(await run(context)).toMatchObject({ archived: 1, skipped: 2, quarantined: 0 });
  });
});

describe('a lost QUIT', () => {
  it('is resolved at the next sign-in', async () => {
    const { server, context } = await mailbox();
    const messages = server.messages;
    const answer = (line: string) => {
      if (line !== 'QUIT') return undefined;
      server.messages = [];
      return dies();
    };
    Object.assign(server.options, { answer });
    await expect(run(context, { delete: 'after-archive' })).rejects.toMatchObject({ retry: 'reconnect' });
    Object.assign(server.options, { answer: undefined });
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ listed: 0, deleted: 3 });
    server.messages = messages;
    expect(await run(context, { delete: 'after-archive' })).toMatchObject({ listed: 3, duplicates: 3, deleted: 3 });
    expect(await run(context)).toMatchObject({ listed: 0, deleted: 0 });
    expect(archived(dir)).toHaveLength(3);
  });

  it('matters only when something was to be deleted', async () => {
    const { context } = await mailbox({ answer: line => (line === 'QUIT' ? '-ERR whatever\r\n' : undefined) });
    expect(await run(context)).toMatchObject({ archived: 3 });
    await expect(run(context, { delete: 'after-archive' })).rejects.toMatchObject({ code: 'quit-refused', retry: 'later' });
  });
});

describe('a server that deletes by itself', () => {
  it('is told of', async () => {
    const { context } = await mailbox({ capabilities: ['UIDL', 'EXPIRE 0'] });
    await run(context);
    expect(context.notes).toEqual([expect.stringContaining('EXPIRE 0')]);
  });
});

describe('two runs at once', () => {
  it('the second is told who holds the archive', async () => {
    const { server, context } = await mailbox();
    const holder = await openAccount({ root: join(dir, 'mail'), account: 'me@127.0.0.1', clock: context.clock });
    await expect(run(context)).rejects.toMatchObject({ code: 'archive-locked', retry: 'never' });
    await holder.close();
    expect(server.commands).toEqual([]);
    expect(await run(context)).toMatchObject({ archived: 3 });
  });
});

describe('the preview', () => {
  it('signs in and lists, and changes nothing', async () => {
    const { server, context } = await mailbox();
    const preview = await pop3Archive.preview(configOf({ delete: 'after-archive', limit: 2 }), context);
    expect(preview.summary).toMatch(
      /^2 messages to fetch \(\d+ B\), 0 archived before, 2 to delete on the server, 1 left for later$/,
    );
    expect(preview.actions[0]).toEqual({
      action: 'fetch',
      target: 'message 1 (UID uid-0)',
      reason: 'new',
      bytes: server.messages[0]?.octets.length,
    });
    expect(readdirSync(dir)).toEqual([]);
    expect(server.commands.filter(line => /^(RETR|DELE)/.test(line))).toEqual([]);
    await run(context);
    const after = await pop3Archive.preview(configOf(), context);
    expect(after.summary).toBe('0 messages to fetch (0 B), 3 archived before');
  });
});

describe('a server that offers PIPELINING and breaks it', () => {
  it('is spoken to one command at a time from then on', async () => {
    const broken = (line: string) => (line === 'RETR 2' ? 'garbage\r\n' : undefined);
    const { server, context } = await mailbox({ answer: broken });
    await expect(run(context)).rejects.toMatchObject({ code: 'protocol-broken', retry: 'reconnect' });
    Object.assign(server.options, { answer: undefined });
    expect([...context.ledgerValues.values()]).toEqual([NOW + 7 * DAY]);
    expect(await run(context)).toMatchObject({ listed: 3, archived: 3 });
    expect(archived(dir)).toHaveLength(3);
  });
});

/** The server's process ends without a word. */
function dies(): never {
  throw new Error('the server died');
}
