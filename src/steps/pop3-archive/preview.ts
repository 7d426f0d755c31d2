// What a run would do: signs in and lists, retrieves and deletes nothing, writes nothing.
import { resolve } from 'node:path';
import { AccountState, accountFolder, firstSeen, loadIndex, nodeFiles } from '../../archive/index.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { connectPop3 } from '../../protocols/pop3/index.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import type { Preview, PreviewAction, StepContext } from '../step.ts';
import type { Pop3ArchiveConfig } from './config.ts';
import { type Decisions, decide, type Knowledge } from './decide.ts';
import { describeMessage, type Message } from './messages.ts';
import { accountOf } from './run.ts';

export async function preview(config: Pop3ArchiveConfig, context: StepContext, transcript?: Transcript): Promise<Preview> {
  const endpoint = await context.connection(config.connection);
  const folder = accountFolder(resolve(context.workdir, config.archive), config.account ?? accountOf(endpoint));
  const knowledge = await readKnowledge(folder);
  const { dial, clock, signal } = context;
  const client = await connectPop3(endpoint, { dial, clock, signal, transcript });
  try {
    const listing = await client.listing();
    await client.quit();
    return show(
      decide(listing, knowledge, config, { now: context.clock.now(), limit: config.limit ?? Number.POSITIVE_INFINITY }),
      config,
    );
  } finally {
    client.close();
  }
}

async function readKnowledge(folder: string): Promise<Knowledge> {
  const { index } = await loadIndex(nodeFiles, folder);
  const state = await AccountState.load(nodeFiles, folder);
  return {
    state,
    messages: () => index.messages(),
    firstSeen: (uidl, stored) => firstSeen(index, state, uidl, stored),
    byUidl: uidl => index.byUidl(uidl) ?? index.get(state.duplicates.get(uidl)?.sha256 ?? ''),
  };
}

function show(decisions: Decisions, config: Pop3ArchiveConfig): Preview {
  const { fetch, due, known, tooLarge, quarantined, later, renumbered } = decisions;
  const actions: PreviewAction[] = [];
  for (const message of fetch) actions.push(action('fetch', message, 'new'));
  for (const message of due) actions.push(action('delete', message, 'archived before'));
  if (config.delete.when === 'after-archive')
    for (const message of fetch) actions.push(action('delete', message, 'after archiving'));
  for (const message of tooLarge) actions.push(action('skip', message, 'larger than max-size'));
  for (const { message, failures } of quarantined) actions.push(action('skip', message, `failed before: ${failures.reason}`));
  let bytes = 0;
  for (const { size } of fetch) bytes += size;
  const deletes = actions.filter(({ action }) => action === 'delete').length;
  const parts = [
    `${formatCount(fetch.length, 'messages')} to fetch (${formatSize(bytes)})`,
    `${known.length} archived before`,
    ...(deletes > 0 ? [`${deletes} to delete on the server`] : []),
    ...(tooLarge.length > 0 ? [`${tooLarge.length} too large`] : []),
    ...(quarantined.length > 0 ? [`${quarantined.length} in quarantine`] : []),
    ...(renumbered ? ['the server seems to have given new UIDs'] : []),
    ...(later.length > 0 ? [`${later.length} left for later`] : []),
  ];
  return { summary: parts.join(', '), actions };
}

function action(name: string, message: Message, reason: string): PreviewAction {
  return { action: name, target: describeMessage(message), reason, bytes: message.size };
}
