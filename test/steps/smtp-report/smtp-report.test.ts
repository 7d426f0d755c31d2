import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { AppError, CancelledError, MisuseError } from '../../../src/core/errors.ts';
import { check } from '../../../src/core/schema.ts';
import { readMail } from '../../../src/mail/read.ts';
import type { ReportConfig } from '../../../src/steps/smtp-report/config.ts';
import { digestOf, digestText } from '../../../src/steps/smtp-report/digest.ts';
import { digestSince } from '../../../src/steps/smtp-report/digest-due.ts';
import { makeSmtpReport, smtpReport } from '../../../src/steps/smtp-report/index.ts';
import type { PastRun, StepFacts } from '../../../src/steps/step.ts';
import { serve } from '../../protocols/smtp/fake-server.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';
import { MemoryLedger, memoryOutbox, pastRun, step, type TestContext, testContext } from '../smtp-context.ts';

let dir: TempDir;

beforeEach(async () => {
  dir = await tempDir();
});
afterEach(() => dir.remove());

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
  it('knows digests by day and week only', () => {
    expect([checked({ digest: 'daily' }).ok, checked({ digest: 'weekly' }).ok, checked({ digest: 'hourly' }).ok]).toEqual([
      true,
      true,
      false,
    ]);
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
    expect(outputs).toEqual({ 'message-id': mail.messageId, outcome: 'accepted', accepted: 1, rejected: 0, deferred: 0 });
    expect(mail.subject).toBe('[FAILED] nightly-site @ web01: 1 of 2 steps failed (12m 40s)');
    expect(mail.text).toContain('Step deploy failed: no.');
    expect(mail.html).toContain('Step deploy failed: no.');
    expect(mail.date).toBe('2026-11-22T02:42:40.000Z');
    expect(mail.attachments.map(({ name }) => name)).toEqual(['nightly-site.log.gz', 'report.json', 'a.csv']);
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
        deferred: 0,
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
    ['not wanted', { greeting: '554 go away' }, 'deferred', 'The mail waits in the outbox'],
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
    expect(await smtpReport.run(config(), context)).toMatchObject({
      outcome,
      accepted: 0,
      rejected: outcome === 'rejected' ? 1 : 0,
      deferred: outcome === 'deferred' ? 1 : 0,
    });
    expect(context.notes).toEqual([expect.stringMatching(/^warning: /)]);
    expect(context.notes[0]).toContain(note);
  });

  it('that no server can be asked about waits in the outbox, and is not called rejected', async () => {
    const letters = memoryOutbox();
    const context = testContext({ endpoint: (await serve()).endpoint(), letters, steps: STEPS });
    const unsent = makeSmtpReport(() => Promise.reject(new AppError('secret-missing', 'no such secret')));
    expect(await unsent.run(config(), context)).toMatchObject({ outcome: 'deferred', accepted: 0, rejected: 0, deferred: 1 });
    expect(context.notes[0]).toContain('The mail waits in the outbox');
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

describe('a conversation', () => {
  it('every mail about an incident answers the first one, the recovery included', async () => {
    const server = await serve();
    const send = async (run: string, steps: readonly StepFacts[], past: readonly PastRun[]) => {
      await smtpReport.run(config(), testContext({ endpoint: server.endpoint(), steps, past, run }));
      return readMail(server.delivered.at(-1)!.data);
    };
    const header = (mail: Awaited<ReturnType<typeof readMail>>, name: string) =>
      mail.headers.find(one => one.name === name)?.value;
    const first = await send('run-2', STEPS, [pastRun('succeeded', 3)]);
    const second = await send('run-1', STEPS, [pastRun('failed', 2), pastRun('succeeded', 3)]);
    const mended = await send(
      'now',
      [step('build'), self],
      [pastRun('failed', 1), pastRun('failed', 2), pastRun('succeeded', 3)],
    );
    expect(header(first, 'in-reply-to')).toBeUndefined();
    for (const mail of [second, mended]) {
      expect([header(mail, 'in-reply-to'), header(mail, 'references')]).toEqual([first.messageId, first.messageId]);
    }
    expect([second.subject, mended.subject].map(text => text.split(']')[0])).toEqual(['[STILL FAILING x2', '[RECOVERED']);
  });
});

describe('a digest', () => {
  const DAY = 86_400_000;
  const runs = [
    { ...pastRun('failed', 0.1), job: 'backup', error: 'disk <full>' },
    { ...pastRun('succeeded', 0.2), job: 'site' },
    { ...pastRun('succeeded', 0.5), job: 'backup' },
  ];
  const withRuns = (context: TestContext, asked: number[] = []): TestContext => ({
    ...context,
    history: {
      ...context.history,
      since: async at => {
        asked.push(at);
        return runs;
      },
    },
  });

  it('tells of all jobs once a day, failures first', async () => {
    const server = await serve();
    const ledger = new MemoryLedger();
    const asked: number[] = [];
    const context = withRuns(testContext({ endpoint: server.endpoint(), ledger }), asked);
    expect(await smtpReport.run(config({ digest: 'daily' }), context)).toMatchObject({ outcome: 'accepted' });
    const mail = await readMail(server.delivered[0]!.data);
    expect(mail.subject).toBe('[DIGEST] 1 failed, 2 ok @ web01 - 2026-11-22');
    expect(mail.text?.indexOf('FAILED  backup: 1 ok, 1 failed')).toBeLessThan(mail.text?.indexOf('ok  site: 1 ok') ?? 0);
    expect([mail.text, mail.html].map(text => /disk (<|&lt;)full/.test(text ?? ''))).toEqual([true, true]);
    expect(asked).toEqual([context.clock.now() - DAY]);
    const again = withRuns(testContext({ endpoint: server.endpoint(), ledger, run: '02run' }));
    expect(await smtpReport.run(config({ digest: 'daily' }), again)).toMatchObject({ outcome: null });
    expect([server.delivered.length, again.notes]).toEqual([1, ['info: no digest: the last one is less than a day old']]);
  });

  it('is due a little early, and covers what a missed one left out', () => {
    const now = 100 * DAY;
    expect(digestSince('daily', undefined, now)).toBe(now - DAY);
    expect(digestSince('daily', now - DAY + 3_600_001, now)).toBeUndefined();
    expect(digestSince('daily', now - DAY + 3_600_000, now)).toBe(now - DAY + 3_600_000);
    expect(digestSince('daily', now - 1.5 * DAY, now)).toBe(now - 1.5 * DAY);
    expect(digestSince('weekly', now - 60 * DAY, now)).toBe(now - 14 * DAY);
  });

  it('of nothing says so', () => {
    expect(digestText(digestOf([], 'web01', 0, DAY))).toBe('Nothing ran on web01 since 1970-01-01 00:00:00 UTC.\n');
  });
});

describe('a template', () => {
  const send = async (name: string, text: string, more: Record<string, unknown> = {}) => {
    const server = await serve();
    await writeFile(join(dir.path, name), text);
    const steps = [step('<b>', { status: 'failed', error: { code: 'x', message: '<script>', retry: 'never' } }), self];
    const context = testContext({ endpoint: server.endpoint(), steps, workdir: dir.path });
    await smtpReport.run(config({ template: name, ...more }), context);
    return { mail: await readMail(server.delivered[0]!.data), notes: context.notes };
  };

  it('makes the HTML out of the report’s data, escaped', async () => {
    const { mail } = await send(
      'r.liquid',
      '<h1>{{ report.verdict }}</h1>{% for s in report.steps %}<i>{{ s.error.message }}</i>{% endfor %}{{ html.constructor }}',
    );
    expect(mail.html?.trim()).toBe('<h1>failed</h1><i>&lt;script&gt;</i>');
    expect(mail.text).toContain('nightly-site on web01: FAILED');
  });

  it('makes the text when it is called so', async () => {
    const { mail } = await send('r.txt.liquid', 'It {{ report.verdict }}: {{ report.steps[0].error.message }}');
    expect([mail.text?.trim(), mail.html?.includes('<h1')]).toEqual(['It failed: <script>', true]);
  });

  it.each([
    ['broken', '{% for %}'],
    ['unknown filter', '{{ report.job | shout }}'],
    ['another file', "{% render '/etc/passwd' %}"],
    ['endless', '{% for a in (1..100000) %}{% for b in (1..100000) %}x{% endfor %}{% endfor %}'],
  ])('that cannot be used (%s) is noted, and the usual form is sent', async (_what, text) => {
    const { mail, notes } = await send('r.liquid', text);
    expect(mail.html).toContain('<h1');
    expect(notes).toEqual([expect.stringContaining('the usual form was sent: the template r.liquid cannot be used')]);
  });
});
