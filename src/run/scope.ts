// What all parts of one run share.
import type { PlannedStep } from '../plan/plan.ts';
import type { JobFacts, RunFacts } from '../steps/step.ts';
import type { RunDeps } from './deps.ts';
import type { Emitter } from './emitter.ts';
import type { Slots } from './slots.ts';
import type { RunState } from './state.ts';
import type { RunStop } from './stop.ts';

export interface RunScope {
  readonly deps: RunDeps;
  readonly job: JobFacts & { readonly workdir: string };
  readonly run: RunFacts;
  /** The steps of the graph by id; on-failure steps are not in it. */
  readonly graph: ReadonlyMap<string, PlannedStep>;
  readonly state: RunState;
  readonly emitter: Emitter;
  readonly slots: Slots;
  readonly stop: RunStop;
}
