import { describe, expect, it } from 'vitest';
import { overrideVariables } from '../../../src/app/run/variables.ts';
import { prepareExpressions } from '../../../src/job/expression-engine.ts';
import { type ExpressionContext, interpolate } from '../../../src/job/expressions.ts';

const vars = { site: './public', count: 3, delete: false, none: null, list: ['a'], map: { k: 'v' } };

describe('overrideVariables', () => {
  it('keeps the declared type', () => {
    expect(overrideVariables(vars, ['site=./dist', 'count=4.5', 'delete=true', 'none=x=y'])).toEqual({
      ...vars,
      site: './dist',
      count: 4.5,
      delete: true,
      none: 'x=y',
    });
  });

  it('takes empty text and leaves the rest alone', () => {
    expect(overrideVariables(vars, ['site='])).toEqual({ ...vars, site: '' });
  });

  it('takes a list or a mapping as JSON', () => {
    expect(overrideVariables(vars, ['list=["x","y"]', 'map={"k":1}'])).toEqual({ ...vars, list: ['x', 'y'], map: { k: 1 } });
  });

  it.each([
    '${{ env.KEY }}',
    'a ${{ env.KEY }} b ${{',
    "${{ 'x",
    '$${{ }} }}',
    "'${{ secrets.x }}'",
  ])('takes %s for data', async value => {
    await prepareExpressions();
    const given = overrideVariables(vars, [
      `site=${value}`,
      `list=${JSON.stringify([value])}`,
      `map=${JSON.stringify({ k: value })}`,
    ]);
    const simple = { env: { KEY: 'secret' }, secrets: {}, job: { name: 'x' }, run: { id: '1' }, steps: {} };
    const context: ExpressionContext = { ...simple, vars: given, status: { success: true, failure: false, cancelled: false } };
    expect(interpolate('${{ vars.site }}|${{ vars.list[0] }}|${{ vars.map.k }}', context)).toBe([value, value, value].join('|'));
  });

  it.each([
    ['list=x', 'usage'],
    ['list={"k":1}', 'usage'],
    ['map=["x"]', 'usage'],
    ['site', 'usage'],
    ['=x', 'usage'],
    ['count=three', 'usage'],
    ['count=', 'usage'],
    ['delete=yes', 'usage'],
    ['siet=x', 'unknown-variable'],
    ['constructor=x', 'unknown-variable'],
  ])('refuses %s', (setting, code) => {
    expect(() => overrideVariables(vars, [setting])).toThrow(expect.objectContaining({ code }));
  });

  it('guesses what was meant', () => {
    expect(() => overrideVariables(vars, ['siet=x'])).toThrow(expect.objectContaining({ hint: 'Did you mean site?' }));
  });
});
