import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseQuery, QUERY_CHARS_MAX, TERMS_MAX } from '../../../src/archive/search/query.ts';
import { FUZZ_SEED } from '../../support/splits.ts';

describe('a query', () => {
  it.each([
    ['invoice', '"invoice"', undefined],
    ['Rechnung März', '"Rechnung" AND "März"', undefined],
    ['"exact words" wor*', '"exact words" AND "wor" *', undefined],
    [
      'from:acme Subject:"two words" filename:pdf',
      '{sender} : "acme" AND {subject} : "two words" AND {files} : "pdf"',
      undefined,
    ],
    ['a OR b c', '("a" OR "b") AND "c"', undefined],
    ['a OR from:b OR "c d"', '("a" OR {sender} : "b" OR "c d")', undefined],
    ['a -b NOT to:c', '"a"', '"b" OR {recipients} : "c"'],
    ['-spam', undefined, '"spam"'],
    ['say "unfinished quote', '"say" AND "unfinished quote"', undefined],
    ['a AND b', '"a" AND "b"', undefined],
    ['Re: x at 10:30', '"Re:" AND "x" AND "at" AND "10:30"', undefined],
    ['x" OR NEAR(y', '"x" AND " OR NEAR(y"', undefined],
    ['', undefined, undefined],
  ])('%j', (text, match, exclude) => {
    expect(parseQuery(text)).toEqual({ match, exclude, conditions: [] });
  });

  it.each([
    ['has:attachment', [{ sql: 'm.attachments > 0', values: [] }]],
    ['-has:attachments', [{ sql: 'NOT (m.attachments > 0)', values: [] }]],
    [
      'after:2026-01 before:2026',
      [
        { sql: 'm.date >= ?', values: [Date.UTC(2026, 0)] },
        { sql: 'm.date < ?', values: [Date.UTC(2026, 0)] },
      ],
    ],
    ['date:2026-02', [{ sql: 'm.date >= ? AND m.date < ?', values: [Date.UTC(2026, 1), Date.UTC(2026, 2)] }]],
    [
      'larger:1MB smaller:2m',
      [
        { sql: 'm.size > ?', values: [2 ** 20] },
        { sql: 'm.size < ?', values: [2 ** 21] },
      ],
    ],
    ['account:a/b', [{ sql: 'm.account IN (?, ?)', values: ['a/b', 'a%2Fb'] }]],
    ['id:<a@b>', [{ sql: 'm.message_id = ?', values: ['a@b'] }]],
  ])('%j has conditions', (text, conditions) => {
    expect(parseQuery(text)).toEqual({ match: undefined, exclude: undefined, conditions });
  });

  it.each([
    'form:acme',
    'https://x',
    'after:soon',
    'after:2026-13',
    'larger:big',
    'has:fun',
    'from:""',
    '...',
    'OR a',
    'a OR',
    'a OR OR b',
    'a OR after:2026',
    'a OR -b',
  ])('%j is refused with what to do', text =>
    expect(() => parseQuery(text)).toThrow(expect.objectContaining({ code: 'usage', hint: expect.any(String) })));

  it('has its limits', () => {
    expect(() => parseQuery('a '.repeat(TERMS_MAX))).not.toThrow();
    expect(() => parseQuery('a '.repeat(TERMS_MAX + 1))).toThrow('words');
    expect(() => parseQuery('a'.repeat(QUERY_CHARS_MAX))).not.toThrow();
    expect(() => parseQuery('a'.repeat(QUERY_CHARS_MAX + 1))).toThrow('characters');
  });

  it('of any text is read or refused', () => {
    const piece = fc.constantFrom('"', '-', 'from:', 'x', ' ', 'OR', '*', ':', '(', ')', '{', "'", 'é', '\0', 'has:', 'NOT');
    fc.assert(
      fc.property(fc.string({ unit: piece }), text => {
        try {
          parseQuery(text);
        } catch (error) {
          expect(error).toMatchObject({ code: 'usage' });
        }
      }),
      { seed: FUZZ_SEED, numRuns: 1_000 },
    );
  });
});
