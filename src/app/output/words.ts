// What several documents of `--json` are made of. New keys may come with any version of the program; none goes, and none changes its meaning.
import { anything, integer, list, literal, mapping, object, oneOf, text } from '../../core/schema.ts';

export const count = () => integer(0, Number.MAX_SAFE_INTEGER);
export const time = () => text().describe('ISO 8601, UTC');
export const milliseconds = () => count().describe('milliseconds');

/** One document on stdout, `version` first. */
export function document<Shape extends Parameters<typeof object>[0]>(shape: Shape) {
  return object({ version: literal(1), ...shape });
}

export const error = object({
  code: text().describe('stable; `postrider explain CODE` tells more'),
  message: text(),
  retry: oneOf(['never', 'later', 'reconnect']),
  hint: text().optional(),
});

const position = object({ line: count().describe('from 1'), column: count().describe('from 1, in UTF-16 code units') });
export const diagnostic = object({
  code: text(),
  severity: oneOf(['error', 'warning']),
  message: text(),
  file: text(),
  range: object({ start: position, end: position }),
  hint: text().optional(),
  source: text().optional().describe('the source line'),
});

/** What any command prints instead when it fails. */
export const failure = document({ error, diagnostics: list(diagnostic).optional() });

export const outputs = mapping(anything()).describe('results of the step; numbers, texts, flags or null');
export const stepStatus = oneOf(['pending', 'running', 'succeeded', 'failed', 'skipped', 'cancelled', 'timed-out']);
export const runStatus = oneOf([
  ...(['succeeded', 'failed', 'cancelled', 'timed-out', 'skipped'] as const),
  ...(['running', 'waiting', 'interrupted', 'crashed'] as const),
]);

const runShape = {
  run: text().describe('its id'),
  job: text(),
  file: text(),
  trigger: text(),
  status: runStatus,
  'started-at': time().nullable(),
  'finished-at': time().nullable(),
  'duration-ms': milliseconds().nullable(),
  host: text(),
  pid: integer(-1, Number.MAX_SAFE_INTEGER),
  crashes: count().optional(),
  slot: time().nullable().optional(),
  'retry-of': text().optional(),
  error: error.optional(),
};
export const run = object(runShape);
export const runDocument = document(runShape);

const step = object({
  step: text(),
  uses: text(),
  status: stepStatus,
  attempts: count(),
  'started-at': time().nullable(),
  'duration-ms': milliseconds().nullable(),
  outputs,
  error: error.optional(),
});
export const runWithSteps = document({ ...runShape, steps: list(step) });

export const action = object({
  action: text().describe('upload, download, delete, mkdir, rename, fetch, send, run, check, …'),
  target: text(),
  reason: text().optional(),
  bytes: count().optional(),
});
export const preview = document({ summary: text(), actions: list(action) });

export const progress = {
  done: count(),
  total: count().optional(),
  unit: oneOf(['files', 'messages', 'recipients', 'bytes', 'lines']),
  bytes: count().optional(),
  'total-bytes': count().optional(),
  item: text().optional(),
};
