// What is wrong with the ids of steps and with who waits for whom.
import { didYouMean } from '../../core/diagnostic.ts';
import { printable } from '../../core/text.ts';
import { cyclesOf, type GraphNode } from '../graph.ts';
import { isMapping } from '../issue.ts';
import type { Raw } from '../job.ts';
import type { Path, Problem } from '../problem.ts';
import { hasExpression } from '../template.ts';

/** A step of `steps` that has a usable id. */
export interface NamedStep extends GraphNode {
  readonly path: Path;
  /** False when `needs` is not written and the step before it is meant. */
  readonly written: boolean;
  /** Whether `needs` is a list, and not a single name. */
  readonly list: boolean;
}

/** Steps with an id, the default `needs` filled in; of two with the same id the first. */
export function namedSteps(steps: Raw | undefined, at: Path): readonly NamedStep[] {
  if (!Array.isArray(steps)) return [];
  const named: NamedStep[] = [];
  let before: string | undefined;
  for (const [index, raw] of (steps as readonly Raw[]).entries()) {
    const id = isMapping(raw) ? raw['id'] : undefined;
    if (!isMapping(raw) || typeof id !== 'string' || id === '') {
      before = undefined;
      continue;
    }
    const needs = needsOf(raw['needs']);
    if (!named.some(step => step.id === id)) {
      named.push({
        id,
        path: [...at, index],
        written: needs !== undefined,
        list: Array.isArray(raw['needs']),
        needs: needs ?? (before === undefined ? [] : [before]),
      });
    }
    before = id;
  }
  return named;
}

export function checkIds(lists: readonly (readonly [steps: Raw | undefined, at: Path])[]): readonly Problem[] {
  const seen = new Map<string, string>();
  return lists.flatMap(([steps, at]) =>
    (Array.isArray(steps) ? (steps as readonly Raw[]) : []).flatMap((raw, index): Problem[] => {
      const id = isMapping(raw) ? raw['id'] : undefined;
      if (typeof id !== 'string' || id === '') return [];
      const same = seen.get(id.toLowerCase());
      if (same === undefined) {
        seen.set(id.toLowerCase(), id);
        return [];
      }
      const message =
        same === id
          ? `there is a step \`${printable(id)}\` already`
          : `\`${printable(id)}\` differs from \`${printable(same)}\` only in case`;
      return [
        {
          code: 'duplicate-id',
          message,
          hint: 'Give every step an id of its own, on-failure included.',
          path: [...at, index, 'id'],
        },
      ];
    }),
  );
}

/** `steps` are those of namedSteps(); `raw` is the list they come from. */
export function checkNeeds(raw: Raw | undefined, at: Path, steps: readonly NamedStep[]): readonly Problem[] {
  const ids = new Set(steps.map(step => step.id));
  // A step without its id may be the one that is meant.
  const allNamed = Array.isArray(raw) && (raw as readonly Raw[]).every(step => isMapping(step) && typeof step['id'] === 'string');
  const unknown = (allNamed ? (raw as readonly Raw[]) : []).flatMap((step, index) =>
    isMapping(step) ? checkEntries(step['needs'], [...at, index, 'needs'], ids) : [],
  );
  return [...unknown, ...cyclesOf(steps).map(cycle => cycleProblem(cycle, steps))];
}

function checkEntries(needs: Raw | undefined, path: Path, ids: ReadonlySet<string>): readonly Problem[] {
  const entries = Array.isArray(needs)
    ? needs.map((need, index) => [need as Raw, [...path, index]] as const)
    : [[needs, path] as const];
  return entries.flatMap(([need, place]) => {
    if (typeof need !== 'string' || need === '' || ids.has(need) || hasExpression(need)) return [];
    const near = didYouMean(need, ids);
    const hint = near === undefined ? `Steps of this job: ${[...ids].join(', ')}.` : `Did you mean \`${near}\`?`;
    return [{ code: 'unknown-step', message: `there is no step \`${printable(need)}\` to wait for`, hint, path: place }];
  });
}

function cycleProblem(cycle: readonly string[], steps: readonly NamedStep[]): Problem {
  const [first = '', second = ''] = cycle;
  const members = cycle.slice(0, -1).flatMap(id => steps.find(step => step.id === id) ?? []);
  const base = {
    code: 'needs-cycle',
    path: needPath(
      steps.find(step => step.id === first),
      second,
    ),
  };
  if (cycle.length === 2)
    return { ...base, message: `step \`${first}\` waits for itself`, hint: 'Remove it from its own `needs`.' };
  const message = `these steps wait for each other: ${cycle.join(' → ')}`;
  const silent = members.find(step => !step.written);
  if (silent === undefined) return { ...base, message, hint: 'Remove one of these from the `needs` of another.' };
  const hint = `\`${silent.id}\` has no \`needs\` and so waits for the step before it; \`needs: []\` lets it start at once.`;
  return { ...base, message, hint };
}

function needPath(step: NamedStep | undefined, need: string): Path {
  if (step === undefined) return [];
  if (!step.written) return step.path;
  return [...step.path, 'needs', ...(step.list ? [step.needs.indexOf(need)] : [])];
}

function needsOf(needs: Raw | undefined): readonly string[] | undefined {
  if (typeof needs === 'string') return [needs];
  if (!Array.isArray(needs)) return undefined;
  return (needs as readonly Raw[]).filter(need => typeof need === 'string');
}
