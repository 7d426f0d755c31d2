// Somebody else's readers open our report: Python's email finds no defect, and tidy none in the HTML.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { check } from '../../src/core/schema.ts';
import type { ReportConfig } from '../../src/steps/smtp-report/config.ts';
import { smtpReport } from '../../src/steps/smtp-report/index.ts';
import { FakeServer } from '../protocols/smtp/fake-server.ts';
import { pastRun, step, testContext } from '../steps/smtp-context.ts';

const SCRIPT = `
import email, email.policy, json, sys
message = email.message_from_bytes(sys.stdin.buffer.read(), policy=email.policy.default)
parts = list(message.walk())
print(json.dumps({
  'defects': [str(defect) for part in parts for defect in part.defects],
  'headers': {name: str(value) for name, value in message.items()},
  'text': message.get_body(('plain',)).get_content(),
  'html': message.get_body(('html',)).get_content(),
  'files': [part.get_filename() for part in message.iter_attachments()],
}))
`;

import { execFileSync, spawnSync } from '../support/sync-child.ts';

let mail: Buffer;
let server: FakeServer;
beforeAll(async () => {
  server = await FakeServer.start();
  const checked = check(smtpReport.schema, {
    ...{ connection: 'outbox', from: 'Röbot <robot@example.org>', to: ['ops@example.org'], attach: ['log', 'json'] },
  });
  if (!checked.ok) throw new Error('the configuration is wrong');
  const error = { code: 'x', message: '530 <b>nein</b> \u001b[31m für \u202e', retry: 'never' } as const;
  const steps = [
    step('build'),
    step('dépôt', { status: 'failed', error }),
    step('report', { uses: 'smtp/report', status: 'running' }),
  ];
  const past = [pastRun('failed', 1), pastRun('succeeded', 2)];
  await smtpReport.run(checked.value as ReportConfig, testContext({ endpoint: server.endpoint(), steps, past }));
  mail = server.delivered[0]?.data ?? Buffer.alloc(0);
});
afterAll(() => server.close());

test('Python’s email reads every part', () => {
  const read = JSON.parse(execFileSync('python3', ['-c', SCRIPT], { input: mail, encoding: 'utf8' }));
  expect(read.defects).toEqual([]);
  expect(read.headers.Subject).toMatch(/^\[STILL FAILING x2\] nightly-site @ web01/);
  expect(read.headers['Auto-Submitted']).toBe('auto-generated');
  expect(read.text).toContain('530 <b>nein</b> \\x1b[31m für \\u202e');
  expect(read.html).toContain('530 &lt;b&gt;nein&lt;/b&gt; \\x1b[31m für \\u202e');
  expect(read.files).toEqual(['nightly-site.log.gz', 'report.json']);
});

describe.skipIf(spawnSync('tidy', ['-v']).status !== 0)('tidy', () => {
  test('finds nothing to say about the HTML', () => {
    const { html } = JSON.parse(execFileSync('python3', ['-c', SCRIPT], { input: mail, encoding: 'utf8' }));
    const { stdout, stderr, status } = spawnSync('tidy', ['-q', '-e', '-utf8'], { input: html, encoding: 'utf8' });
    expect([status, stdout, stderr]).toEqual([0, '', '']);
  });
});
