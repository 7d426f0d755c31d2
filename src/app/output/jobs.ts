// `--json` of the commands about jobs, schedules, runs and secrets.
import { flag, list, object, oneOf, text } from '../../core/schema.ts';
import { event } from './events.ts';
import {
  action,
  count,
  diagnostic,
  document,
  error,
  milliseconds,
  progress,
  run,
  runDocument,
  runWithSteps,
  time,
} from './words.ts';

const problem = object({ file: text(), message: text() });

const slot = object({
  job: text().optional(),
  at: time(),
  local: text().describe('ISO 8601 with its offset'),
  note: text().optional(),
});

const explanation = object({
  at: time().optional().describe('absent when there is no slot'),
  action: oneOf(['started', 'queued', 'skipped', 'to-come', 'not-decided', 'before-schedule', 'no-slot']),
  text: text(),
  reason: text().optional(),
  run: text().optional(),
  status: text().optional(),
});

const standing = object({
  job: text(),
  running: flag(),
  last: run.nullable(),
  progress: object({ step: text(), ...progress }).optional(),
  waiting: run.optional(),
  next: time().nullable(),
  paused: object({ since: time().nullable(), reason: text() }).optional(),
  problem: text().optional(),
  'usual-ms': milliseconds().optional(),
  undecided: time().nullable().optional(),
});

const plannedStep = object({
  step: text(),
  uses: text(),
  needs: list(text()),
  if: text(),
  excluded: flag(),
  description: text(),
  summary: text().optional(),
  actions: list(action).optional(),
  error: error.optional(),
});

const finding = object({
  check: text(),
  state: oneOf(['ok', 'warning', 'error', 'skipped']),
  found: text(),
  advice: text().optional(),
  error: object({ code: text(), retry: oneOf(['never', 'later', 'reconnect']) }).optional(),
});

const backend = oneOf(['environment', 'file', 'keychain', 'vault']);
const explained = { code: text(), cause: text(), cure: text(), 'exit-code': count().optional() };

export const jobOutputs = {
  validate: document({ valid: flag(), files: list(object({ file: text(), valid: flag(), diagnostics: list(diagnostic) })) }),
  plan: document({ job: text(), file: text(), waves: list(list(text())), steps: list(plannedStep) }),
  next: document({ slots: list(slot), problems: list(problem).optional() }),
  why: document({ slots: list(explanation) }),
  status: document({
    jobs: list(standing),
    schedulers: list(object({ owner: text(), host: text(), pid: count(), 'jobs-dir': text(), 'started-at': time().nullable() })),
    deserted: flag().describe('jobs wait for their slots, and no scheduler is there'),
  }),
  history: document({ runs: list(run) }),
  show: runWithSteps,
  logs: document({ events: list(event) }),
  cancel: runDocument,
  pause: document({ job: text(), paused: flag() }),
  resume: document({ job: text(), paused: flag() }),
  init: document({ dir: text(), files: list(object({ path: text(), written: flag() })) }),
  doctor: document({ healthy: flag(), checks: list(finding) }),
  explain: document({ codes: list(object(explained)) }),
  'explain CODE': document(explained),
  'secret list': document({ secrets: list(object({ name: text(), backend, place: text(), 'set-at': time().nullable() })) }),
  'secret check': document({
    job: text(),
    complete: flag(),
    secrets: list(
      object({
        ...{ name: text(), backend: backend.optional(), place: text().optional() },
        ...{ 'needed-by': list(text()), problem: error.optional() },
      }),
    ),
  }),
  'service status': document({ path: text(), installed: flag(), active: text(), enabled: text() }),
  'report preview': document({ run: text(), subject: text(), html: text(), text: text() }),
};
