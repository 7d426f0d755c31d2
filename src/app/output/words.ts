// What several documents of `--json` are made of. New keys may come with any version of the program; none goes, and none changes its meaning.
import {
  anything,
  described,
  integer,
  list,
  literal,
  mapping,
  nullable,
  object,
  oneOf,
  optional,
  text,
} from '../../core/schema.ts';

export const count = () => integer(0, Number.MAX_SAFE_INTEGER);
export const time = () => described(text(), 'ISO 8601, UTC');
export const milliseconds = () => described(count(), 'milliseconds');

/** One document on stdout, `version` first. */
export function document<Shape extends Parameters<typeof object>[0]>(shape: Shape) {
  return object({ version: literal(1), ...shape });
}

export const error = object({
  code: described(text(), 'stable; `postrider explain CODE` tells more'),
  message: text(),
  retry: oneOf(['never', 'later', 'reconnect']),
  hint: optional(text()),
});

const position = object({ line: described(count(), 'from 1'), column: described(count(), 'from 1, in UTF-16 code units') });
export const diagnostic = object({
  code: text(),
  severity: oneOf(['error', 'warning']),
  message: text(),
  file: text(),
  range: object({ start: position, end: position }),
  hint: optional(text()),
  source: optional(text(), 'the source line'),
});

/** What any command prints instead when it fails. */
export const failure = document({ error, diagnostics: optional(list(diagnostic)) });

export const outputs = described(mapping(anything()), 'results of the step; numbers, texts, flags or null');
export const stepStatus = oneOf(['pending', 'running', 'succeeded', 'failed', 'skipped', 'cancelled', 'timed-out']);
const runStatus = oneOf([
  ...(['succeeded', 'failed', 'cancelled', 'timed-out', 'skipped'] as const),
  ...(['running', 'waiting', 'interrupted', 'crashed'] as const),
]);

const runShape = {
  run: described(text(), 'its id'),
  job: text(),
  file: text(),
  trigger: text(),
  status: runStatus,
  'started-at': nullable(time()),
  'finished-at': nullable(time()),
  'duration-ms': nullable(milliseconds()),
  host: text(),
  pid: integer(-1, Number.MAX_SAFE_INTEGER),
  crashes: optional(count()),
  slot: optional(nullable(time())),
  'retry-of': optional(text()),
  error: optional(error),
};
export const run = object(runShape);
export const runDocument = document(runShape);

const step = object({
  step: text(),
  uses: text(),
  status: stepStatus,
  attempts: count(),
  'started-at': nullable(time()),
  'duration-ms': nullable(milliseconds()),
  outputs,
  error: optional(error),
});
export const runWithSteps = document({ ...runShape, steps: list(step) });

export const action = object({
  action: described(text(), 'upload, download, delete, mkdir, rename, fetch, send, run, check, …'),
  target: text(),
  reason: optional(text()),
  bytes: optional(count()),
});
export const preview = document({ summary: text(), actions: list(action) });

export const progress = {
  done: count(),
  total: optional(count()),
  unit: oneOf(['files', 'messages', 'recipients', 'bytes', 'lines']),
  bytes: optional(count()),
  'total-bytes': optional(count()),
  item: optional(text()),
};
