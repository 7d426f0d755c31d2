// What a scheduler tells the monitor of a job outside of its runs: a slot that was missed, a run that takes too long.

import { systemClock } from '../../core/clock.ts';
import { reportOf } from '../../core/errors.ts';
import { Redactor } from '../../core/secret.ts';
import type { Job } from '../../job/job.ts';
import type { Say } from '../../schedule/report.ts';
import type { Alert } from '../../schedule/silence.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { pinger } from '../run/ping.ts';
import { tokensOf } from '../secrets/accounts.ts';
import { secretsOf } from '../secrets/secrets.ts';
import type { Workspace } from '../workspace.ts';

export interface AlertOptions {
  readonly workspace: Workspace;
  readonly say: Say;
  readonly today: (job: string) => Job | undefined;
}

export function alertMonitor({ workspace, say, today }: AlertOptions): Alert {
  // After a long absence a job has missed many slots; the monitor hears of them together.
  const going = new Set<string>();
  return (name, message, run = '') => {
    const job = today(name);
    if (job?.ping === undefined || going.has(name)) return;
    going.add(name);
    const note = (text: string) => say({ level: 'warning', event: 'ping', job: name, message: text });
    tell(job, message, run, note, workspace)
      .catch((error: unknown) => note(`ping: ${reportOf(error).message}`))
      .finally(() => going.delete(name));
  };
}

async function tell(job: Job, text: string, runId: string, say: (line: string) => void, place: Workspace): Promise<void> {
  const redactor = new Redactor();
  const { resolve } = secretsOf(place);
  const env = publicEnvironment(place.env);
  const ping = await pinger({
    ...{ job, clock: systemClock, redactor, env, runId, say, vars: job.vars, resolveSecret: resolve },
    tokensOf: account => tokensOf(account, place, redactor),
  });
  await ping?.('/fail', redactor.redact(text));
}
