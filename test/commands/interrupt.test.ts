// Ctrl-C in the middle of a transfer: 130, soon, nothing half-done that the next run would not continue or clean.
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { treeOf } from '../support/tree.ts';

let r: Rehearsal | undefined;
afterEach(() => r?.close());

const BIG_SITE = Object.fromEntries(Array.from({ length: 30 }, (_, i) => [`file-${i}.bin`, Buffer.alloc(200_000, i)]));
const MAILS = Array.from({ length: 40 }, (_, i) => Buffer.from(`Subject: mail ${i}\r\n\r\n${'x'.repeat(70)}\r\n`));

describe.each([
  ['SIGINT', 130],
  ['SIGTERM', 143],
] as const)('%s', (signal, code) => {
  it.each([
    ['deploy', 'ftp:data#5@1000=delay:10m', /^ftp .* STOR/, 6],
    ['mail', 'pop3:RETR#5=delay:10m', /^pop3 .* RETR/, 5],
    ['report', 'smtp:RCPT=delay:10m', /^smtp .* RCPT/, 1],
  ])('during %s ends it, and the next run completes', async (step, fault, pattern, count) => {
    r = await rehearsal({ faults: [fault], site: BIG_SITE, messages: MAILS });
    const running = r.start('run', 'main.yaml', '--only', step, '--json');
    await running.output(/"step-started"/);
    await r.said(pattern, count);
    running.child.kill(signal);
    const result = await running.done;
    expect(result.code, result.stderr).toBe(code);
    const last = JSON.parse(result.stdout.trim().split('\n').at(-1) ?? '');
    expect(last).toMatchObject({ type: 'run-finished', status: 'cancelled' });

    const again = await r.run();
    expect(again.code, again.stderr).toBe(0);
    expect(treeOf(join(r.sandbox.siteDir, 'www'))).toEqual(treeOf(join(r.dir, 'site')));
  });
});
