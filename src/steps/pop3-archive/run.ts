// The step itself: sign in, list, decide, fetch, commit, delete, QUIT. What is durable stays, wherever it ends.
import { resolve } from 'node:path';
import { type AccountArchive, type ArchiveFiles, nodeFiles, openAccount } from '../../archive/index.ts';
import { BrokenSessionError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import { connectPop3, type Pop3Client } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Pop3ArchiveConfig } from './config.ts';
import { type Decisions, decide, isDue } from './decide.ts';
import { confirmGone, deleteAndQuit } from './delete.ts';
import { fetchMessages } from './fetch.ts';
import { sealPastMonths } from './seal.ts';
import { type ArchiveOutputs, Tally } from './tally.ts';

/** Where max-size sets no other bound: a server that never ends a message must not fill the disk. */
const MESSAGE_BYTES_MAX = 4 * 1024 ** 3;

/** Ledger: until when (epoch milliseconds) this server is spoken to one command at a time. */
export const ONE_AT_A_TIME = 'one-at-a-time-until';
const ONE_AT_A_TIME_MS = 7 * 86_400_000;

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
    files,
  });
  let outputs: ArchiveOutputs;
  try {
    tellRecovery(archive, context);
    outputs = await inSession(config, context, endpoint, archive);
    if (config.seal) await sealPastMonths(archive, context);
  } catch (error) {
    await archive.close().catch(() => undefined);
    throw error;
  }
  await archive.close();
  return outputs;
}

export function accountOf(endpoint: Endpoint): string {
  return `${endpoint.user ?? ''}@${endpoint.host}`;
}

async function inSession(
  config: Pop3ArchiveConfig,
  context: StepContext,
  endpoint: Endpoint,
  archive: AccountArchive,
): Promise<ArchiveOutputs> {
  const { dial, clock, signal } = context;
  const client = await connectPop3(endpoint, { dial, clock, signal, pipelining: await mayPipeline(context) });
  try {
    warnOfExpiry(client, config, context);
    return await archiveMailbox(config, context, client, archive);
  } catch (error) {
    client.close(error as Error);
    await doubtPipelining(error, client, context);
    throw error;
  }
}

async function archiveMailbox(
  config: Pop3ArchiveConfig,
  context: StepContext,
  client: Pop3Client,
  archive: AccountArchive,
): Promise<ArchiveOutputs> {
  const listing = await client.listing();
  const now = context.clock.now();
  const decisions = decide(listing, archive, config, now);
  const tally = new Tally(decisions.listed);
  tally.deleted += confirmGone(archive, listing.uids, now);
  countUnfetched(decisions, tally, context, archive);
  warnOfReturned(decisions, context, archive);
  const bytesMax = config['max-size'] ?? MESSAGE_BYTES_MAX;
  const fetched = await fetchMessages({ client, archive, context, messages: decisions.fetch, tally, bytesMax });
  await archive.commit();
  if (fetched.lossy) {
    context.note(
      'warning',
      'the session ends without QUIT, because a retrieved message was not kept; deletions wait for the next run',
    );
    client.close();
    return tally.outputs();
  }
  const due = fetched.stored.filter(({ message, stored }) =>
    isDue(config.delete, archive.firstSeen(message.uidl, stored), context.clock.now()),
  );
  await deleteAndQuit({ client, archive, context, tally, candidates: [...decisions.due, ...due] });
  return tally.outputs();
}

/** What an earlier attempt of this very run archived still counts as archived. */
function countUnfetched(decisions: Decisions, tally: Tally, context: StepContext, archive: AccountArchive): void {
  for (const { message, stored } of decisions.known) {
    const duplicate = message.uidl !== undefined && archive.index.byUidl(message.uidl) === undefined;
    const ours = !duplicate && stored.fetchedAt >= context.run.startedAt;
    tally.set(message.number, ours ? 'archived' : 'skipped');
    if (ours) tally.bytes += stored.size;
  }
  for (const { number } of decisions.tooLarge) tally.set(number, 'skipped');
  for (const { number } of decisions.later) tally.set(number, 'pending');
  for (const { message, failures } of decisions.quarantined) {
    tally.set(message.number, 'quarantined');
    context.note(
      'warning',
      `message ${message.number} was not tried again yet; it failed ${failures.count} times: ${failures.reason}`,
    );
  }
}

function tellRecovery({ recovery }: AccountArchive, context: StepContext): void {
  if (recovery.mboxBytesCut === 0 && recovery.manifestLinesCut === 0) return;
  context.note(
    'info',
    `the last run broke off: ${formatSize(recovery.mboxBytesCut)} of messages it had not finished were cut off`,
  );
}

function warnOfReturned({ fetch }: Decisions, context: StepContext, archive: AccountArchive): void {
  const count = fetch.filter(({ uidl }) => uidl !== undefined && archive.state.gone.has(uidl)).length;
  if (count === 0) return;
  context.note(
    'warning',
    `${count} deleted messages are listed again; they are fetched and compared, as the server may reuse its UIDs`,
  );
}

/** RFC 2449 section 6.7: with EXPIRE 0 the server may delete what was retrieved as soon as the session ends. */
function warnOfExpiry({ capabilities }: Pop3Client, config: Pop3ArchiveConfig, context: StepContext): void {
  if (capabilities.expireDays !== 0 || config.delete.when !== 'never') return;
  context.note('warning', 'this server may delete retrieved messages by itself (EXPIRE 0), although `delete: never` is set');
}

async function mayPipeline(context: StepContext): Promise<boolean> {
  const until = await context.ledger.get(ONE_AT_A_TIME);
  return typeof until !== 'number' || until <= context.clock.now();
}

/** Some servers offer PIPELINING and lose commands: after a mismatch or silence, one command at a time for a while. */
async function doubtPipelining(error: unknown, client: Pop3Client, context: StepContext): Promise<void> {
  const suspicious = error instanceof BrokenSessionError && (error.code === 'protocol-broken' || error.code === 'timed-out');
  if (suspicious && client.capabilities.pipelining)
    await context.ledger.put(ONE_AT_A_TIME, context.clock.now() + ONE_AT_A_TIME_MS);
}
