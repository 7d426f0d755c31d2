// The keys of a job file and what they may hold: the one definition that validates, explains and makes job.schema.json.
import {
  anyOf,
  anything,
  duration,
  flag,
  type Infer,
  integer,
  list,
  mapping,
  number,
  object,
  oneOf,
  oneOrMany,
  text,
  word,
} from '../core/schema.ts';
import { IDENTIFIER_PATTERN, NAME_PATTERN } from './names.ts';

export const STEPS_MAX = 200;

export const retrySchema = object({
  attempts: integer(1, 100).optional().describe('Tries in all, the first included. Default 3.'),
  delay: duration().optional().describe('Wait before the second try. Default 5s.'),
  factor: number(1, 100).optional().describe('Each wait is this many times the one before. Default 2.'),
  'max-delay': duration().optional().describe('No wait is longer. Default 5m.'),
  jitter: oneOf(['full', 'none']).optional().describe('full (default): each wait is drawn between nothing and its length.'),
  'max-elapsed': duration().optional().describe('No try starts later than this after the first one. Default 1h.'),
}).describe('When and how often a failed step is tried again. Only failures that can pass are.');

export const scheduleSchema = object({
  cron: text()
    .optional()
    .describe('Five fields, @daily and friends, H for a stable place; six fields only with `seconds: true`.'),
  every: duration().optional().describe('Instead of cron: a fixed distance, such as 15m.'),
  timezone: word().optional().describe('IANA name, such as Europe/Zurich. Default: the zone of the machine.'),
  jitter: duration().optional().describe('Starts up to this much later, always the same for one job; never changes the slot.'),
  misfire: oneOf(['one', 'all', 'skip'])
    .optional()
    .describe('What becomes of slots missed while nothing was running. Default one.'),
  'max-age': duration().optional().describe('An older missed slot is recorded as skipped.'),
  seconds: flag().optional().describe('The cron expression has six fields, the first for seconds.'),
}).describe('When the job runs by itself.');

/** Keys common to `steps` and `on-failure`. */
const stepKeys = {
  id: text().regex(IDENTIFIER_PATTERN).describe('How other steps and expressions name this one.'),
  uses: word().optional().describe('What the step does.'),
  run: word().optional().describe('A command line: short for `uses: shell`.'),
  with: mapping(anything()).optional().describe('The settings of the step; they depend on `uses`.'),
  if: anyOf([word(), flag()]).optional().describe('success() (default), failure(), always(), cancelled() or any expression.'),
  timeout: duration().optional().describe('The step fails when it takes longer, all tries included.'),
  'continue-on-error': flag().optional().describe('A failure of this step does not fail the run.'),
  retry: retrySchema.optional(),
};

export const stepSchema = object({
  ...stepKeys,
  needs: oneOrMany(word())
    .optional()
    .describe('Steps that must have ended before; [] starts at once. Default: the step before it.'),
});

export const failureStepSchema = object(stepKeys);

export const jobFileSchema = object({
  name: text()
    .regex(NAME_PATTERN)
    .optional()
    .describe('How commands and reports call it. Default: the file’s name without .yaml.'),
  description: text().optional().describe('One line for people.'),
  schedule: oneOrMany(scheduleSchema).optional().describe('When the job runs by itself; without it, only by hand.'),
  overlap: oneOf(['queue', 'skip', 'replace', 'allow'])
    .optional()
    .describe('When a run is due while one is going. Default queue.'),
  timeout: duration().optional().describe('The run is stopped when it takes longer.'),
  'max-crashes': integer(0, 100).optional().describe('How often a run is taken up again after its process died. Default 3.'),
  ping: word().optional().describe('A healthchecks.io style address, called at the start, on success and on failure.'),
  'on-failure': list(anything()).max(STEPS_MAX).optional().describe('Steps that run after a failed run, once, in order.'),
  workdir: word().optional().describe('Paths in the file are relative to it. Default: the file’s own folder.'),
  vars: mapping(anything()).optional().describe('Values for `${{ vars.NAME }}`; `run --set NAME=VALUE` changes one.'),
  retry: retrySchema.optional(),
  connections: mapping(anything())
    .optional()
    .describe('Servers with their sign-in, by name; also in connections.yaml beside the file.'),
  steps: list(anything()).min(1).max(STEPS_MAX).describe('What the job does.'),
});

export type JobFile = Infer<typeof jobFileSchema>;
export type StepFile = Infer<typeof stepSchema>;
export type RetryFile = Infer<typeof retrySchema>;
export type ScheduleFile = Infer<typeof scheduleSchema>;
