// The step itself: as many sessions as the mailbox needs, in one archive. What is durable stays, wherever it ends.
import { resolve } from 'node:path';
import { type AccountArchive, type ArchiveFiles, nodeFiles, openAccount } from '../../archive/index.ts';
import { BrokenSessionError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import { addressOf, type Endpoint } from '../../protocols/net/endpoint.ts';
import { connectPop3 } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import { saveAttachments } from './attachments.ts';
import type { Pop3ArchiveConfig } from './config.ts';
import { explained, isRecentMode, mailboxUser, providerOf } from './providers.ts';
import { sealPastMonths } from './seal.ts';
import { archiveMailbox } from './session.ts';
import { type ArchiveOutputs, Tally } from './tally.ts';

/** Ledger, with the server's address: until when (epoch milliseconds) it is spoken to one command at a time. */
export const ONE_AT_A_TIME = 'one-at-a-time-until';
const ONE_AT_A_TIME_MS = 7 * 86_400_000;

/** Of a mailbox that is listed in parts. */
const SESSIONS_MAX = 200;

export async function run(
  config: Pop3ArchiveConfig,
  context: StepContext,
  files: ArchiveFiles = nodeFiles,
): Promise<ArchiveOutputs> {
  const endpoint = await context.connection(config.connection);
  const archive = await openAccount({
    root: resolve(context.workdir, config.archive),
    account: config.account ?? accountOf(endpoint),
    clock: context.clock,
    format: config.format,
    files,
  });
  let outputs: ArchiveOutputs;
  try {
    tellRecovery(archive, context);
    outputs = await inSessions(config, context, endpoint, archive);
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

/** One session; more where the server lists in parts; one more, carefully, when it got lost in our pipelining. */
async function inSessions(
  config: Pop3ArchiveConfig,
  context: StepContext,
  endpoint: Endpoint,
  archive: AccountArchive,
): Promise<ArchiveOutputs> {
  const server = new ServerMemory(context, endpoint);
  let tally = new Tally();
  let fetched = 0;
  for (let session = 1; ; session++) {
    try {
      const more = await inSession({
        config,
        context,
        endpoint,
        archive,
        tally,
        fetched,
        pipelining: await server.mayPipeline(),
      });
      fetched += more;
      const goesOn = providerOf(endpoint).listsInParts === true && !isRecentMode(endpoint) && session < SESSIONS_MAX;
      if (!goesOn || more === 0) return tally.outputs();
    } catch (error) {
      if (!(await server.gotLost(error))) throw error;
      context.note('warning', `${(error as Error).message}; once more from there, one command at a time`);
      const { deleted } = tally;
      tally = new Tally();
      tally.deleted = deleted;
    }
  }
}

interface SessionJob {
  readonly config: Pop3ArchiveConfig;
  readonly context: StepContext;
  readonly endpoint: Endpoint;
  readonly archive: AccountArchive;
  readonly tally: Tally;
  /** In earlier sessions of this run. */
  readonly fetched: number;
  readonly pipelining: boolean;
}

/** How many messages it brought. */
async function inSession(job: SessionJob): Promise<number> {
  const { endpoint, context, pipelining } = job;
  const { dial, clock, signal } = context;
  const provider = providerOf(endpoint);
  const client = await connectPop3(endpoint, { dial, clock, signal, pipelining }).catch((error: unknown) => {
    throw explained(error, provider);
  });
  try {
    return await archiveMailbox({ ...job, client, provider });
  } catch (error) {
    client.close(error as Error);
    throw pipelining && client.capabilities.pipelining ? doubted(error) : error;
  }
}

/** Errors of a session in which commands went ahead of replies, and that may come of that. */
const doubtful = new WeakSet<BrokenSessionError>();

function doubted(error: unknown): unknown {
  const suspicious = error instanceof BrokenSessionError && (error.code === 'protocol-broken' || error.code === 'timed-out');
  if (suspicious) doubtful.add(error);
  return error;
}

/** Some servers offer PIPELINING and lose commands: after a mismatch or silence, one command at a time for a while. */
class ServerMemory {
  readonly #context: StepContext;
  readonly #key: string;

  constructor(context: StepContext, endpoint: Endpoint) {
    this.#context = context;
    this.#key = `${ONE_AT_A_TIME} ${addressOf(endpoint)}`;
  }

  async mayPipeline(): Promise<boolean> {
    const until = await this.#context.ledger.get(this.#key);
    return typeof until !== 'number' || until <= this.#context.clock.now();
  }

  /** Remembers it when pipelining is to blame, and says so. */
  async gotLost(error: unknown): Promise<boolean> {
    if (!(error instanceof BrokenSessionError) || !doubtful.has(error)) return false;
    await this.#context.ledger.put(this.#key, this.#context.clock.now() + ONE_AT_A_TIME_MS);
    return true;
  }
}

function tellRecovery({ recovery }: AccountArchive, context: StepContext): void {
  if (recovery.mboxBytesCut === 0 && recovery.manifestLinesCut === 0) return;
  context.note(
    'info',
    `the last run broke off: ${formatSize(recovery.mboxBytesCut)} of messages it had not finished were cut off`,
  );
}
