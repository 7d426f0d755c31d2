// `--json` of the commands about jobs, schedules, runs and secrets.
import { described, flag, list, nullable, object, oneOf, optional, text } from '../../core/schema.ts';
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
  job: optional(text()),
  at: time(),
  local: described(text(), 'ISO 8601 with its offset'),
  note: optional(text()),
});

const explanation = object({
  at: optional(time(), 'absent when there is no slot'),
  action: oneOf(['started', 'queued', 'skipped', 'to-come', 'not-decided', 'before-schedule', 'no-slot']),
  text: text(),
  reason: optional(text()),
  run: optional(text()),
  status: optional(text()),
});

const standing = object({
  job: text(),
  running: flag(),
  last: nullable(run),
  progress: optional(object({ step: text(), ...progress })),
  waiting: optional(run),
  next: nullable(time()),
  paused: optional(object({ since: nullable(time()), reason: text() })),
  problem: optional(text()),
  'usual-ms': optional(milliseconds()),
  undecided: optional(nullable(time())),
});

const plannedStep = object({
  step: text(),
  uses: text(),
  needs: list(text()),
  if: text(),
  excluded: flag(),
  description: text(),
  summary: optional(text()),
  actions: optional(list(action)),
  error: optional(error),
});

const finding = object({
  check: text(),
  state: oneOf(['ok', 'warning', 'error', 'skipped']),
  found: text(),
  advice: optional(text()),
  error: optional(object({ code: text(), retry: oneOf(['never', 'later', 'reconnect']) })),
});

const backend = oneOf(['environment', 'file', 'keychain', 'vault']);
const explained = { code: text(), cause: text(), cure: text(), 'exit-code': optional(count()) };

export const jobOutputs = {
  validate: document({ valid: flag(), files: list(object({ file: text(), valid: flag(), diagnostics: list(diagnostic) })) }),
  plan: document({ job: text(), file: text(), waves: list(list(text())), steps: list(plannedStep) }),
  next: document({ slots: list(slot), problems: optional(list(problem)) }),
  why: document({
    slots: list(explanation),
    more: optional(flag(), 'true: there are more slots than these; ask for a shorter time'),
  }),
  status: document({
    jobs: list(standing),
    schedulers: list(object({ owner: text(), host: text(), pid: count(), 'jobs-dir': text(), 'started-at': nullable(time()) })),
    deserted: described(flag(), 'jobs wait for their slots, and no scheduler is there'),
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
  'secret list': document({ secrets: list(object({ name: text(), backend, place: text(), 'set-at': nullable(time()) })) }),
  'secret check': document({
    job: text(),
    complete: flag(),
    secrets: list(
      object({
        ...{ name: text(), backend: optional(backend), place: optional(text()) },
        ...{ 'needed-by': list(text()), problem: optional(error) },
      }),
    ),
  }),
  'service status': document({ path: text(), installed: flag(), active: text(), enabled: text() }),
  'report preview': document({ run: text(), subject: text(), html: text(), text: text() }),
};
