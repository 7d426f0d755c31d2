// A job file without errors → Job: defaults filled in, paths absolute, short forms written out.
import { dirname, resolve } from 'node:path';
import { DEFAULT_RETRY, type RetryPolicy } from '../core/backoff.ts';
import { MisuseError } from '../core/errors.ts';
import { check, type Schema } from '../core/schema.ts';
import type { StepType } from '../steps/step.ts';
import { settingsOf, usesOf } from './checks/step-check.ts';
import { normaliseConnections } from './connection-defaults.ts';
import { failureStepSchema, jobFileSchema, type RetryFile, type ScheduleFile, type StepFile, stepSchema } from './definition.ts';
import { isMapping } from './issue.ts';
import type { Connection, Job, JobStep, Raw, Schedule } from './job.ts';
import { soleExpression } from './template.ts';

export interface NormaliseFacts {
  /** Absolute. */
  readonly file: string;
  readonly fileName: string;
  readonly types: ReadonlyMap<string, StepType>;
  /** Those of connections.yaml, ready for use. */
  readonly shared: Readonly<Record<string, Connection>>;
}

const MAX_CRASHES = 3;

export function normaliseJob(raw: Raw, { file, fileName, types, shared }: NormaliseFacts): Job {
  const written = read(jobFileSchema, raw);
  const workdir = resolve(dirname(file), written.workdir ?? '.');
  const steps = written.steps as readonly Raw[];
  const stepFacts = { types, retry: retryOf(written.retry, DEFAULT_RETRY) };
  return {
    name: written.name ?? fileName,
    ...(written.description === undefined ? {} : { description: written.description }),
    file,
    workdir,
    schedules: (written.schedule ?? []).map(scheduleOf),
    overlap: written.overlap ?? 'queue',
    ...(written.timeout === undefined ? {} : { timeoutMs: written.timeout }),
    maxCrashes: written['max-crashes'] ?? MAX_CRASHES,
    ...(written.ping === undefined ? {} : { ping: written.ping }),
    vars: (written.vars ?? {}) as Readonly<Record<string, Raw>>,
    connections: { ...shared, ...normaliseConnections(written.connections as Raw | undefined, workdir) },
    steps: steps.map((step, index) => stepOf(step, read(stepSchema, step), idOf(steps[index - 1]), stepFacts)),
    onFailure: ((written['on-failure'] ?? []) as readonly Raw[]).map(step =>
      stepOf(step, read(failureStepSchema, step), undefined, stepFacts),
    ),
  };
}

interface StepFacts {
  readonly types: ReadonlyMap<string, StepType>;
  readonly retry: RetryPolicy;
}

function stepOf(
  raw: Raw,
  written: Omit<StepFile, 'needs'> & Pick<Partial<StepFile>, 'needs'>,
  before: string | undefined,
  facts: StepFacts,
): JobStep {
  const mapping = isMapping(raw) ? raw : {};
  const uses = usesOf(mapping) ?? '';
  const type = facts.types.get(uses);
  if (type === undefined) throw new MisuseError(`step ${written.id}: there is no kind of step ${uses}`);
  return {
    id: written.id,
    uses,
    type,
    with: settingsOf(mapping) ?? {},
    needs: [...new Set(written.needs ?? (before === undefined ? [] : [before]))],
    inSequence: written.needs === undefined,
    condition: conditionOf(written.if),
    ...(written.timeout === undefined ? {} : { timeoutMs: written.timeout }),
    continueOnError: written['continue-on-error'] ?? false,
    retry: retryOf(written.retry, facts.retry),
  };
}

function conditionOf(written: string | boolean | undefined): string {
  if (written === undefined) return 'success()';
  const text = String(written).trim();
  return (soleExpression(text) ?? text).trim();
}

function retryOf(written: RetryFile | undefined, preset: RetryPolicy): RetryPolicy {
  return {
    attempts: written?.attempts ?? preset.attempts,
    delayMs: written?.delay ?? preset.delayMs,
    factor: written?.factor ?? preset.factor,
    maxDelayMs: written?.['max-delay'] ?? preset.maxDelayMs,
    jitter: written?.jitter ?? preset.jitter,
    maxElapsedMs: written?.['max-elapsed'] ?? preset.maxElapsedMs,
  };
}

function scheduleOf(written: ScheduleFile): Schedule {
  const { cron, every, timezone, seconds, jitter, misfire } = written;
  const maxAge = written['max-age'];
  return {
    ...(cron === undefined ? {} : { cron }),
    ...(every === undefined ? {} : { everyMs: every }),
    ...(timezone === undefined ? {} : { timezone }),
    seconds: seconds ?? false,
    jitterMs: jitter ?? 0,
    misfire: misfire ?? 'one',
    ...(maxAge === undefined ? {} : { maxAgeMs: maxAge }),
  };
}

function idOf(step: Raw | undefined): string | undefined {
  return isMapping(step) && typeof step['id'] === 'string' ? step['id'] : undefined;
}

function read<T>(schema: Schema<T>, raw: Raw): T {
  const checked = check(schema, raw);
  if (!checked.ok) throw new MisuseError('a job file that was found to be right does not fit its definition');
  return checked.value;
}
