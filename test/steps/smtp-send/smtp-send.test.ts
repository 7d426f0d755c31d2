import { appendFile, mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { check } from '../../../src/core/schema.ts';
import { Secret } from '../../../src/core/secret.ts';
import { readMail } from '../../../src/mail/read.ts';
import { sandboxCertificates } from '../../../src/sandbox/certificates.ts';
import { closeAll, openAttachments } from '../../../src/steps/smtp-attachments.ts';
import type { SendConfig } from '../../../src/steps/smtp-send/config.ts';
import { smtpSend } from '../../../src/steps/smtp-send/index.ts';
import { serve } from '../../protocols/smtp/fake-server.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { memoryOutbox, testContext } from '../smtp-context.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await tempDir();
});
afterEach(() => dir.remove());

function config(more: Record<string, unknown> = {}): SendConfig {
  const checked = check(smtpSend.schema, {
    connection: 'outbox',
    from: 'Robot <robot@example.org>',
    to: 'ops@example.org',
    subject: 'hi',
    text: 'hello',
    ...more,
  });
  if (!checked.ok) throw new Error(JSON.stringify(checked.issues));
  return checked.value;
}

describe('the configuration', () => {
  it('takes one address or many', () => {
    expect(config({ cc: ['a@example.org', 'B <b@example.org>'] })).toMatchObject({
      to: ['ops@example.org'],
      cc: ['a@example.org', 'B <b@example.org>'],
    });
  });

  it.each([
    [{ to: 'nobody' }],
    [{ to: ['a@b\r\nRCPT TO:<x@y>'] }],
    [{ from: 'a@b> SIZE=1' }],
    [{ to: [] }],
    [{ 'max-size': '10 apples' }],
    [{ sbject: 'x' }],
  ])('refuses %j', more => expect(() => config(more)).toThrow());
});

describe('a mail', () => {
  it('reaches to, cc and bcc with files, and never names bcc', async () => {
    const server = await serve();
    await mkdir(join(dir.path, 'logs'));
    await writeFile(join(dir.path, 'logs/a.log'), 'one');
    await writeFile(join(dir.path, 'logs/b.log'), 'two');
    const context = testContext({ endpoint: server.endpoint(), workdir: dir.path });
    const outputs = await smtpSend.run(
      config({
        cc: 'cc@example.org',
        bcc: ['hidden@example.org', 'ops@example.org'],
        attachments: 'logs/*.log',
        html: '<b>hello</b>',
      }),
      context,
    );
    const { data, to, from } = server.delivered[0]!;
    const mail = await readMail(data);
    expect(outputs).toEqual({ 'message-id': mail.messageId, outcome: 'accepted', accepted: 3, rejected: 0, deferred: 0 });
    expect([from, to]).toEqual(['robot@example.org', ['ops@example.org', 'cc@example.org', 'hidden@example.org']]);
    expect(data.toString()).not.toContain('hidden');
    expect(mail.attachments.map(({ name, content }) => `${name} ${content}`)).toEqual(['a.log one', 'b.log two']);
    expect([mail.text?.trim(), mail.html?.trim()]).toEqual(['hello', '<b>hello</b>']);
  });

  it('goes to the others when one is refused, with a warning', async () => {
    const server = await serve({ answer: line => (line.includes('<bad@') ? '550 5.1.1 nobody' : undefined) });
    const context = testContext({ endpoint: server.endpoint() });
    const outputs = await smtpSend.run(config({ to: ['bad@example.org', 'ops@example.org'] }), context);
    expect(outputs).toMatchObject({ outcome: 'partial', accepted: 1, rejected: 1, deferred: 0 });
    expect(context.notes).toEqual(['warning: not delivered to bad@example.org: 550 5.1.1 nobody']);
  });

  it.each([
    ['550 5.1.1 nobody', 'mail-rejected', 'never'],
    ['450 4.2.1 greylisted', 'mail-deferred', 'later'],
  ])('that nobody may have (%s) is an error; only what is put off may be tried again', async (reply, code, retry) => {
    const server = await serve({ answer: line => (line === '.' ? reply : undefined) });
    const context = testContext({ endpoint: server.endpoint() });
    const refusal = { code, retry, message: expect.stringContaining(reply) };
    await expect(smtpSend.run(config(), context)).rejects.toMatchObject(refusal);
    server.options = {};
    const again = smtpSend.run(config(), context);
    if (retry === 'later') expect(await again).toMatchObject({ outcome: 'accepted' });
    else await expect(again).rejects.toMatchObject(refusal);
    expect(server.connections).toBe(retry === 'later' ? 2 : 1);
  });

  it('is not sent a second time in the same run, but is in the next', async () => {
    const server = await serve();
    const letters = memoryOutbox();
    const first = await smtpSend.run(config(), testContext({ endpoint: server.endpoint(), letters }));
    const again = testContext({ endpoint: server.endpoint(), letters });
    expect(await smtpSend.run(config(), again)).toEqual(first);
    expect(again.notes).toEqual(['info: this run has sent the mail before; it is not sent again']);
    expect([server.connections, server.delivered.length]).toEqual([1, 1]);
    const next = await smtpSend.run(config(), testContext({ endpoint: server.endpoint(), letters, run: '02run' }));
    expect([server.delivered.length, next['message-id'] === first['message-id']]).toEqual([2, false]);
  });

  it('whose outcome is unknown is said, recorded and left alone', async () => {
    const server = await serve({ answer: line => (line === '.' ? '' : undefined) });
    const letters = memoryOutbox();
    for (let attempt = 1; attempt <= 2; attempt++) {
      const context = testContext({ endpoint: server.endpoint(), letters });
      expect(await smtpSend.run(config(), context)).toMatchObject({ outcome: 'indeterminate', accepted: 0, rejected: 0 });
      expect(context.notes).toEqual([expect.stringContaining('may or may not have the mail')]);
    }
    expect([server.connections, server.delivered.length]).toEqual([1, 1]);
  });

  it.each([
    'cutAfterSent',
    'cutAfterReceived',
  ] as const)('is never sent twice, cut at every byte and run again (%s)', async cut => {
    const whole = await serve();
    await smtpSend.run(config(), testContext({ endpoint: whole.endpoint() }));
    const total = cut === 'cutAfterSent' ? whole.sent : whole.received;
    for (let at = 1; at <= total; at += cut === 'cutAfterSent' ? 1 : 7) {
      const server = await serve({ [cut]: at });
      const letters = memoryOutbox();
      const attempt = () => smtpSend.run(config(), testContext({ endpoint: server.endpoint(), letters }));
      const first = await attempt().catch(error => error);
      server.options = {};
      const second = await attempt();
      expect(server.delivered.length, `cut at ${at}`).toBeLessThanOrEqual(1);
      expect(['accepted', 'indeterminate'], `cut at ${at}`).toContain(second.outcome);
      if (second.outcome === 'accepted') expect(server.delivered.length, `cut at ${at}`).toBe(1);
      else expect(first.outcome, `cut at ${at}`).toBe('indeterminate');
      await server.close();
    }
  });

  it('cancelled while the server thinks is noted and never sent again', async () => {
    const stop = new AbortController();
    const server = await serve({
      answer: line => {
        if (line === '.') stop.abort(new CancelledError());
        return line === '.' ? '' : undefined;
      },
    });
    const letters = memoryOutbox();
    const context = testContext({ endpoint: server.endpoint(), letters, signal: stop.signal });
    await expect(smtpSend.run(config(), context)).rejects.toMatchObject({ code: 'cancelled' });
    expect(context.notes).toEqual([expect.stringContaining('may or may not have the mail')]);
    expect(await smtpSend.run(config(), testContext({ endpoint: server.endpoint(), letters }))).toMatchObject({
      outcome: 'indeterminate',
    });
    expect(server.delivered.length).toBe(1);
  });

  it('that was accepted stays accepted when that cannot be written down', async () => {
    const server = await serve();
    const letters = memoryOutbox();
    letters.settle = () => Promise.reject(new Error('disk full'));
    const context = testContext({ endpoint: server.endpoint(), letters });
    expect(await smtpSend.run(config(), context)).toMatchObject({ outcome: 'accepted' });
    expect(context.notes).toEqual([expect.stringContaining('disk full')]);
    expect(await smtpSend.run(config(), context)).toMatchObject({ outcome: 'indeterminate' });
    expect(server.delivered.length).toBe(1);
  });

  it('that cannot be sent waits in the outbox as it was first written, and goes only to those who lack it', async () => {
    const answer = (line: string) => (line.includes('<later@') ? '450 4.2.0 greylisted' : undefined);
    const server = await serve({ answer });
    const letters = memoryOutbox();
    const both = config({ to: ['ops@example.org', 'later@example.org'] });
    const down = testContext({ endpoint: { ...server.endpoint(), port: 1 }, letters });
    await expect(smtpSend.run(both, down)).rejects.toMatchObject({ code: 'connection-refused' });
    const [waiting] = await letters.letters({ open: true, limit: 9 });
    expect(waiting?.deliveries.map(({ status, attempts }) => `${status} ${attempts}`)).toEqual(['not-sent 1', 'not-sent 1']);
    const up = testContext({ endpoint: server.endpoint(), letters });
    expect(await smtpSend.run(both, up)).toMatchObject({ outcome: 'partial', accepted: 1, rejected: 0, deferred: 1 });
    server.options = {};
    expect(await smtpSend.run(both, up)).toMatchObject({ outcome: 'accepted', accepted: 2 });
    expect(server.delivered.map(({ to }) => to)).toEqual([['ops@example.org'], ['later@example.org']]);
    expect(server.delivered[0]?.data).toEqual(server.delivered[1]?.data);
  });

  it('is refused for good where no other try can help', async () => {
    const server = await serve({ offers: ['SIZE 10'] });
    const letters = memoryOutbox();
    await expect(smtpSend.run(config(), testContext({ endpoint: server.endpoint(), letters }))).rejects.toMatchObject({
      code: 'message-too-big',
    });
    expect((await letters.letters({ limit: 9 }))[0]?.deliveries[0]).toMatchObject({ status: 'rejected' });
  });

  it('of a megabyte is not written down before its server said that it takes so much', async () => {
    const server = await serve({ offers: ['SIZE 1000000'] });
    await writeFile(join(dir.path, 'big.bin'), Buffer.alloc(1024 * 1024));
    const big = config({ attachments: 'big.bin' });
    const [letters, up] = [memoryOutbox(), server.endpoint()];
    const run = (endpoint: typeof up) => smtpSend.run(big, testContext({ endpoint, letters, workdir: dir.path }));
    await expect(run(up)).rejects.toMatchObject({ code: 'message-too-big' });
    expect(await letters.letters({ limit: 9 })).toEqual([]);
    server.options = { offers: ['SIZE 9000000'] };
    const before = server.connections;
    expect(await run(up)).toMatchObject({ outcome: 'accepted' });
    expect(server.connections - before).toBe(1);
  });

  it('of a megabyte waits in the outbox when its server cannot be asked', async () => {
    const server = await serve();
    await writeFile(join(dir.path, 'big.bin'), Buffer.alloc(1024 * 1024));
    const letters = memoryOutbox();
    const context = testContext({ endpoint: { ...server.endpoint(), port: 1 }, letters, workdir: dir.path });
    await expect(smtpSend.run(config({ attachments: 'big.bin' }), context)).rejects.toMatchObject({ code: 'connection-refused' });
    expect((await letters.letters({ open: true, limit: 9 })).length).toBe(1);
  });

  it('is left to another process that is sending it', async () => {
    const server = await serve();
    const context = testContext({ endpoint: server.endpoint() });
    const busy = { ...context, outbox: { ...context.outbox, isAlive: () => true } } as typeof context;
    const letter = await context.outbox?.letters.add(
      {
        ...{ job: 'nightly-site', run: '01run', report: 'report', file: 'f', connection: 'c', messageId: 'm', from: 'f' },
        to: [],
        subject: '',
        smtpUtf8: false,
      },
      [],
    );
    await context.outbox?.letters.claim(letter?.id ?? '', { host: 'h', pid: 9, since: 0 }, () => false);
    await expect(smtpSend.run(config(), busy)).rejects.toMatchObject({ code: 'letter-busy', retry: 'later' });
    expect(server.connections).toBe(0);
  });

  it('keeps no secret in the outbox', async () => {
    const server = await serve();
    const letters = memoryOutbox();
    const context = {
      ...testContext({ endpoint: { ...server.endpoint(), port: 1 }, letters }),
      redact: (text: string) => text.replaceAll('hush', '****'),
    };
    const leaky = config({ subject: 'a hush', text: 'b hush', html: 'c hush' });
    await smtpSend.run(leaky, context).catch(() => undefined);
    const [letter] = await letters.letters({ limit: 9 });
    const chunks: Buffer[] = [];
    for await (const chunk of letters.message(letter?.id ?? '')) chunks.push(chunk);
    expect([letter?.subject, Buffer.concat(chunks).includes('hush')]).toEqual(['a ****', false]);
  });
});

describe('files', () => {
  const fails = (attachments: string, more: Record<string, unknown> = {}) =>
    smtpSend.run(config({ attachments, ...more }), testContext({ workdir: dir.path }));

  it('must exist, fit, be files, and lie in the workdir', async () => {
    await mkdir(join(dir.path, 'work/sub'), { recursive: true });
    await writeFile(join(dir.path, 'outside.txt'), 'x');
    await writeFile(join(dir.path, 'work/big.bin'), Buffer.alloc(2_048));
    await symlink('../outside.txt', join(dir.path, 'work/link.txt'));
    dir = { ...dir, path: join(dir.path, 'work') };
    await expect(fails('nothing.*')).rejects.toMatchObject({ code: 'attachment-missing' });
    await expect(fails('sub')).rejects.toMatchObject({ code: 'attachment-missing' });
    await expect(fails('../outside.txt')).rejects.toMatchObject({ code: 'attachment-outside' });
    await expect(fails('link.txt')).rejects.toMatchObject({ code: 'attachment-outside' });
    await expect(fails('big.bin', { 'max-size': '2047B' })).rejects.toMatchObject({ code: 'attachments-too-big' });
    await symlink('nowhere', join(dir.path, 'gone.txt'));
    await expect(fails('go*')).rejects.toMatchObject({ code: 'file-missing', message: expect.stringContaining('gone.txt') });
    await expect(fails('/dev/null')).rejects.toMatchObject({ code: 'attachment-no-file' });
    const server = await serve();
    const at = { endpoint: server.endpoint(), workdir: dir.path };
    await smtpSend.run(
      config({ attachments: ['big.bin', './big.bin', join(dir.path, '../outside.txt')], 'max-size': '2049B' }),
      testContext(at),
    );
    const mail = await readMail(server.delivered[0]!.data);
    expect(mail.attachments.map(({ name, content }) => `${name} ${content.length}`)).toEqual(['outside.txt 1', 'big.bin 2048']);
  });
});

it('a pattern takes a hundred files, and not one more', async () => {
  for (let i = 1; i <= 100; i++) await writeFile(join(dir.path, `${i}.txt`), '');
  const files = await openAttachments(['*.txt'], { workdir: dir.path, bytesMax: 1 });
  expect(files).toHaveLength(100);
  await closeAll(files);
  await writeFile(join(dir.path, '101.txt'), '');
  await expect(openAttachments(['*.txt'], { workdir: dir.path, bytesMax: 1 })).rejects.toMatchObject({
    code: 'too-many-attachments',
  });
});

it('a file that grows beyond the limit after it was measured is not sent', async () => {
  const path = join(dir.path, 'growing.log');
  await writeFile(path, 'x'.repeat(10));
  const [file] = await openAttachments(['growing.log'], { workdir: dir.path, bytesMax: 10 });
  const read = async () => {
    let bytes = 0;
    for await (const piece of file!.content()) bytes += piece.length;
    return bytes;
  };
  expect(await read()).toBe(10);
  await appendFile(path, 'y');
  await expect(read()).rejects.toMatchObject({ code: 'attachments-too-big' });
  await file?.close();
});

describe('preview', () => {
  it('says to whom and how big, and connects nowhere', async () => {
    const preview = await smtpSend.preview(
      config({ bcc: 'b@example.org', attachments: 'later.zip' }),
      testContext({ workdir: dir.path }),
    );
    expect(preview.summary).toMatch(/^one mail of \d+ B to 2 recipients; no file matches the attachment later\.zip$/);
    expect(preview.actions.map(({ action, target, reason }) => `${action} ${target} ${reason}`)).toEqual([
      'send ops@example.org to',
      'send b@example.org bcc',
    ]);
  });
});

describe('with the npm package smtp-server', () => {
  it('starts TLS, signs in and delivers', async () => {
    const { SMTPServer } = await import('smtp-server');
    const { caFile, tls } = await sandboxCertificates(dir.path, systemClock, systemRandom);
    const mails: Buffer[] = [];
    const signIns: string[] = [];
    const server = new SMTPServer({
      ...(tls as { key: string; cert: string }),
      authMethods: ['PLAIN'],
      onAuth: (auth, session, done) => {
        signIns.push(`${auth.method} ${auth.username} ${String(session.secure)}`);
        done(auth.password === 'right' ? null : new Error('wrong'), { user: auth.username });
      },
      onData: (stream, _session, done) => {
        const chunks: Buffer[] = [];
        stream.on('data', chunk => chunks.push(chunk as Buffer));
        stream.on('end', () => {
          mails.push(Buffer.concat(chunks));
          done();
        });
      },
    });
    server.on('error', () => undefined);
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', () => resolve()));
    try {
      const port = (server.server.address() as { port: number }).port;
      const endpoint = {
        ...({ name: 'outbox', type: 'smtp', host: 'localhost', port, tls: 'explicit', timeoutMs: 10_000, caFile } as const),
        user: 'robot',
      };
      const right = testContext({ endpoint: { ...endpoint, password: new Secret('right') } });
      expect(await smtpSend.run(config({ text: '.\n..dots\n' }), right)).toMatchObject({ outcome: 'accepted', accepted: 1 });
      expect((await readMail(mails[0]!)).text).toBe('.\n..dots\n');
      expect(signIns).toEqual(['PLAIN robot true']);
      const wrong = testContext({ endpoint: { ...endpoint, password: new Secret('wrong') } });
      await expect(smtpSend.run(config(), wrong)).rejects.toMatchObject({ code: 'sign-in-refused', retry: 'never' });
    } finally {
      await new Promise<void>(resolve => server.close(() => resolve()));
    }
  });
});
