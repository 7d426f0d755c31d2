import { expect, it } from 'vitest';
import { diagnosticAnnotation, errorAnnotation } from '../../src/progress/annotation.ts';

it('a diagnostic names its place, and nothing in it ends the command', () => {
  const range = { start: { line: 3, column: 5 }, end: { line: 3, column: 9 } };
  const diagnostic = {
    code: 'unknown-key',
    severity: 'error',
    message: '100%: no\nsuch ::key',
    file: 'a,b:c.yaml',
    range,
    hint: 'x',
  } as const;
  expect(diagnosticAnnotation(diagnostic)).toBe(
    '::error file=a%2Cb%3Ac.yaml,line=3,col=5,endLine=3,endColumn=9,title=unknown-key::100%25: no%0Asuch ::key%0Ax',
  );
});

it('an error of a hostile server stays on its line', () => {
  const text = errorAnnotation({ code: 'path-missing', message: 'no\r\n::set-output name=x::y\u001b[31m' });
  expect(text).toBe('::error title=path-missing::no\\x0d%0A::set-output name=x::y\\x1b[31m');
});
