// Text with `${{ }}` in it, cut into its pieces.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { hasExpression, piecesOf, soleExpression } from '../../src/job/template.ts';

const seed = Number(process.env['FUZZ_SEED'] ?? 20261123);

describe('piecesOf', () => {
  it('keeps text and expressions apart, with their places', () => {
    expect(piecesOf('a ${{ vars.x }} b ${{y}}')).toEqual([
      { kind: 'text', text: 'a ' },
      { kind: 'expression', text: ' vars.x ', start: 5 },
      { kind: 'text', text: ' b ' },
      { kind: 'expression', text: 'y', start: 21 },
    ]);
  });

  it('does not end an expression inside a text of it', () => {
    expect(piecesOf("${{ 'it''s }}' }}!")).toEqual([
      { kind: 'expression', text: " 'it''s }}' ", start: 3 },
      { kind: 'text', text: '!' },
    ]);
  });

  it.each(['${{', '${{ vars.x }', "${{ 'x }}"])('says that %s is not closed', text => {
    expect(piecesOf(text)).toMatchObject([{ kind: 'unclosed', start: 3 }]);
  });

  it.each(['', '$', '${}', '{{ x }}', '$ {{ x }}'])('takes %j as it is', text => {
    expect(hasExpression(text)).toBe(false);
    expect(piecesOf(text).map(piece => piece.text)).toEqual(text === '' ? [] : [text]);
  });

  it('loses nothing of any text', () => {
    const parts = fc.array(fc.constantFrom('${{', '}}', "'", 'a', ' ', '$', '{', '}'), { maxLength: 20 });
    fc.assert(
      fc.property(parts, words => {
        const text = words.join('');
        const whole = piecesOf(text).map(piece => {
          if (piece.kind === 'text') return piece.text;
          expect(text.slice(piece.start - 3, piece.start + piece.text.length)).toBe(`\${{${piece.text}`);
          return piece.kind === 'expression' ? `\${{${piece.text}}}` : `\${{${piece.text}`;
        });
        expect(whole.join('')).toBe(text);
      }),
      { seed, numRuns: 500 },
    );
  });
});

describe('soleExpression', () => {
  it('is the expression when there is nothing else', () => {
    expect(soleExpression('${{ vars.x }}')).toBe(' vars.x ');
    expect(soleExpression('${{ vars.x }} ')).toBeUndefined();
    expect(soleExpression('vars.x')).toBeUndefined();
  });
});
