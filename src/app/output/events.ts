// The lines of `run --json` and of everything that runs a step: one event a line (CONTRACT section 3).
import { anyOf, flag, list, literal, mapping, object, oneOf, optional, text } from '../../core/schema.ts';
import { count, error, failure, milliseconds, outputs, progress, stepStatus, time } from './words.ts';

const head = { version: literal(1), seq: count(), at: time(), run: text() };

const runStarted = object({
  ...head,
  type: literal('run-started'),
  job: text(),
  steps: list(object({ id: text(), uses: text(), description: text(), needs: list(text()) })),
});
const stepStarted = object({ ...head, type: literal('step-started'), step: text(), uses: text(), attempt: count() });
const stepProgress = object({
  ...head,
  type: literal('step-progress'),
  step: text(),
  ...progress,
});
const stepNote = object({
  ...head,
  type: literal('step-note'),
  step: text(),
  level: oneOf(['info', 'warning', 'error']),
  message: text(),
});
const stepRetrying = object({
  ...head,
  type: literal('step-retrying'),
  step: text(),
  attempt: count(),
  'delay-ms': milliseconds(),
  error,
});
const stepFinished = object({
  ...head,
  type: literal('step-finished'),
  step: text(),
  status: oneOf(['succeeded', 'failed', 'skipped', 'cancelled', 'timed-out']),
  outputs,
  error: optional(error),
  tolerated: flag(),
  attempts: count(),
  'duration-ms': milliseconds(),
});
const runFinished = object({
  ...head,
  type: literal('run-finished'),
  status: oneOf(['succeeded', 'failed', 'cancelled', 'timed-out', 'skipped']),
  steps: mapping(stepStatus),
  'duration-ms': milliseconds(),
  error: optional(error),
});

export const event = anyOf([runStarted, stepStarted, stepProgress, stepNote, stepRetrying, stepFinished, runFinished]);

/** A line: an event, or what went wrong before there was a run. */
export const eventLine = anyOf([event, failure]);
