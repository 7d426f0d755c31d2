// What is wrong with the steps of a job file taken together, and with each of them.
import type { StepType } from '../../steps/step.ts';
import { ancestorsOf } from '../graph.ts';
import { isMapping } from '../issue.ts';
import type { Raw } from '../job.ts';
import type { Problem } from '../problem.ts';
import { checkIds, checkNeeds, namedSteps } from './needs-check.ts';
import { checkStep } from './step-check.ts';

/** What is undefined cannot be known, because that part of the file is wrong. */
export interface StepsSurroundings {
  readonly types: ReadonlyMap<string, StepType>;
  readonly connections: Readonly<Record<string, Raw>> | undefined;
  readonly vars: ReadonlySet<string> | undefined;
}

export function checkSteps(steps: Raw | undefined, afterwards: Raw | undefined, around: StepsSurroundings): readonly Problem[] {
  const named = namedSteps(steps, ['steps']);
  const ids = new Set(named.map(step => step.id));
  const order = [
    ...checkIds([
      [steps, ['steps']],
      [afterwards, ['on-failure']],
    ]),
    ...checkNeeds(steps, ['steps'], named),
  ];
  // A step without its id may be any that others name.
  const all = [...entries(steps), ...entries(afterwards)].every(step => idOf(step) !== undefined);
  // Who has ended when is only known of a graph without mistakes.
  const sound = order.length === 0 && named.length === entries(steps).length;
  const ancestors = sound ? ancestorsOf(named) : new Map<string, ReadonlySet<string>>();
  const checked = entries(steps).flatMap((step, index) => {
    const ended = ancestors.get(idOf(step) ?? '') ?? ids;
    return checkStep(step, ['steps', index], { ...around, steps: all ? ids : undefined, ended, afterwards: false });
  });
  const earlier = new Set(ids);
  const handlers = entries(afterwards).flatMap((step, index) => {
    const known = new Set(earlier);
    earlier.add(idOf(step) ?? '');
    return checkStep(step, ['on-failure', index], { ...around, steps: all ? known : undefined, ended: known, afterwards: true });
  });
  return [...order, ...checked, ...handlers];
}

function idOf(step: Raw): string | undefined {
  const id = isMapping(step) ? step['id'] : undefined;
  return typeof id === 'string' ? id : undefined;
}

function entries(list: Raw | undefined): readonly Raw[] {
  return Array.isArray(list) ? (list as readonly Raw[]) : [];
}
