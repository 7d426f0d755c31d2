import { describe, expect, it } from 'vitest';
import { conditionStatus, isReady, type Standing } from '../../src/run/readiness.ts';
import type { StepStatus } from '../../src/steps/step.ts';
import { scriptedPlan } from '../support/scripted-step.ts';

const plan = scriptedPlan([{ id: 'a' }, { id: 'b', needs: ['a'] }, { id: 'c', needs: ['b'] }]);
const graph = new Map(plan.steps.map(step => [step.step.id, step]));
const [, b, c] = plan.steps as [never, (typeof plan.steps)[0], (typeof plan.steps)[0]];

function standings(statuses: Record<string, StepStatus | 'tolerated'>) {
  return (id: string): Standing | undefined => {
    const status = statuses[id];
    return status === 'tolerated' ? { status: 'failed', tolerated: true } : { status: status ?? 'pending', tolerated: false };
  };
}

describe('isReady', () => {
  it.each([
    ['pending', false],
    ['running', false],
    ['succeeded', true],
    ['failed', true],
    ['skipped', true],
    ['cancelled', true],
    ['timed-out', true],
  ] as const)('after %s: %s', (status, ready) => {
    expect(isReady(b, standings({ a: status }))).toBe(ready);
  });
});

describe('conditionStatus', () => {
  it.each([
    ['succeeded', 'succeeded', true, false],
    ['succeeded', 'tolerated', true, false],
    ['tolerated', 'succeeded', true, false],
    ['succeeded', 'failed', false, true],
    ['succeeded', 'timed-out', false, true],
    ['succeeded', 'cancelled', false, true],
    ['failed', 'skipped', false, true],
    ['failed', 'succeeded', false, true],
    ['succeeded', 'skipped', false, false],
    ['skipped', 'skipped', false, false],
    ['skipped', 'succeeded', true, false],
  ] as const)('with %s, then %s: success() %s, failure() %s', (first, second, success, failure) => {
    const status = conditionStatus(c, graph, standings({ a: first, b: second }), false);
    expect(status).toEqual({ success, failure, cancelled: false });
  });

  it('a skip does not pass on to a step that merely comes after', () => {
    const after = { ...c, step: { ...c.step, inSequence: true } };
    const facts = (first: 'succeeded' | 'failed') => conditionStatus(after, graph, standings({ a: first, b: 'skipped' }), false);
    expect(facts('succeeded')).toEqual({ success: true, failure: false, cancelled: false });
    expect(facts('failed')).toEqual({ success: false, failure: true, cancelled: false });
  });

  it('in a cancelled run nothing is a success', () => {
    const status = conditionStatus(c, graph, standings({ a: 'succeeded', b: 'succeeded' }), true);
    expect(status).toEqual({ success: false, failure: false, cancelled: true });
  });
});
