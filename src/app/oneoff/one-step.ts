// Runs one step of a job's kind without a job file: the same plan, retries, progress and exit code, remembered nowhere.

import { DEFAULT_RETRY } from '../../core/backoff.ts';
import { AppError, type ErrorReport } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { check } from '../../core/schema.ts';
import { problemsOf } from '../../job/issue.ts';
import type { Job, Raw } from '../../job/job.ts';
import { planJob } from '../../plan/plan.ts';
import { createRenderer, type RendererIo, type RendererKind } from '../../progress/renderer.ts';
import { dial } from '../../protocols/net/dial.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import { runPlan } from '../../run/runner.ts';
import type { Ledger, Outputs, Preview, StepType } from '../../steps/step.ts';
import { exitCodeOfRun } from '../exit-codes.ts';
import { previewContext } from '../run/preview-context.ts';
import { newRunId } from '../run/run-id.ts';
import type { OneOff } from './oneoff.ts';

export interface OneStep {
  /** Shown beside the progress. */
  readonly id: string;
  readonly type: StepType;
  /** What a job would write under `with`. */
  readonly settings: Readonly<Record<string, Raw>>;
  readonly endpoint: Endpoint;
  /** Tries in all. */
  readonly attempts: number;
  readonly one: OneOff;
}

export interface OneStepResult {
  readonly exitCode: number;
  readonly outputs: Outputs;
  readonly error?: ErrorReport;
}

/** Throws AppError `usage` when a setting is wrong; afterwards everything is in the result. */
export async function runOneStep(step: OneStep, kind: RendererKind, io: RendererIo): Promise<OneStepResult> {
  checkSettings(step);
  const { one } = step;
  const { clock, signal, redactor, workspace } = one;
  const renderer = createRenderer(kind, io);
  try {
    const outcome = await runPlan(planJob(jobOf(step)), {
      ...{ clock, random: systemRandom, signal, runId: newRunId(clock, systemRandom), trigger: 'manual', host: workspace.host },
      ...{ listeners: [renderer], redactor, env: workspace.env, vars: {}, dial },
      resolveSecret: noSecret,
      connection: async () => step.endpoint,
      ledger: () => forgetfulLedger(),
      history: { recent: async () => [] },
    });
    const outputs = outcome.steps[0]?.outputs ?? {};
    const exitCode = exitCodeOfRun(outcome.status, outcome.error);
    return { exitCode, outputs, ...(outcome.error === undefined ? {} : { error: outcome.error }) };
  } finally {
    await renderer.close();
  }
}

/** What it would do; changes nothing. */
export async function previewOneStep(step: OneStep): Promise<Preview> {
  const config = checkSettings(step);
  const { clock, signal, workspace, say } = step.one;
  const context = previewContext({
    ...{ id: 'preview', host: workspace.host, signal, clock, workdir: workspace.cwd, env: workspace.env },
    ...{ job: jobOf(step), stepId: step.id, ledger: forgetfulLedger() },
    note: (level, message) => say(`${level}: ${message}`),
    connection: async () => step.endpoint,
    secret: noSecret,
  });
  return step.type.preview(config, context);
}

function jobOf({ id, type, settings, attempts, one }: OneStep): Job {
  const retry = { ...DEFAULT_RETRY, attempts };
  const uses = type.name;
  return {
    name: id,
    file: one.workspace.cwd,
    workdir: one.workspace.cwd,
    ...{ schedules: [], overlap: 'allow', maxCrashes: 0, vars: {}, connections: {}, onFailure: [] },
    steps: [
      {
        id,
        uses,
        type,
        with: settings,
        needs: [],
        condition: 'success()',
        continueOnError: false,
        retry,
      },
    ],
  };
}

function checkSettings({ type, settings }: OneStep): unknown {
  const checked = check(type.schema, settings);
  if (checked.ok) return checked.value;
  const [first] = problemsOf(type.schema, settings, []);
  const flag = `--${first?.path.filter(part => typeof part === 'string').join('-') ?? ''}`;
  throw new AppError('usage', flag === '--' ? (first?.message ?? 'cannot be used') : inFlagsWords(first?.message ?? '', flag), {
    hint: first?.hint ?? '--help lists what each flag takes.',
  });
}

/** Of a setting in a job file → of the flag that stands for it. */
function inFlagsWords(message: string, flag: string): string {
  const said = message.replace(/^(?:entry (\d+) of )?`[\w-]+`/, (_, entry?: string) =>
    entry === undefined ? flag : `value ${entry} of ${flag}`,
  );
  return said === message ? `${flag}: ${message}` : said;
}

async function noSecret(name: string): Promise<never> {
  throw new AppError('secret-missing', `the secret ${name} is not known here`);
}

function forgetfulLedger(): Ledger {
  const values = new Map<string, unknown>();
  return {
    forgetful: true,
    get: async key => values.get(key),
    put: async (key, value) => void values.set(key, value),
    delete: async key => void values.delete(key),
  };
}
