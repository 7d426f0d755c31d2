import { describe, expect, it } from 'vitest';
import { type Diagnostic, didYouMean, formatDiagnostic } from '../../src/core/diagnostic.ts';

const diagnostic: Diagnostic = {
  code: 'unknown-key',
  severity: 'error',
  message: 'unknown key `usess`',
  file: 'jobs/x.yaml',
  range: { start: { line: 4, column: 5 }, end: { line: 4, column: 10 } },
  source: '    usess: shell',
  hint: 'did you mean `uses`?',
};

describe('formatDiagnostic', () => {
  it('says where, shows the line, points, and helps', () => {
    expect(formatDiagnostic(diagnostic)).toBe(
      [
        'jobs/x.yaml:4:5: error unknown-key: unknown key `usess`',
        '  4 |     usess: shell',
        '    |     ^^^^^',
        '  hint: did you mean `uses`?',
      ].join('\n'),
    );
  });

  it('points to the end of the first line when the range goes on', () => {
    const long = { ...diagnostic, range: { ...diagnostic.range, end: { line: 9, column: 1 } } };
    expect(formatDiagnostic(long)).toContain('    |     ^^^^^^^^^^^^\n');
  });

  it('shows the part of a very long line that it points to', () => {
    const source = `${'a'.repeat(300)}bad${'c'.repeat(300)}`;
    const range = { start: { line: 7, column: 301 }, end: { line: 7, column: 304 } };
    const [, line = '', caret = ''] = formatDiagnostic({ ...diagnostic, range, source }).split('\n');
    expect(line.slice(caret.indexOf('^'), caret.lastIndexOf('^') + 1)).toBe('bad');
    expect(line.length).toBeLessThanOrEqual(166);
  });

  it('leaves out what it does not know', () => {
    const { source: _source, hint: _hint, ...bare } = diagnostic;
    expect(formatDiagnostic(bare)).toBe('jobs/x.yaml:4:5: error unknown-key: unknown key `usess`');
  });
});

describe('didYouMean', () => {
  it.each([
    ['usess', ['uses', 'needs'], 'uses'],
    ['conection', ['connection', 'direction'], 'connection'],
    ['tsl', ['tls', 'type'], 'tls'],
    ['Timeout', ['timeout'], 'timeout'],
    ['banana', ['uses', 'needs'], undefined],
    ['x', [], undefined],
  ])('%s among %j', (word, candidates, expected) => expect(didYouMean(word, candidates)).toBe(expected));
});
