// The contract between the runner and what a job can do. A step type touches the world only through its context.
import type { Clock } from '../core/clock.ts';
import type { ErrorReport } from '../core/errors.ts';
import type { Random } from '../core/random.ts';
import type { Schema } from '../core/schema.ts';
import type { Secret } from '../core/secret.ts';
import type { Outbox, Sender } from '../mail/outbox.ts';
import type { Dial } from '../protocols/net/dial.ts';
import type { Endpoint, Protocol } from '../protocols/net/endpoint.ts';
import type { SmtpClient } from '../protocols/smtp/index.ts';

/** JSON-safe results of a step, read by `steps.<id>.outputs.<name>`. */
export type Outputs = Readonly<Record<string, string | number | boolean | null>>;

export interface StepType<Config = unknown, Result extends Outputs = Outputs> {
  /** What a job writes in `uses`. */
  readonly name: string;
  /** One sentence for docs and schema. */
  readonly summary: string;
  /** What a job writes in `with`. */
  readonly schema: Schema<Config>;
  /** The kind of server that `with.connection` must name; absent when the step needs none. */
  readonly connection?: Protocol;
  /** Keys of `with` whose text is run as code: results of other steps are put into them only when they cannot be taken for any. */
  readonly code?: readonly string[];
  /** False when a second try could do something twice (shell without `repeatable`). */
  repeatable(config: Config): boolean;
  /** One line for `plan` and for progress: what this step does, with its main settings. */
  describe(config: Config): string;
  /** What run() would do now, changing nothing anywhere. */
  preview(config: Config, context: StepContext): Promise<Preview>;
  /** Does it. Throws AppError; resolves with the outputs. */
  run(config: Config, context: StepContext): Promise<Result>;
}

/** What a step would do: rows for people and `--json` alike. */
export interface Preview {
  /** `12 files to upload (3.4 MB), 2 to delete, 180 unchanged`. */
  readonly summary: string;
  readonly actions: readonly PreviewAction[];
}

export interface PreviewAction {
  /** upload, download, delete, mkdir, fetch, send, run, check, … */
  readonly action: string;
  /** Path, message, address, … */
  readonly target: string;
  /** Why: `new`, `newer`, `different size`, `extraneous`, … */
  readonly reason?: string;
  readonly bytes?: number;
}

export interface StepContext {
  /** Aborts when the step is cancelled or out of time; everything that waits must listen to it. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  /** Progress is lossy and cheap: call it as often as bytes move. */
  readonly progress: (progress: Telling) => void;
  readonly note: (level: NoteLevel, message: string) => void;
  /** A connection of the job by name, its secrets resolved. Throws AppError `secret-missing`, `connection-unknown`. */
  readonly connection: (name: string) => Promise<Endpoint>;
  readonly dial: Dial;
  /** A secret by name. Throws AppError `secret-missing`. Its value is masked in this step's events from then on. */
  readonly secret: (name: string) => Promise<Secret>;
  /** Absolute; relative paths of the configuration start here. */
  readonly workdir: string;
  /** The environment that postrider was started with; a step hands on only what it must. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly job: JobFacts;
  readonly run: RunFacts;
  /** Which of the job's steps this is; without it a step may look for the running one of its own type in steps(). */
  readonly stepId?: string;
  /** What has happened in this run so far, in the order of the job file. */
  readonly steps: () => readonly StepFacts[];
  readonly history: History;
  /** This step's own memory between runs; survives the process. */
  readonly ledger: Ledger;
  /** Where mails wait until they are delivered; without it a mail is sent at once or not at all, and nothing is remembered. */
  readonly outbox?: StepOutbox;
  /** Sessions of earlier mail steps of this run; without it every step opens its own. */
  readonly mailSessions?: MailSessions;
  /** Masks every secret of this run in a text that is about to be kept. */
  readonly redact?: (text: string) => string;
}

/** The outbox, and how to tell whether another process that is sending a letter still runs. */
export interface StepOutbox {
  readonly letters: Outbox;
  readonly sender: () => Sender;
  readonly isAlive: (other: Sender) => boolean;
  /** What is remembered of a server, `host:port`. */
  readonly servers: (address: string) => Ledger;
}

/** Idle sessions of one run, one for a connection. */
export interface MailSessions {
  /** Nobody else has it from then on; its server may have closed it meanwhile. */
  take(connection: string): SmtpClient | undefined;
  /** For another step; it is closed in order when none comes soon. */
  keep(connection: string, client: SmtpClient): void;
}

/** A number that grows: bytes moved and things done, towards a total when it is known. */
export interface StepProgress {
  readonly done: number;
  readonly total?: number;
  readonly unit: 'files' | 'messages' | 'recipients' | 'bytes' | 'lines';
  /** Payload moved so far. */
  readonly bytes?: number;
  readonly totalBytes?: number;
  /** What is being worked on now. */
  readonly item?: string;
}

/** How far a step is, or who says so when it is really told: a step may move on by thousands a second. */
export type Telling = StepProgress | (() => StepProgress);

export type NoteLevel = 'info' | 'warning' | 'error';

export interface JobFacts {
  readonly name: string;
  readonly description?: string;
  /** Absolute path of the job file. */
  readonly file: string;
}

export interface RunFacts {
  readonly id: string;
  /** Epoch milliseconds. */
  readonly startedAt: number;
  readonly host: string;
  /** Why it was begun: `run`, a slot, or `retry`. */
  readonly trigger: 'manual' | 'schedule' | 'retry';
}

export type StepStatus = 'pending' | 'running' | 'succeeded' | 'failed' | 'skipped' | 'cancelled' | 'timed-out';

/** One step of a run, as reports and expressions see it. */
export interface StepFacts {
  readonly id: string;
  readonly uses: string;
  readonly status: StepStatus;
  readonly attempts: number;
  readonly durationMs: number;
  readonly outputs: Outputs;
  readonly error?: ErrorReport;
  /** `continue-on-error: true` and it failed. */
  readonly tolerated: boolean;
  /** The newest lines last; bounded. */
  readonly notes: readonly { readonly level: NoteLevel; readonly message: string }[];
}

export interface PastRun {
  readonly id: string;
  readonly startedAt: number;
  readonly durationMs: number;
  readonly status: string;
}

export interface History {
  /** Finished runs of this job, newest first, this run excluded. */
  recent(count: number): Promise<readonly PastRun[]>;
  /** Finished runs of every job that started since (epoch milliseconds), newest first, this run excluded. */
  since?(epochMs: number): Promise<readonly JobRun[]>;
  stepsOf?(run: string): Promise<readonly PastStep[]>;
  /** What this run has said so far, in order; without secrets. */
  log?(): Promise<readonly LogLine[]>;
}

export interface JobRun extends PastRun {
  readonly job: string;
  /** What the first failed step said. */
  readonly error?: string;
}

export interface PastStep {
  readonly id: string;
  readonly status: StepStatus;
  readonly durationMs: number;
}

export interface LogLine {
  readonly at: number;
  readonly step: string;
  readonly level: NoteLevel;
  readonly message: string;
}

/** Small JSON values by key, private to (job, step). put() is durable when it resolves. */
export interface Ledger {
  /** It is empty again in the next run. */
  readonly forgetful?: true;
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
  delete(key: string): Promise<void>;
}
