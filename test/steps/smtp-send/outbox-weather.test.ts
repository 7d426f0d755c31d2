// The outbox in bad weather: processes killed at every write, thousands of recipients with mixed answers, every byte in every field.
import { spawn } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { check } from '../../../src/core/schema.ts';
import { readMail } from '../../../src/mail/read.ts';
import type { SendConfig } from '../../../src/steps/smtp-send/config.ts';
import { smtpSend } from '../../../src/steps/smtp-send/index.ts';
import { openSqliteStore } from '../../../src/stores/sqlite/store.ts';
import { type FakeOptions, FakeServer } from '../../protocols/smtp/fake-server.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { memoryOutbox, testContext } from '../smtp-context.ts';
import { killedMail } from './killed-mail.ts';

let dir: TempDir;
let server: FakeServer;
beforeEach(async () => {
  dir = await tempDir();
});
afterEach(async () => {
  await server.close();
  await dir.remove();
});

function config(more: Record<string, unknown>): SendConfig | undefined {
  const usual = { connection: 'outbox', from: 'robot@example.org', to: 'ops@example.org', subject: 'hi', text: 'hello' };
  const checked = check(smtpSend.schema, { ...usual, ...more });
  return checked.ok ? checked.value : undefined;
}

function killed(port: number, path: string, point: number): Promise<string> {
  return new Promise(resolve => {
    const child = spawn(process.execPath, [join(import.meta.dirname, 'kill-child.ts'), `${port}`, path, `${point}`], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let out = '';
    child.stdout.on('data', chunk => {
      out += chunk;
    });
    child.once('exit', (code, signal) => resolve(signal ?? `${code} ${out.trim()}`));
  });
}

describe('a run that is killed', () => {
  it('at any write of the outbox sends no second copy, and knows what it does not know', async () => {
    server = await FakeServer.start();
    const { port } = server.endpoint();
    const whole = await killed(port, join(dir.path, 'whole.sqlite'), 0);
    const writes = Number(whole.split(' ')[1]);
    expect(writes).toBe(10);
    const outcomes: string[] = [];
    for (let point = 1; point <= writes; point++) {
      const before = server.delivered.length;
      const path = join(dir.path, `${point}.sqlite`);
      expect(await killed(port, path, point)).toBe('SIGKILL');
      const store = await openSqliteStore(path, { clock: systemClock });
      const again = () => smtpSend.run(killedMail(), testContext({ endpoint: server.endpoint(), letters: store.outbox }));
      const { outcome } = await again();
      const copies = server.delivered.length - before;
      expect([outcome, copies], `killed at write ${point}`).toEqual(
        outcome === 'accepted' ? ['accepted', 1] : ['indeterminate', expect.any(Number)],
      );
      expect(copies, `killed at write ${point}`).toBeLessThanOrEqual(1);
      expect(await again()).toMatchObject({ outcome });
      expect(server.delivered.length - before).toBe(copies);
      outcomes.push(outcome ?? '');
      await store.close();
    }
    // Only between "about to end the message" and "settled" can nobody know.
    expect(outcomes.map(outcome => outcome === 'indeterminate')).toEqual([
      false,
      false,
      false,
      false,
      false,
      true,
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('5,000 recipients with mixed answers', () => {
  it('are recorded one by one; who was put off gets it later, everybody once', async () => {
    const kind = (address: string) => Number(/u(\d+)@/.exec(address)?.[1]) % 10;
    const answer: FakeOptions['answer'] = line =>
      line.startsWith('RCPT')
        ? kind(line) < 2
          ? '450 4.2.0 greylisted'
          : kind(line) === 2
            ? '550 5.1.1 nobody'
            : undefined
        : undefined;
    server = await FakeServer.start({ answer });
    const to = Array.from({ length: 5_000 }, (_, index) => `u${index}@example.org`);
    const letters = memoryOutbox();
    const many = config({ to }) as SendConfig;
    const context = () => testContext({ endpoint: server.endpoint(), letters });
    expect(await smtpSend.run(many, context())).toMatchObject({
      outcome: 'partial',
      accepted: 3_500,
      rejected: 500,
      deferred: 1_000,
    });
    const [letter] = await letters.letters({ limit: 1 });
    expect(
      letter?.deliveries.every(({ recipient, status, nextAt }) => {
        const expected = kind(recipient) < 2 ? 'deferred' : kind(recipient) === 2 ? 'rejected' : 'accepted';
        return status === expected && (nextAt !== undefined) === (expected === 'deferred');
      }),
    ).toBe(true);
    server.options = {};
    expect(await smtpSend.run(many, context())).toMatchObject({
      outcome: 'partial',
      accepted: 4_500,
      rejected: 500,
      deferred: 0,
    });
    const all = server.delivered.flatMap(({ to: got }) => got);
    expect([all.length, new Set(all).size]).toEqual([4_500, 4_500]);
    expect(await smtpSend.run(many, context())).toMatchObject({ accepted: 4_500 });
    expect(server.delivered.length).toBe(2);
  });
});

describe('all 256 bytes', () => {
  const VERBS =
    /^(EHLO client\.test|MAIL FROM:<[^<>\s]*>( SIZE=\d+)?( SMTPUTF8)?( BODY=8BITMIME)?|RCPT TO:<("[^"\r\n]*"|[^<>\s"]+)@[a-z0-9.-]+>|DATA|QUIT|RSET)$/;
  const HEADERS = [
    'from',
    'to',
    'cc',
    'reply-to',
    'subject',
    'message-id',
    'date',
    'mime-version',
    'content-type',
    'content-transfer-encoding',
    'auto-submitted',
    'x-auto-response-suppress',
    'x-job',
    'x-run-id',
  ];

  const sent = async (more: Record<string, unknown>) => {
    const wanted = config(more);
    if (wanted === undefined) return undefined;
    server.delivered.length = 0;
    server.lines.length = 0;
    await smtpSend.run(wanted, testContext({ endpoint: server.endpoint(), workdir: dir.path })).catch(error => {
      if (error.code !== 'smtputf8-missing') throw error;
    });
    for (const line of server.lines) expect(line).toMatch(VERBS);
    return server.delivered[0]?.data;
  };

  it('in every text of a mail stay text', async () => {
    server = await FakeServer.start();
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      const evil = `x${char}\r\n.${char}\r\n.\r\nRCPT TO:<evil@example.org>\r\nBcc: evil@example.org${char}`;
      const name = byte === 0 || char === '/' ? 'plain' : `a${char}b`;
      const folder = join(dir.path, `f${byte}`);
      await mkdir(folder);
      await writeFile(join(folder, name), 'content');
      const data = await sent({ subject: evil, text: evil, html: evil, attachments: `f${byte}/*` });
      const mail = await readMail(data as Buffer);
      expect(mail.headers.map(({ name: key }) => key).filter(key => !HEADERS.includes(key))).toEqual([]);
      expect(server.delivered.length).toBe(1);
      expect(server.delivered[0]?.to).toEqual(['ops@example.org']);
      expect(/(^|[^\r])\n|\r(?!\n)/.test((data as Buffer).toString('latin1'))).toBe(false);
    }
  });

  it('in every address and name make an address, or an error before anything is sent', async () => {
    server = await FakeServer.start();
    for (const field of ['from', 'to', 'cc', 'bcc', 'reply-to']) {
      for (let byte = 0; byte < 256; byte++) {
        const char = String.fromCharCode(byte);
        for (const text of [`o${char}ps@example.org`, `O${char}ps <ops@example.org>`, `ops@exam${char}ple.org`]) {
          const data = await sent({ [field]: text });
          const head = data?.toString('latin1').split('\r\n\r\n')[0] ?? '';
          const names = head.split(/\r\n(?![ \t])/).map(line => line.split(':')[0]?.toLowerCase() ?? '');
          if (data !== undefined) expect(names.filter(key => !HEADERS.includes(key))).toEqual([]);
        }
      }
    }
  });
});
