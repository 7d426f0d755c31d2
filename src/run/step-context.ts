// Builds what a step sees of the world; once its attempt is over, nothing it still says is heard.
import { shorten } from '../core/text.ts';
import type { PlannedStep } from '../plan/plan.ts';
import type { NoteLevel, StepContext } from '../steps/step.ts';
import type { RunScope } from './scope.ts';

/** Longer notes are cut; a note is a line, not a file. */
export const NOTE_LENGTH_MAX = 2_000;
/** A step that says more goes on unheard. */
export const NOTES_PER_STEP_MAX = 10_000;

/** Counts the notes of one step over all its attempts. */
export interface NoteBudget {
  left: number;
}

export interface OpenContext {
  readonly context: StepContext;
  /** Ends the conversation: later notes and progress are dropped. */
  close(): void;
}

/** The context of one attempt. `signal` ends what the attempt dials; `budget` counts notes over all attempts of the step. */
export function openContext(planned: PlannedStep, scope: RunScope, signal: AbortSignal, budget: NoteBudget): OpenContext {
  const { deps, emitter, state } = scope;
  const { id } = planned.step;
  let open = true;
  const note = (level: NoteLevel, message: string) => {
    if (open) noteStep(scope, id, level, message, budget);
  };
  const context: StepContext = {
    signal,
    clock: deps.clock,
    random: deps.random,
    progress: progress => (open ? emitter.progress(id, progress) : undefined),
    note,
    connection: async name => {
      const endpoint = await deps.connection(name, note);
      if (endpoint.password !== undefined) deps.redactor.add(endpoint.password);
      return endpoint;
    },
    dial: (endpoint, options) => deps.dial(endpoint, { signal, clock: deps.clock, ...options }),
    secret: async name => {
      const secret = await deps.resolveSecret(name);
      deps.redactor.add(secret);
      return secret;
    },
    workdir: scope.job.workdir,
    env: deps.env,
    job: scope.job,
    run: scope.run,
    stepId: id,
    steps: () => state.facts(),
    history: deps.history,
    ledger: deps.ledger(id),
    redact: text => deps.redactor.redact(text),
    ...(deps.outbox === undefined ? {} : { outbox: deps.outbox }),
    ...(deps.mailSessions === undefined ? {} : { mailSessions: deps.mailSessions }),
  };
  const close = () => {
    open = false;
  };
  return { context, close };
}

/** Files a note under a step; past the step's budget only one last word is said. */
export function noteStep(scope: RunScope, id: string, level: NoteLevel, message: string, budget: NoteBudget): void {
  budget.left -= 1;
  if (budget.left < 0) return;
  const [finalLevel, text] =
    budget.left === 0 ? (['warning', 'too many notes; the rest is left out'] as const) : [level, message];
  // Masked before it is cut: half a secret would no longer be known for one.
  const line = shorten(scope.deps.redactor.redact(text), NOTE_LENGTH_MAX);
  scope.state.note(id, finalLevel, line);
  void scope.emitter.emit({ type: 'step-note', step: id, level: finalLevel, message: line });
}
