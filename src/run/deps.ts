// Everything a run is handed from outside; app fills it in, tests script it.
import type { Clock } from '../core/clock.ts';
import type { ErrorReport } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Redactor, Secret } from '../core/secret.ts';
import type { JobStep, Raw } from '../job/job.ts';
import type { Dial } from '../protocols/net/dial.ts';
import type { Endpoint } from '../protocols/net/endpoint.ts';
import type { History, Ledger, MailSessions, RunFacts, StepContext, StepFacts, StepOutbox } from '../steps/step.ts';
import type { RunListener, RunStatus } from './events.ts';
import type { Resume } from './resume.ts';

export interface RunDeps {
  readonly clock: Clock;
  readonly random: Random;
  /** Aborts when a person ends the run (Ctrl-C, `postrider cancel`): every step stops at once, and none starts. */
  readonly signal: AbortSignal;
  readonly runId: string;
  readonly trigger: RunFacts['trigger'];
  readonly host: string;
  readonly listeners: readonly RunListener[];
  readonly redactor: Redactor;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The job's vars, `--set` already applied. */
  readonly vars: Readonly<Record<string, Raw>>;
  /** Throws AppError `secret-missing`. */
  readonly resolveSecret: (name: string) => Promise<Secret>;
  /** Throws AppError `secret-missing`, `connection-unknown`; `note` takes warnings (sign-in over clear text). */
  readonly connection: (name: string, note: StepContext['note']) => Promise<Endpoint>;
  readonly dial: Dial;
  readonly ledger: (stepId: string) => Ledger;
  readonly history: History;
  /** Absent: mails are sent at once or not at all. */
  readonly outbox?: StepOutbox;
  /** Absent: every mail step opens a session of its own. */
  readonly mailSessions?: MailSessions;
  /** The run goes on where it was left. */
  readonly resume?: Resume;
  /** Places to work in, shared with other runs; an attempt waits for one, and gives it back before it waits for a retry. */
  readonly takePlace?: (step: JobStep, signal: AbortSignal) => Promise<(() => void) | undefined>;
}

export interface RunOutcome {
  readonly status: RunStatus;
  /** In the order of the job file, then the on-failure steps that ran; without secrets. */
  readonly steps: readonly StepFacts[];
  readonly durationMs: number;
  /** Of the first step that failed. */
  readonly error?: ErrorReport;
  /** Listeners that threw and heard no more: what they recorded ends early. */
  readonly dropped: readonly { readonly listener: string; readonly error: ErrorReport }[];
}
