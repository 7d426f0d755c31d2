import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

let r: Rehearsal | undefined;
afterEach(() => r?.close());

it('report preview writes what the mail said, for a run on record', async () => {
  r = await rehearsal({ password: 'wrong' });
  expect((await r.run()).code).toBe(4);
  const { stdout, code } = await r.cli('report', 'preview', 'last', '--json');
  const { subject, html, text } = JSON.parse(stdout);
  expect([code, subject.startsWith('[FAILED] main @ ')]).toEqual([0, true]);
  expect(readFileSync(join(r.dir, html), 'utf8')).toContain('refused');
  const plain = readFileSync(join(r.dir, text), 'utf8');
  expect(plain).toContain('FAILED     deploy');
  expect(Math.max(...plain.split('\n').map(line => line.length))).toBeLessThanOrEqual(72);
  const elsewhere = JSON.parse((await r.cli('report', 'preview', 'last', '--out', 'new/reports', '--json')).stdout);
  expect(readFileSync(join(r.dir, elsewhere.html), 'utf8')).toBe(readFileSync(join(r.dir, html), 'utf8'));
  expect(await r.cli('report', 'preview', 'nope')).toMatchObject({ code: 2 });
});
