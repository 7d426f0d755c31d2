// One session with the mailbox: list, decide, fetch, commit, delete, QUIT.
import type { AccountArchive } from '../../archive/index.ts';
import { assert } from '../../core/assert.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Pop3ArchiveConfig } from './config.ts';
import { type Decisions, decide, isDue, wantedAhead } from './decide.ts';
import { confirmGone, Deleting } from './delete.ts';
import { type FetchResult, fetchMessages } from './fetch.ts';
import type { Fetched } from './groups.ts';
import { Lifecycle } from './lifecycle.ts';
import type { Messages } from './messages.ts';
import { recordOversized } from './oversized.ts';
import { isQuota, type Provider } from './providers.ts';
import type { Tally } from './tally.ts';

/** Where max-size sets no other bound: a server that never ends a message must not fill the disk. */
const MESSAGE_BYTES_MAX = 4 * 1024 ** 3;

export interface MailboxJob {
  readonly config: Pop3ArchiveConfig;
  readonly context: StepContext;
  readonly archive: AccountArchive;
  readonly client: Pop3Client;
  readonly provider: Provider;
  readonly tally: Tally;
  /** In earlier sessions of this run: they count for the limit. */
  readonly fetched: number;
  readonly groupMessagesMax: number | undefined;
}

/** Ends the session. How many messages it brought. */
export async function archiveMailbox(job: MailboxJob): Promise<number> {
  const { config, context, archive, client, tally } = job;
  const lifecycle = new Lifecycle();
  const deleting = new Deleting({ archive, context, lifecycle });
  const limit = Math.max(0, (config.limit ?? Number.POSITIVE_INFINITY) - job.fetched);
  const listing = await client.listing(wantedAhead(archive, config, limit));
  const now = context.clock.now();
  const decisions = decide(listing, archive, config, { now, limit });
  tally.list(decisions.listed);
  tally.deleted += confirmGone(archive, listing.uids, now);
  countUnfetched(decisions, job);
  warn(decisions, job);
  for (const number of decisions.due.numbers) lifecycle.advance(number, 'durable');
  deleting.add(archived(decisions.due, archive));
  const result = await fetchMessages({
    ...job,
    messages: decisions.fetch,
    lifecycle,
    deleting,
    isDue: fetched => isDueNow(fetched, job),
    bytesMax: config['max-size'] ?? MESSAGE_BYTES_MAX,
    isQuota: refusal => isQuota(job.provider, refusal),
  });
  await recordOversized(client, decisions.tooLarge, archive, context);
  await leave(job, deleting, result);
  return result.fetched;
}

async function leave({ archive, client, context, tally }: MailboxJob, deleting: Deleting, { lossy }: FetchResult): Promise<void> {
  await archive.commit();
  if (!lossy) {
    tally.deleted += await deleting.finish(client);
    return;
  }
  context.note(
    'warning',
    'the session ends without QUIT, because a retrieved message was not kept; deletions wait for the next run',
  );
  await deleting.abandon();
  client.close();
}

function isDueNow({ message, stored }: Fetched, { config, context, archive }: MailboxJob): boolean {
  return isDue(config.delete, archive.firstSeen(message.uidl, stored), context.clock.now());
}

/** What an earlier attempt of this very run archived still counts as archived. */
function countUnfetched(decisions: Decisions, { tally, context, archive }: MailboxJob): void {
  for (const { message, stored } of archived(decisions.known, archive)) {
    if (tally.isSettled(message)) continue;
    const duplicate = message.uidl !== undefined && archive.index.byUidl(message.uidl) === undefined;
    const ours = !duplicate && stored.fetchedAt >= context.run.startedAt;
    tally.set(message, ours ? 'archived' : 'skipped');
    if (ours) tally.bytes += stored.size;
  }
  for (const message of decisions.tooLarge) if (!tally.isSettled(message)) tally.set(message, 'skipped');
  for (const message of decisions.later) tally.set(message, 'pending');
  for (const { message, failures } of decisions.quarantined) {
    if (tally.isSettled(message)) continue;
    tally.set(message, 'quarantined');
    context.note(
      'warning',
      `message ${message.number} was not tried again yet; it failed ${failures.count} times: ${failures.reason}`,
    );
  }
}

/** Known messages with where they lie. */
function* archived(messages: Messages, archive: AccountArchive): Generator<Fetched> {
  for (const message of messages) {
    const stored = archive.byUidl(message.uidl ?? '');
    assert(stored !== undefined, 'a known message is archived');
    yield { message, stored };
  }
}

function warn({ fetch, renumbered }: Decisions, { archive, client, config, context, provider }: MailboxJob): void {
  const { capabilities } = client;
  const returned = archive.state.gone.size === 0 ? 0 : [...fetch].filter(({ uidl }) => archive.state.gone.has(uidl ?? '')).length;
  if (returned > 0) {
    context.note(
      'warning',
      `${returned} deleted messages are listed again; they are fetched and compared, as the server may reuse its UIDs`,
    );
  }
  if (renumbered) {
    context.note(
      'warning',
      `the server seems to have given its messages new UIDs: ${fetch.length} are fetched and compared, and none is archived twice`,
    );
  }
  if (config.delete.when !== 'never' && provider.deletion !== undefined) context.note('info', provider.deletion);
  // RFC 2449 section 6.7: the server may delete what was retrieved as soon as the session ends.
  if (capabilities.expireDays === 0 && config.delete.when === 'never') {
    context.note('warning', 'this server may delete retrieved messages by itself (EXPIRE 0), although `delete: never` is set');
  }
}
