import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonAttachment } from '../../../src/steps/smtp-report/attached.ts';
import { escapeHtml, HTML_BYTES_MAX, htmlReport } from '../../../src/steps/smtp-report/html.ts';
import { logAttachment, logText } from '../../../src/steps/smtp-report/log-lines.ts';
import { isDue } from '../../../src/steps/smtp-report/report.ts';
import { buildReport } from '../../../src/steps/smtp-report/report-builder.ts';
import type { ReportModel } from '../../../src/steps/smtp-report/report-model.ts';
import { subjectOf } from '../../../src/steps/smtp-report/subject.ts';
import { TEXT_COLUMNS, textReport } from '../../../src/steps/smtp-report/text.ts';
import type { PastRun, StepFacts } from '../../../src/steps/step.ts';
import { FUZZ_SEED } from '../../support/splits.ts';
import { pastRun, STARTED_AT, step, testContext } from '../smtp-context.ts';

function model(
  steps: readonly StepFacts[],
  past: readonly PastRun[] = [],
  more: { readonly host?: string; readonly description?: string } = {},
): ReportModel {
  const { job, run } = testContext();
  const { host = run.host, description = 'Deploy, archive, report' } = more;
  return buildReport({
    job: { ...job, description },
    run: { ...run, host },
    steps,
    past,
    now: STARTED_AT + 760_000,
    self: 'report',
  });
}

const failed = step('deploy', {
  uses: 'ftp/mirror',
  status: 'failed',
  attempts: 3,
  durationMs: 750_000,
  error: {
    code: 'sign-in-refused',
    message: 'ftp.example.org:21 refused the sign-in of deploy: 530 5.7.8 login incorrect, and this line is long enough to wrap',
    retry: 'never',
    hint: 'Check `user` and the password secret.',
  },
});
const report = step('report', { uses: 'smtp/report', status: 'running', attempts: 1 });
const mail = step('mail', {
  uses: 'pop3/archive',
  durationMs: 5_000,
  outputs: { listed: 12, archived: 12, bytes: 34_816, nothing: null },
  notes: [
    { level: 'info', message: 'all well' },
    { level: 'warning', message: 'one message is dated 1970' },
  ],
});
const skipped = step('verify', { uses: 'http/check', status: 'skipped', attempts: 0, durationMs: 0 });
const toCome = step('cleanup', { status: 'pending', attempts: 0, durationMs: 0 });
const FAILED_RUN = [step('build'), failed, mail, skipped, toCome, report];

describe('the subject', () => {
  it.each([
    ['[FAILED] nightly-site @ web01: 1 of 5 steps failed, 1 warning (12m 40s)', FAILED_RUN, [pastRun('succeeded', 1)]],
    ['[FAILED] nightly-site @ web01: 1 of 1 step failed (12m 40s)', [failed, report], []],
    [
      '[STILL FAILING x5] nightly-site @ web01: 1 of 2 steps failed (12m 40s)',
      [step('build'), failed],
      [
        ...[1, 2, 3].map(day => pastRun('failed', day)),
        pastRun('cancelled', 4),
        pastRun('timed-out', 5),
        pastRun('succeeded', 6),
        pastRun('failed', 7),
      ],
    ],
    [
      '[RECOVERED] nightly-site @ web01: 2 steps succeeded (12m 40s)',
      [step('a'), step('b'), report],
      [pastRun('skipped', 1), pastRun('failed', 2)],
    ],
    ['[OK] nightly-site @ web01: 1 step succeeded (12m 40s)', [step('a'), report], []],
    [
      '[OK] nightly-site @ web01: 1 of 3 steps succeeded, 1 tolerated, 1 skipped (12m 40s)',
      [step('a'), { ...failed, tolerated: true }, skipped],
      [],
    ],
    ['[CANCELLED] nightly-site @ web01: 1 of 2 steps cancelled (12m 40s)', [step('a'), step('b', { status: 'cancelled' })], []],
  ])('%s', (subject, steps, past) => expect(subjectOf(model(steps, past))).toBe(subject));
});

describe('a report is due', () => {
  const ok = [step('a')];
  it.each([
    ['first ok', ok, [], [true, false, true]],
    ['first failure', [failed], [], [true, true, true]],
    ['new failure', [failed], [pastRun('succeeded', 1)], [true, true, true]],
    ['still failing', [failed], [pastRun('failed', 1)], [true, true, false]],
    ['failing for the fifth time', [failed], [1, 2, 3, 4].map(day => pastRun('failed', day)), [true, true, true]],
    ['failing for the sixth time', [failed], [1, 2, 3, 4, 5].map(day => pastRun('failed', day)), [true, true, false]],
    [
      'failing for long, first of its day',
      [failed],
      Array.from({ length: 15 }, (_, i) => pastRun('failed', i + 1)),
      [true, true, true],
    ],
    [
      'failing for long, again that day',
      [failed],
      Array.from({ length: 15 }, (_, i) => pastRun('failed', i / 50)),
      [true, true, false],
    ],
    ['recovered', ok, [pastRun('timed-out', 1)], [true, false, true]],
    ['still ok', ok, [pastRun('cancelled', 1), pastRun('succeeded', 2)], [true, false, false]],
  ])('%s', (_what, steps, past, due) => {
    expect((['always', 'failure', 'change'] as const).map(when => isDue(when, model(steps, past)))).toEqual(due);
  });
});

describe('the text', () => {
  it('of a failed run', () => {
    expect(textReport(model(FAILED_RUN, [pastRun('succeeded', 1)]))).toBe(
      `nightly-site on web01: FAILED
=============================

Step deploy failed after 3 tries: ftp.example.org:21 refused the sign-in
of deploy: 530 5.7.8 login incorrect, and this line is long enough to
wrap.

New failure. The last success was 2026-11-21 02:30:00 UTC.

What to do
  - Check \`user\` and the password secret.
  - run again:    postrider run nightly-site
  - see the log:  postrider logs 01run

Steps
  ok         build      4.2 s
  FAILED     deploy   12m 30s  3 tries
             sign-in-refused: ftp.example.org:21 refused the sign-in of
             deploy: 530 5.7.8 login incorrect, and this line is long
             enough to wrap
  ok         mail       5.0 s
             listed 12, archived 12, bytes 34 KB
             warning: one message is dated 1970
  skipped    verify
  to come    cleanup

The last 2 runs, oldest first: 1 ok, 1 failed.
  .X

Run 01run, started 2026-11-22 02:30:00 UTC (schedule), 12m 40s so far.
Job /srv/jobs/nightly-site.yaml
Deploy, archive, report
`,
    );
  });

  it('of a good run says so and gives no advice', () => {
    expect(textReport(model([step('build'), step('mail'), report], [pastRun('succeeded', 1)]))).toBe(
      `nightly-site on web01: OK
=========================

All 2 steps succeeded.

The run before (2026-11-21 02:30:00 UTC) took 10m 00s, this one 12m 40s.

Steps
  ok         build    4.2 s
  ok         mail     4.2 s

The last 2 runs, oldest first: 2 ok, 0 failed.
  ..

Run 01run, started 2026-11-22 02:30:00 UTC (schedule), 12m 40s so far.
Job /srv/jobs/nightly-site.yaml
Deploy, archive, report
`,
    );
  });

  it.each([
    ['New failure. No success is on record.', [failed], [], 'This is the first run on record.'],
    [
      'still',
      [failed],
      [pastRun('failed', 1), pastRun('succeeded', 2)],
      'Failing since 2026-11-21 02:30:00 UTC, 2 runs in a row. The last success was 2026-11-20 02:30:00 UTC.',
    ],
    [
      'recovered',
      [step('a')],
      [pastRun('failed', 1), pastRun('failed', 2)],
      'Recovered after 2 failed runs, failing since 2026-11-20 02:30:00 UTC.',
    ],
    [
      'two failures',
      [failed, step('x', { status: 'timed-out' }), step('y', { status: 'failed' })],
      [],
      'Steps x and y failed, too.',
    ],
    ['open steps', [step('a'), toCome], [], '1 of 2 steps succeeded, 1 still to come.'],
    ['no steps', [report], [], 'There was nothing to do.'],
  ])('says what changed: %s', (_what, steps, past, sentence) => {
    expect(textReport(model(steps, past)).replace(/\n/g, ' ')).toContain(sentence);
  });
});

const hostile = fc.oneof(
  fc.constantFrom(
    '<script>alert(1)</script>',
    '"><img src=x onerror=x>',
    "' onload='",
    '\u001b[2J\u202eevil',
    'a\r\nb',
    '&amp;',
    'x'.repeat(400),
  ),
  fc.string({ unit: 'binary', maxLength: 60 }),
);

describe('whatever a job and its servers say', () => {
  const facts = fc.record({
    id: hostile,
    uses: hostile,
    status: fc.constantFrom('pending', 'running', 'succeeded', 'failed', 'skipped', 'cancelled', 'timed-out' as const),
    attempts: fc.nat(5),
    durationMs: fc.nat(),
    outputs: fc.dictionary(hostile, fc.oneof(hostile, fc.integer(), fc.constant(null)), { maxKeys: 3 }),
    error: fc.record({ code: hostile, message: hostile, retry: fc.constant('never' as const), hint: hostile }),
    tolerated: fc.boolean(),
    notes: fc.array(fc.record({ level: fc.constantFrom('info', 'warning', 'error' as const), message: hostile }), {
      maxLength: 3,
    }),
  });

  it('stays text: lines fit, nothing but printable characters', () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 4 }), hostile, (steps, text) => {
        const report = model(steps as StepFacts[], [], { host: text, description: text });
        const lines = textReport(report).split('\n');
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(TEXT_COLUMNS);
        expect(lines.join('')).not.toMatch(/[\x00-\x1f\x7f-\x9f\u202e]/);
      }),
      { seed: FUZZ_SEED, numRuns: 300 },
    );
  });

  it('stays text in HTML: only our own tags and attributes', () => {
    fc.assert(
      fc.property(fc.array(facts, { maxLength: 4 }), hostile, (steps, text) => {
        const html = htmlReport(model(steps as StepFacts[], [], { host: text, description: text }));
        const tags = new Set([...html.matchAll(/<\/?([a-z0-9!]+)/gi)].map(match => match[1]));
        for (const tag of tags) expect(ALLOWED_TAGS).toContain(tag);
        expect(html.match(/<[^>]*\s(on\w+|src|href)\s*=/i)).toBeNull();
        expect(html).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f\u202e]/);
      }),
      { seed: FUZZ_SEED, numRuns: 300 },
    );
  });
});

const ALLOWED_TAGS =
  'doctype !doctype html head meta style title body div h1 h2 p br ul li code table tr th td strong span'.split(' ');

describe('the HTML', () => {
  it('escapes what could be markup', () => {
    expect(escapeHtml(`<a href="x" title='y'>&`)).toBe('&lt;a href=&quot;x&quot; title=&#39;y&#39;&gt;&amp;');
    const html = htmlReport(
      model([step('<script>', { status: 'failed', error: { code: 'x', message: '<b>&</b>', retry: 'never' } })]),
    );
    expect(html).not.toContain('<script>');
    expect(html).toContain('&lt;b&gt;&amp;&lt;/b&gt;');
  });

  it('stays within its size, failures shown first', () => {
    const noisy = (id: string, status: 'failed' | 'succeeded') =>
      step(id, {
        status,
        outputs: Object.fromEntries(Array.from({ length: 30 }, (_, key) => [`key-${key}`, '<&"'.repeat(100)])),
        notes: Array.from({ length: 50 }, () => ({ level: 'warning' as const, message: '"'.repeat(500) })),
        error: { code: 'x', message: '"'.repeat(1_000), retry: 'never', hint: '"'.repeat(900) },
      });
    const steps = [
      ...Array.from({ length: 2_000 }, (_, index) => noisy(`fine-${index}`, 'succeeded')),
      noisy('broken', 'failed'),
    ];
    const html = htmlReport(model(steps));
    expect(Buffer.byteLength(html)).toBeLessThanOrEqual(HTML_BYTES_MAX);
    expect(html).toContain('broken');
    expect(html).toContain('and 1986 more');
  });

  it('holds what the text holds, and nothing remote', () => {
    const html = htmlReport(model(FAILED_RUN, [pastRun('succeeded', 1)]));
    for (const part of [
      'nightly-site on web01: FAILED',
      'Step deploy failed after 3 tries',
      'postrider run nightly-site',
      'sign-in-refused',
      '12m 30s, 3 tries',
      'archived 12',
      'skipped',
    ]) {
      expect(html).toContain(part);
    }
    expect(html).not.toMatch(/https?:|url\(/);
  });
});

describe('attachments', () => {
  it('as data and as log', () => {
    const facts = model(FAILED_RUN, [pastRun('failed', 1)]);
    const data = JSON.parse(jsonAttachment(facts).content.toString());
    expect(data).toMatchObject({
      version: 1,
      job: 'nightly-site',
      'started-at': '2026-11-22T02:30:00.000Z',
      'duration-ms': 760_000,
      verdict: 'failed',
      failures: 2,
      counts: { total: 5, succeeded: 2, failed: 1, skipped: 1, open: 1, warnings: 1 },
    });
    expect(data.steps[1]).toMatchObject({
      id: 'deploy',
      status: 'failed',
      'duration-ms': 750_000,
      error: { code: 'sign-in-refused' },
    });
    expect(logText(facts)).toContain('mail info: all well\nmail warning: one message is dated 1970\n');
    expect(gunzipSync(logAttachment(facts).content).toString()).toBe(logText(facts));
  });

  it('a log of any size stays within its limit, by its newest lines', () => {
    const facts = { ...model(FAILED_RUN, [pastRun('failed', 1)]), log: [] };
    const line = { at: 0, step: 'mail', level: 'info', message: 'm'.repeat(1_000_000) } as const;
    const logOf = (lines: number) => gunzipSync(logAttachment({ ...facts, log: Array(lines).fill(line) }).content).toString();
    expect(logOf(8)).not.toContain('left out');
    expect(logOf(9)).toMatch(/^\(the beginning is left out\)\n/);
    expect(Buffer.byteLength(logOf(9)) - '(the beginning is left out)\n'.length).toBe(8 * 1024 ** 2);
  });
});
