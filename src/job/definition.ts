// The keys of a job file and what they may hold: the one definition that validates, explains and makes job.schema.json.
import {
  anyOf,
  anything,
  described,
  duration,
  flag,
  type Infer,
  integer,
  list,
  mapping,
  matching,
  number,
  object,
  oneOf,
  oneOrMany,
  optional,
  text,
  word,
} from '../core/schema.ts';
import { IDENTIFIER_PATTERN, NAME_PATTERN } from './names.ts';

const STEPS_MAX = 200;

export const retrySchema = described(
  object({
    attempts: optional(integer(1, 100), 'Tries in all, the first included. Default 3.'),
    delay: optional(duration(), 'Wait before the second try. Default 5s.'),
    factor: optional(number(1, 100), 'Each wait is this many times the one before. Default 2.'),
    'max-delay': optional(duration(), 'No wait is longer. Default 5m.'),
    jitter: optional(oneOf(['full', 'none']), 'full (default): each wait is drawn between nothing and its length.'),
    'max-elapsed': optional(duration(), 'No try starts later than this after the first one. Default 1h.'),
  }),
  'When and how often a failed step is tried again. Only failures that can pass are.',
);

export const scheduleSchema = described(
  object({
    cron: optional(text(), 'Five fields, @daily and friends, H for a stable place; six fields only with `seconds: true`.'),
    every: optional(duration(), 'Instead of cron: a fixed distance, such as 15m.'),
    timezone: optional(word(), 'IANA name, such as Europe/Zurich. Default: the zone of the machine.'),
    jitter: optional(duration(), 'Starts up to this much later, always the same for one job; never changes the slot.'),
    misfire: optional(oneOf(['one', 'all', 'skip']), 'What becomes of slots missed while nothing was running. Default one.'),
    'max-age': optional(duration(), 'An older missed slot is recorded as skipped.'),
    seconds: optional(flag(), 'The cron expression has six fields, the first for seconds.'),
  }),
  'When the job runs by itself.',
);

/** Keys common to `steps` and `on-failure`. */
const stepKeys = {
  id: described(matching(text(), IDENTIFIER_PATTERN), 'How other steps and expressions name this one.'),
  uses: optional(word(), 'What the step does.'),
  run: optional(word(), 'A command line: short for `uses: shell`.'),
  with: optional(mapping(anything()), 'The settings of the step; they depend on `uses`.'),
  if: optional(anyOf([word(), flag()]), 'success() (default), failure(), always(), cancelled() or any expression.'),
  timeout: optional(duration(), 'The step fails when it takes longer, all tries included.'),
  'continue-on-error': optional(flag(), 'A failure of this step does not fail the run.'),
  retry: optional(retrySchema),
};

export const stepSchema = object({
  ...stepKeys,
  needs: optional(oneOrMany(word()), 'Steps that must have ended before; [] starts at once. Default: the step before it.'),
});

export const failureStepSchema = object(stepKeys);

export const jobFileSchema = object({
  name: optional(matching(text(), NAME_PATTERN), 'How commands and reports call it. Default: the file’s name without .yaml.'),
  description: optional(text(), 'One line for people.'),
  schedule: optional(oneOrMany(scheduleSchema), 'When the job runs by itself; without it, only by hand.'),
  overlap: optional(oneOf(['queue', 'skip', 'replace', 'allow']), 'When a run is due while one is going. Default queue.'),
  timeout: optional(duration(), 'The run is stopped when it takes longer.'),
  'max-crashes': optional(integer(0, 100), 'How often a run is taken up again after its process died. Default 3.'),
  ping: optional(word(), 'A healthchecks.io style address, called at the start, on success and on failure.'),
  'on-failure': optional(list(anything(), { max: STEPS_MAX }), 'Steps that run after a failed run, once, in order.'),
  workdir: optional(word(), 'Paths in the file are relative to it. Default: the file’s own folder.'),
  vars: optional(mapping(anything()), 'Values for `${{ vars.NAME }}`; `run --set NAME=VALUE` changes one.'),
  retry: optional(retrySchema),
  connections: optional(mapping(anything()), 'Servers with their sign-in, by name; also in connections.yaml beside the file.'),
  steps: described(list(anything(), { min: 1, max: STEPS_MAX }), 'What the job does.'),
});

export type StepFile = Infer<typeof stepSchema>;
export type RetryFile = Infer<typeof retrySchema>;
export type ScheduleFile = Infer<typeof scheduleSchema>;
