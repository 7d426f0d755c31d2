// Every error code that the source can raise is explained, and nothing is explained that it cannot raise.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { EXPLANATIONS, explain } from '../../../src/app/explain/explain.ts';

const src = join(import.meta.dirname, '../../../src');
const text = globSync('**/*.ts', { cwd: src })
  .filter(path => !path.replaceAll('\\', '/').startsWith('app/explain/'))
  .map(path => readFileSync(join(src, path), 'utf8'))
  .join('\n');

/** Where codes are born: an error, a refusal, a problem of a job file, a row of a table of them. */
const BIRTH =
  /(?:\bnew \w*Error|\b(?:refused|failed|problem|broken|fail))\(\s*'([a-z][a-z0-9]*(?:-[a-z0-9]+)+)'|\b(?:code|busyCode): '([a-z][a-z0-9]*(?:-[a-z0-9]+)*)'/g;
const codes = new Set([...text.matchAll(BIRTH)].map(match => match[1] ?? match[2] ?? ''));
/** Look like codes and are rows of the doctor’s table. */
const OTHERS = new Set(['sign-in', 'job-files']);
const explained = Object.values(EXPLANATIONS).flatMap(group => Object.keys(group));

it('finds the codes', () => {
  expect(codes.size).toBeGreaterThan(150);
});

it('every code is explained', () => {
  expect([...codes].filter(code => !explained.includes(code) && !OTHERS.has(code)).sort()).toEqual([]);
});

it('every explanation is of a code in the source, once, with a cause and a cure', () => {
  expect(explained.filter(code => !text.includes(`'${code}'`) && !new RegExp(`\\b${code}: `).test(text))).toEqual([]);
  expect(explained.length).toBe(new Set(explained).size);
  for (const code of explained) {
    const { cause, cure } = explain(code);
    expect(cause, code).toMatch(/\S{2,}.*[.)]$/);
    expect(cure.length, code).toBeGreaterThan(5);
  }
});

it('a mistyped code is answered with the one that was meant', () => {
  expect(() => explain('tls-untrustd')).toThrow(expect.objectContaining({ hint: expect.stringContaining('tls-untrusted') }));
  expect(explain('VAULT-LOCKED')['exit-code']).toBe(4);
});
