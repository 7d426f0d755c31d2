// Tells a dead-man's switch how a run goes, as healthchecks.io wants it: URL/start, then URL or URL/fail, with the run's id.
import type { Clock } from '../../core/clock.ts';
import type { Redactor } from '../../core/secret.ts';
import { formatDuration } from '../../core/units.ts';
import { interpolate, secretsIn } from '../../job/expressions.ts';
import type { Job } from '../../job/job.ts';
import type { RunListener } from '../../run/events.ts';
import { type EndpointDependencies, expressionContextOf } from '../endpoints.ts';

/** A monitor that does not answer must not hold up the run. */
export const PING_MS_MAX = 10_000;

export interface PingOptions extends Omit<EndpointDependencies, 'job'> {
  readonly job: Job;
  readonly clock: Clock;
  readonly redactor: Redactor;
  /** Says what went wrong; a ping that fails never fails the run. */
  readonly say: (line: string) => void;
}

/** Tells the monitor one thing; a path of '' is success. Never rejects. */
export type Ping = (path: '' | '/start' | '/fail', text?: string) => Promise<void>;

/** Undefined when the job has no `ping`. Throws AppError `secret-missing`. */
export async function pinger(options: PingOptions): Promise<Ping | undefined> {
  const { job, runId, say, clock } = options;
  if (job.ping === undefined) return undefined;
  const url = String(interpolate(job.ping, await expressionContextOf(secretsIn(job.ping), options)));
  return async (path, body = '') => {
    const enough = new AbortController();
    const timer = clock.after(PING_MS_MAX, () => enough.abort(new Error(`no answer within ${formatDuration(PING_MS_MAX)}`)));
    try {
      const target = new URL(url);
      target.pathname = target.pathname.replace(/\/$/, '') + path;
      if (runId !== '') target.searchParams.set('rid', ridOf(runId));
      const reply = await fetch(target, { method: 'POST', body, signal: enough.signal });
      // Not read: one without end would keep the program from its own.
      await reply.body?.cancel();
      if (!reply.ok) say(`ping${path}: the monitor answered ${reply.status}`);
    } catch (cause) {
      say(`ping${path}: ${options.redactor.redact(reasonOf(cause))}`);
    } finally {
      timer.cancel();
    }
  };
}

/** A listener for the run's beginning and end, or undefined when the job has no `ping`. Throws AppError `secret-missing`. */
export async function pingListener(options: PingOptions): Promise<RunListener | undefined> {
  const ping = await pinger(options);
  if (ping === undefined) return undefined;
  return {
    name: 'ping',
    async on(event) {
      if (event.type === 'run-started') await ping('/start');
      if (event.type !== 'run-finished') return;
      const { status, error } = event;
      await (status === 'succeeded' ? ping('') : ping('/fail', error === undefined ? '' : `${error.code}: ${error.message}`));
    },
  };
}

/** healthchecks.io pairs start and end by a UUID; ours is made of the run's id. */
function ridOf(runId: string): string {
  const hex = Buffer.from(runId).toString('hex').padEnd(32, '0').slice(-32);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

function reasonOf(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause);
  return cause.cause instanceof Error ? `${cause.message} (${cause.cause.message})` : cause.message;
}
