// YAML as job files may use it, and where its values stand.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEPTH_MAX, parseYaml, VALUES_MAX } from '../../src/job/parse.ts';
import { sourceOf } from '../../src/job/source.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20261123);
const parse = (text: string) => parseYaml(sourceOf('job.yaml', text));
const codes = (text: string) => parse(text).problems.map(problem => problem.code);
const nested = (depth: number) => `a: ${'['.repeat(depth)}${']'.repeat(depth)}\n`;

describe('parseYaml', () => {
  it('coerces nothing', () => {
    expect(parse('a: yes\nb: 0777\nc: 1e3\nd: ~\ne: 2026-11-23\nf: "1"\ng: 12:30:45\n').value).toEqual({
      a: 'yes',
      b: 777,
      c: 1000,
      d: null,
      e: '2026-11-23',
      f: '1',
      g: '12:30:45',
    });
  });

  it('keeps keys that have a meaning in JavaScript as they are', () => {
    const { value } = parse('__proto__: 1\nconstructor: 2\n');
    expect(Object.entries(value as object)).toEqual([
      ['__proto__', 1],
      ['constructor', 2],
    ]);
  });

  it('reads aliases of values written before', () => {
    expect(parse('a: &x [1, 2]\nb: *x\n').value).toEqual({ a: [1, 2], b: [1, 2] });
  });

  it('knows where keys and values stand, and the nearest when there is none', () => {
    const parsed = parse('a:\n  - b: "x y"\n');
    expect(parsed.place(['a', 0, 'b'], 'key').start).toEqual({ line: 2, column: 5 });
    expect(parsed.place(['a', 0, 'b'], 'value').start).toEqual({ line: 2, column: 8 });
    expect(parsed.place(['a', 0, 'c'], 'value').start).toEqual({ line: 2, column: 5 });
    expect(parsed.place([], 'value').start).toEqual({ line: 1, column: 1 });
    expect(parsed.place(['z'], 'value').start).toEqual({ line: 1, column: 1 });
  });

  it('finds a piece of an indented text by counting', () => {
    const text = 'a: |\n  one x\n  two x\n  x end\n';
    const parsed = parse(text);
    const value = 'one x\ntwo x\nx end\n';
    const starts = [...value.matchAll(/x/g)].map(({ index }) => parsed.find(['a'], 'x', index)?.start);
    expect(starts).toEqual([
      { line: 2, column: 7 },
      { line: 3, column: 7 },
      { line: 4, column: 3 },
    ]);
    expect(parsed.find(['a'], 'nothing', 0)).toBeUndefined();
  });

  it('has limits', () => {
    expect(codes(nested(DEPTH_MAX))).toEqual([]);
    expect(codes(nested(DEPTH_MAX + 1))).toEqual(['too-big']);
    const list = (values: number) => `[${'1,'.repeat(values - 1)}]`;
    expect(codes(list(VALUES_MAX))).toEqual([]);
    expect(codes(list(VALUES_MAX + 1))).toEqual(['too-big']);
  });

  it.each([
    ['brackets', '['.repeat(50_000)],
    ['mappings', '{a: '.repeat(50_000)],
    ['entries on one line', '- '.repeat(50_000)],
    ['keys on one line', '? '.repeat(50_000)],
    ['indentation', Array.from({ length: 1_000 }, (_, depth) => `${' '.repeat(depth)}a:\n`).join('')],
  ])('is not led into the depths by %s', (_, text) => expect(codes(text)).toEqual(['too-big']));

  it('says of any text either its value or a problem, and never throws', () => {
    const words = fc.constantFrom(
      'a',
      ': ',
      '- ',
      '\n',
      '  ',
      '"',
      "'",
      '[',
      ']',
      '{',
      '}',
      '&x ',
      '*x',
      '!t ',
      '|',
      '>',
      '#',
      '? ',
      ',',
      '\t',
      '---\n',
      '<<',
      '1',
      '\u0007',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 25 }), parts => {
        const parsed = parse(parts.join(''));
        expect(parsed.value !== undefined || parsed.problems.length > 0).toBe(true);
        for (const { range, hint } of parsed.problems) {
          expect(hint).not.toBe('');
          expect(range?.start.line).toBeGreaterThanOrEqual(1);
        }
      }),
      { seed, numRuns: 2_000 },
    );
  });
});
