// The outbox from the command line, against the sandbox: what waits, what is unknown, and what a person can do about it.
import { afterEach, expect, it } from 'vitest';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

let r: Rehearsal | undefined;
afterEach(() => r?.close());

const REPORT = ['--only', 'report'];
const lettersOf = (stdout: string) =>
  JSON.parse(stdout).letters as { id: string; state: string; recipients: { status: string; reply?: string }[] }[];

it('a report that is put off waits, and goes out once with flush', async () => {
  r = await rehearsal({ faults: ['smtp:RCPT=reply:450 4.2.0 greylisted'] });
  const { code, stderr } = await r.run(...REPORT);
  expect([code, stderr]).toEqual([5, expect.stringContaining('greylisted')]);
  const [letter] = lettersOf((await r.cli('outbox', 'list', '--json')).stdout);
  expect(letter).toMatchObject({ state: 'waiting', recipients: [{ status: 'deferred', reply: '450 4.2.0 greylisted' }] });
  const table = (await r.cli('outbox', 'list')).stdout;
  expect(table).toContain('ops@example.org');
  const raw = await r.cli('outbox', 'show', letter?.id.slice(0, 8) ?? '', '--raw');
  expect(raw.stdout).toContain('Auto-Submitted: auto-generated');
  expect((await r.cli('outbox', 'flush', '--due')).code).toBe(0);
  expect((await r.sandbox.mailbox.list()).length).toBe(0);
  expect(await r.cli('outbox', 'flush')).toMatchObject({ code: 0, stderr: expect.stringContaining('accepted') });
  expect(await r.cli('outbox', 'flush')).toMatchObject({ code: 0, stderr: 'Nothing waits in the outbox.\n' });
  expect((await r.sandbox.mailbox.list()).length).toBe(1);
  expect(lettersOf((await r.cli('outbox', 'list', '--all', '--json')).stdout)).toMatchObject([{ state: 'accepted' }]);
});

it('an unknown outcome is held until a person says resend; drop gives up', async () => {
  r = await rehearsal({ faults: ['smtp:dot=cut'] });
  expect((await r.run(...REPORT)).code).toBe(1);
  const [letter] = lettersOf((await r.cli('outbox', 'list', '--json')).stdout);
  expect(letter).toMatchObject({ state: 'indeterminate' });
  expect((await r.cli('outbox', 'flush')).stderr).toContain('Nothing waits');
  expect(await r.cli('outbox', 'resend', letter?.id ?? '')).toMatchObject({ code: 0 });
  expect(await r.cli('outbox', 'resend', letter?.id ?? '')).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('no longer kept'),
  });
  expect(await r.cli('outbox', 'drop', letter?.id ?? '')).toMatchObject({ code: 0 });
  expect(await r.cli('outbox', 'show', 'nope')).toMatchObject({ code: 2 });
});
