// Deletes on the server what is safely here: read back from the disk, marked, and gone only when QUIT is answered.
import type { AccountArchive, StoredMessage } from '../../archive/index.ts';
import { cancelled } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import type { Pop3Client } from '../../protocols/pop3/index.ts';
import type { StepContext } from '../step.ts';
import type { Message } from './decide.ts';
import { describeMessage } from './fetch.ts';
import type { Tally } from './tally.ts';

export interface DeleteJob {
  readonly client: Pop3Client;
  readonly archive: AccountArchive;
  readonly context: StepContext;
  readonly tally: Tally;
  readonly candidates: readonly { readonly message: Message; readonly stored: StoredMessage }[];
}

/** Ends the session with QUIT. Everything that was fetched must be committed before. */
export async function deleteAndQuit(job: DeleteJob): Promise<void> {
  const { client, archive, context, tally } = job;
  const { sound, damaged } = await readBack(job);
  if (sound.length === 0) await quitWithoutDeletes(client, context);
  else {
    const at = context.clock.now();
    for (const { uidl } of sound) if (uidl !== undefined) archive.remember({ uidl, state: 'deleting', at });
    await archive.commit();
    const refusals = await client.deleteMany(sound.map(({ number }) => number));
    for (const [number, refusal] of refusals) context.note('warning', `message ${number} was not deleted: ${refusal.message}`);
    await client.quit();
    const gone = sound.filter(({ number }) => !refusals.has(number));
    for (const { uidl } of gone) if (uidl !== undefined) archive.remember({ uidl, state: 'deleted', at: context.clock.now() });
    await archive.commit();
    tally.deleted += gone.length;
  }
  if (damaged.length > 0) throw copyDamaged(archive, damaged);
}

/** A deletion that was asked for in an earlier session and never answered: a UID that is not listed any more is gone. */
export function confirmGone(archive: AccountArchive, uids: ReadonlyMap<number, string> | undefined, now: number): number {
  if (uids === undefined || archive.state.deleting.size === 0) return 0;
  const listed = new Set(uids.values());
  const gone = [...archive.state.deleting].filter(uidl => !listed.has(uidl));
  for (const uidl of gone) archive.remember({ uidl, state: 'deleted', at: now });
  return gone.length;
}

async function readBack({ archive, context, candidates }: DeleteJob): Promise<{ sound: Message[]; damaged: StoredMessage[] }> {
  const sound: Message[] = [];
  const damaged: StoredMessage[] = [];
  for (const { message, stored } of candidates) {
    if (context.signal.aborted) throw cancelled(context.signal);
    if (await archive.verify(stored)) sound.push(message);
    else {
      damaged.push(stored);
      context.note('error', `${describeMessage(message)} stays on the server: its copy in the archive does not match its hash`);
    }
  }
  return { sound, damaged };
}

/** Nothing was marked, so nothing depends on the answer. */
async function quitWithoutDeletes(client: Pop3Client, context: StepContext): Promise<void> {
  try {
    await client.quit();
  } catch (error) {
    if (context.signal.aborted) throw cancelled(context.signal);
    context.note('info', `the server did not answer QUIT in order: ${(error as Error).message}`);
  }
}

function copyDamaged(archive: AccountArchive, damaged: readonly StoredMessage[]): AppError {
  const [first] = damaged;
  return new AppError(
    'archive-damaged',
    `${archive.folder}: ${damaged.length} archived messages do not match their hash, the first in ${first?.month}.mbox at ${first?.offset}`,
    { hint: 'Restore the month’s .mbox from a backup; the messages are still on the server.' },
  );
}
