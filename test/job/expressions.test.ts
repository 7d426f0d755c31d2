// What expressions are worth: types, text, conditions, secrets, and the limits.
import { beforeAll, describe, expect, it } from 'vitest';
import { integer, mapping, object, oneOrMany, optional, text } from '../../src/core/schema.ts';
import { bindStep } from '../../src/job/bind.ts';
import { EXPRESSION_LENGTH_MAX, prepareExpressions } from '../../src/job/expression-engine.ts';
import { type ExpressionContext, evaluateCondition, interpolate, secretsIn } from '../../src/job/expressions.ts';
import type { JobStep } from '../../src/job/job.ts';

const context: ExpressionContext = {
  vars: { site: './public', count: 3, on: true, list: ['a', 'b'], empty: '' },
  env: { HOME: '/root' },
  secrets: { 'ping-url': 'https://example.org/p' },
  job: { name: 'sample' },
  run: { id: 'r1' },
  steps: { deploy: { outputs: { uploaded: 12 }, outcome: 'success' } },
  status: { success: true, failure: false, cancelled: false },
};
const failing: ExpressionContext = { ...context, status: { success: false, failure: true, cancelled: false } };

beforeAll(() => prepareExpressions());

describe('interpolate', () => {
  it.each([
    ['${{ vars.count }}', 3],
    ['${{ vars.on }}', true],
    ['${{ vars.list }}', ['a', 'b']],
    ['${{ vars.none }}', null],
    ['n=${{ vars.count }}', 'n=3'],
    ['${{ vars.on }}${{ vars.none }}!', 'true!'],
    ['${{ vars.list }} ', 'Array '],
    ["${{ format('{0}}}', 'x') }}", 'x}'],
    ["${{ 'it''s o''clock' }}", "it's o'clock"],
    ['${{ secrets.ping-url }}', 'https://example.org/p'],
    ['${{ steps.deploy.outputs.uploaded }} files', '12 files'],
    ["${{ join(vars.list, '+') }}", 'a+b'],
    ["${{ contains(vars.list, 'a') && startsWith(env.HOME, '/') }}", true],
    ['no expression', 'no expression'],
  ])('%s', (raw, worth) => expect(interpolate(raw, context)).toEqual(worth));

  it('reaches into lists and mappings', () => {
    expect(interpolate({ a: ['${{ vars.count }}', 1], b: { c: '${{ job.name }}' } }, context)).toEqual({
      a: [3, 1],
      b: { c: 'sample' },
    });
  });

  it('fails with the reason', () => {
    expect(() => interpolate("${{ fromJSON('{') }}", context)).toThrow(expect.objectContaining({ code: 'expression-failed' }));
    expect(() => interpolate('${{ vars. }}', context)).toThrow(expect.objectContaining({ code: 'expression-syntax' }));
    expect(() => interpolate('x ${{ vars.a', context)).toThrow(expect.objectContaining({ code: 'expression-syntax' }));
  });

  it('makes no text without end', () => {
    const ten = (inner: string) => `format('{0}{0}{0}{0}{0}{0}{0}{0}{0}{0}', ${inner})`;
    let bomb = "'xxxxxxxxxx'";
    for (let level = 0; level < 12; level++) bomb = ten(bomb);
    expect(() => interpolate(`\${{ ${bomb} }}`, context)).toThrow(/more than/);
    expect(() => interpolate(`\${{ '${'x'.repeat(EXPRESSION_LENGTH_MAX)}' }}`, context)).toThrow(/longer than/);
    const doubled = (length: number) =>
      interpolate("${{ format('{0}{0}', vars.half) }}", { ...context, vars: { half: 'x'.repeat(length) } });
    expect(doubled(512 * 1024)).toHaveLength(1024 * 1024);
    expect(() => doubled(512 * 1024 + 1)).toThrow(/makes a text of more than/);
  });
});

describe('evaluateCondition', () => {
  it.each([
    ['success()', true, false],
    ['failure()', false, true],
    ['always()', true, true],
    ['cancelled()', false, false],
    ['vars.count > 2', true, false],
    ['always() && vars.count > 2', true, true],
    ['vars.empty', false, false],
    ['!cancelled()', true, true],
    ["failure() || steps.deploy.outcome == 'success'", true, true],
    ['false', false, false],
  ])('%s', (condition, whenWell, whenFailed) => {
    expect(evaluateCondition(condition, context)).toBe(whenWell);
    expect(evaluateCondition(condition, failing)).toBe(whenFailed);
  });
});

describe('secretsIn', () => {
  it('names each secret once, wherever it stands', () => {
    expect(
      secretsIn({ a: '${{ secrets.web }}', b: ['x ${{ secrets.web }} ${{ secrets.in }}', 5], c: "${{ secrets['odd'] }}" }),
    ).toEqual(['web', 'in', 'odd']);
    expect(secretsIn('secrets.web')).toEqual([]);
  });
});

describe('bindStep', () => {
  const type = { schema: object({ parallel: integer(1, 8), note: optional(text()) }) };
  const step = (settings: object) => ({ id: 'deploy', type, with: settings }) as unknown as JobStep;

  it('gives the settings their types', () => {
    expect(bindStep(step({ parallel: '${{ vars.count }}', note: 'n${{ vars.count }}' }), context)).toEqual({
      parallel: 3,
      note: 'n3',
    });
  });

  it('takes numbers, true, false and nothing as texts where texts are wanted', () => {
    const env = { schema: object({ env: mapping(text()), to: oneOrMany(text()) }) };
    const settings = {
      env: { A: '${{ vars.count }}', B: '${{ 1 == 1 }}', C: '${{ steps.none.outputs.x }}' },
      to: ['${{ vars.count }}'],
    };
    const bound = bindStep({ id: 'mail', type: env, with: settings } as unknown as JobStep, context);
    expect(bound).toEqual({ env: { A: '3', B: 'true', C: '' }, to: ['3'] });
  });

  it('names the step and the key of a value that does not fit', () => {
    const bind = () => bindStep(step({ parallel: '${{ vars.site }}' }), context);
    expect(bind).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        message: expect.stringMatching(/deploy.*`parallel`.*whole number from 1 to 8/s),
      }),
    );
  });
});
