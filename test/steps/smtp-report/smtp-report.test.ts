import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, CancelledError, MisuseError } from '../../../src/core/errors.ts';
import { check } from '../../../src/core/schema.ts';
import { readMail } from '../../../src/mail/read.ts';
import type { ReportConfig } from '../../../src/steps/smtp-report/config.ts';
import { makeSmtpReport, smtpReport } from '../../../src/steps/smtp-report/index.ts';
import { type FakeOptions, FakeServer } from '../../protocols/smtp/fake-server.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { memoryOutbox, pastRun, step, testContext } from '../smtp-context.ts';

let dir: TempDir;
const servers: FakeServer[] = [];

beforeEach(async () => {
  dir = await tempDir();
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map(server => server.close()));
  await dir.remove();
});

async function serve(options: FakeOptions = {}): Promise<FakeServer> {
  const server = await FakeServer.start(options);
  servers.push(server);
  return server;
}

function checked(more: Record<string, unknown> = {}) {
  return check(smtpReport.schema, { connection: 'outbox', from: 'robot@example.org', to: ['ops@example.org'], ...more });
}

function config(more: Record<string, unknown> = {}): ReportConfig {
  const result = checked(more);
  if (!result.ok) throw new Error(JSON.stringify(result.issues));
  return result.value;
}

const self = step('report', { uses: 'smtp/report', status: 'running' });
const STEPS = [step('build'), step('deploy', { status: 'failed', error: { code: 'x', message: 'no', retry: 'never' } }), self];

describe('the configuration', () => {
  it.each(['digest', 'template'])('refuses %s as not available yet', key => {
    const result = checked({ [key]: 'daily' });
    expect(result.ok).toBe(false);
    if (!result.ok) expect(result.issues).toMatchObject([{ path: [key], message: 'is not available yet: leave it out' }]);
  });

  it('wants somebody to send to', () => {
    expect(check(smtpReport.schema, { connection: 'outbox', from: 'robot@example.org' }).ok).toBe(false);
    expect(check(smtpReport.schema, { connection: 'outbox', from: 'robot@example.org', bcc: 'a@example.org' }).ok).toBe(true);
  });

  it('is described in a line', () => {
    expect(smtpReport.describe(config({ cc: 'b@example.org', when: 'change' }))).toBe(
      'report to ops@example.org and 1 more over outbox, when the status changed',
    );
  });
});

describe('a report', () => {
  it('is a mail that people, filters and programs can read', async () => {
    const server = await serve();
    await writeFile(join(dir.path, 'a.csv'), 'a,b\n');
    const context = testContext({ endpoint: server.endpoint(), steps: STEPS, workdir: dir.path });
    const outputs = await smtpReport.run(config({ attach: ['log', 'json', '*.csv', 'none.txt'] }), context);
    const mail = await readMail(server.delivered[0]!.data);
    expect(outputs).toEqual({ 'message-id': mail.messageId, outcome: 'accepted', accepted: 1, rejected: 0 });
    expect(mail.subject).toBe('[FAILED] nightly-site @ web01: 1 of 2 steps failed (12m 40s)');
    expect(mail.text).toContain('Step deploy failed: no.');
    expect(mail.html).toContain('Step deploy failed: no.');
    expect(mail.date).toBe('2026-11-22T02:42:40.000Z');
    expect(mail.attachments.map(({ name }) => name)).toEqual(['nightly-site.log.txt', 'report.json', 'a.csv']);
    const headers = Object.fromEntries(mail.headers.map(({ name, value }) => [name, value]));
    expect(headers).toMatchObject({
      'auto-submitted': 'auto-generated',
      'x-auto-response-suppress': 'All',
      'list-id': '<nightly-site.web01.postrider>',
      'x-job': 'nightly-site',
      'x-run-id': '01run',
      'x-job-status': 'failed',
      'x-job-duration': '12m 40s',
    });
    expect(context.notes).toEqual(['warning: not attached: no file matches the attachment none.txt']);
  });

  it('is sent once in a run', async () => {
    const server = await serve();
    const letters = memoryOutbox();
    const first = await smtpReport.run(config(), testContext({ endpoint: server.endpoint(), letters, steps: STEPS }));
    expect(await smtpReport.run(config(), testContext({ endpoint: server.endpoint(), letters, steps: STEPS }))).toEqual(first);
    expect(server.delivered.length).toBe(1);
  });

  it('that is not due is not sent', async () => {
    const context = testContext({ steps: [step('a'), self], past: [pastRun('succeeded', 1)] });
    for (const when of ['failure', 'change']) {
      expect(await smtpReport.run(config({ when }), context)).toEqual({
        'message-id': null,
        outcome: null,
        accepted: 0,
        rejected: 0,
      });
    }
    expect(context.notes).toEqual([
      'info: no report: the run is OK, and `when` says failure',
      'info: no report: the run is OK, and `when` says change',
    ]);
  });

  const refusing = { answer: (line: string) => (line.startsWith('RCPT') ? '550 5.7.1 relaying denied' : undefined) };

  it.each([
    ['refused', refusing, 'rejected', 'not delivered to ops@example.org: 550 5.7.1 relaying denied'],
    ['not wanted', { greeting: '554 go away' }, 'rejected', 'the report was not sent'],
    ['put off', { greeting: '421 busy' }, 'deferred', 'the report was not sent'],
    ['cut off', { cutAfterSent: 100 }, 'deferred', 'the report was not sent'],
    [
      'left without an answer',
      { answer: (line: string) => (line === '.' ? '' : undefined) },
      'indeterminate',
      'may or may not have the mail',
    ],
  ])('that is %s warns and lets the run go on', async (_what, options, outcome, note) => {
    const server = await serve(options);
    const context = testContext({ endpoint: server.endpoint(), steps: STEPS });
    expect(await smtpReport.run(config(), context)).toMatchObject({ outcome, accepted: 0 });
    expect(context.notes).toEqual([expect.stringMatching(/^warning: /)]);
    expect(context.notes[0]).toContain(note);
  });

  it.each([
    ['refused', refusing, 'mail-rejected'],
    ['put off', { greeting: '421 busy' }, 'server-closing'],
    ['left without an answer', { answer: (line: string) => (line === '.' ? '' : undefined) }, 'mail-indeterminate'],
  ])('that is %s fails the step when it is required', async (_what, options, code) => {
    const server = await serve(options);
    const context = testContext({ endpoint: server.endpoint(), steps: STEPS });
    await expect(smtpReport.run(config({ required: true }), context)).rejects.toMatchObject({ code });
  });

  it('does not hide a cancelled run or a bug behind a warning', async () => {
    const context = testContext({ endpoint: (await serve()).endpoint(), steps: STEPS });
    const broken = makeSmtpReport(() => Promise.reject(new MisuseError('a bug')));
    await expect(broken.run(config(), context)).rejects.toMatchObject({ code: 'misuse' });
    const stop = new AbortController();
    stop.abort(new CancelledError());
    const stopped = makeSmtpReport(() => Promise.reject(new AppError('x', 'y')));
    await expect(stopped.run(config(), { ...context, signal: stop.signal })).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('preview', () => {
  it('composes the report and connects nowhere', async () => {
    const context = testContext({ steps: [step('a', { status: 'pending', attempts: 0 }), self], workdir: dir.path });
    const preview = await smtpReport.preview(config({ when: 'failure', attach: ['json', 'later.txt'] }), context);
    expect(preview.summary).toMatch(/^a report of about [\d.]+ KB to ops@example\.org, when: failure$/);
    expect(preview.actions).toMatchObject([{ action: 'send', target: 'ops@example.org', reason: 'to' }]);
    expect(context.notes).toEqual([]);
  });
});
