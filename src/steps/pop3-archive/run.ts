// The step itself: as many sessions as the mailbox needs, in one archive. What is durable stays, wherever it ends.
import { resolve } from 'node:path';
import { type AccountArchive, type ArchiveFiles, nodeFiles, openAccount } from '../../archive/index.ts';
import { formatSize } from '../../core/units.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import type { Window } from '../../protocols/pop3/index.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import type { StepContext } from '../step.ts';
import { saveAttachments } from './attachments.ts';
import type { Pop3ArchiveConfig } from './config.ts';
import { isRecentMode, mailboxUser } from './providers.ts';
import { sealPastMonths } from './seal.ts';
import { Server } from './server.ts';
import { archiveMailbox } from './session.ts';
import { type ArchiveOutputs, Tally } from './tally.ts';

/** Of a mailbox that is listed in parts. */
const SESSIONS_MAX = 200;

export interface RunOptions {
  readonly files?: ArchiveFiles;
  readonly groupMessagesMax?: number;
  readonly window?: Partial<Window>;
  readonly transcript?: Transcript | undefined;
}

export async function run(config: Pop3ArchiveConfig, context: StepContext, options: RunOptions = {}): Promise<ArchiveOutputs> {
  const endpoint = await context.connection(config.connection);
  const server = new Server(context, endpoint, options);
  const archive = await openAccount({
    root: resolve(context.workdir, config.archive),
    account: config.account ?? accountOf(endpoint),
    clock: context.clock,
    format: config.format,
    files: options.files ?? nodeFiles,
    // Signs in while the archive is looked through.
    locked: () => server.connectAhead(),
  }).catch((error: unknown) => server.leave(error));
  let outputs: ArchiveOutputs;
  try {
    tellRecovery(archive, context);
    outputs = await inSessions({ config, context, endpoint, archive, server, groupMessagesMax: options.groupMessagesMax });
    await saveAttachments(config, archive, context);
    if (config.seal) await sealPastMonths(archive, context);
  } catch (error) {
    await archive.close().catch(() => undefined);
    throw error;
  }
  await archive.close();
  return outputs;
}

export function accountOf(endpoint: Endpoint): string {
  return `${mailboxUser(endpoint)}@${endpoint.host}`;
}

interface Job {
  readonly config: Pop3ArchiveConfig;
  readonly context: StepContext;
  readonly endpoint: Endpoint;
  readonly archive: AccountArchive;
  readonly server: Server;
  readonly groupMessagesMax: number | undefined;
}

/** One session; more where the server lists in parts; one more, carefully, when it got lost in our pipelining. */
async function inSessions(job: Job): Promise<ArchiveOutputs> {
  const { endpoint, server, context } = job;
  const inParts = server.provider.listsInParts === true && !isRecentMode(endpoint);
  let tally = new Tally();
  let fetched = 0;
  for (let session = 1; ; session++) {
    try {
      const more = await inSession(job, tally, fetched);
      fetched += more;
      const full = fetched >= (job.config.limit ?? Number.POSITIVE_INFINITY);
      if (!inParts || more === 0 || full || session >= SESSIONS_MAX) return tally.outputs();
    } catch (error) {
      if (!(await server.gotLost(error))) throw error;
      context.note('warning', `${(error as Error).message}; once more from there, one command at a time`);
      const { deleted } = tally;
      tally = new Tally();
      tally.deleted = deleted;
    }
  }
}

/** How many messages it brought. */
async function inSession(job: Job, tally: Tally, fetched: number): Promise<number> {
  const client = await job.server.connect();
  try {
    return await archiveMailbox({ ...job, client, provider: job.server.provider, tally, fetched });
  } catch (error) {
    client.close(error as Error);
    throw error;
  }
}

function tellRecovery({ recovery }: AccountArchive, context: StepContext): void {
  if (recovery.mboxBytesCut === 0 && recovery.manifestLinesCut === 0) return;
  context.note(
    'info',
    `the last run broke off: ${formatSize(recovery.mboxBytesCut)} of messages it had not finished were cut off`,
  );
}
