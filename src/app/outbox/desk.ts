// The outbox for people: what waits, one letter in full, sending, resending and giving up by hand.
import { systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { isOpen, isWaiting, type Letter } from '../../mail/outbox.ts';
import type { Store } from '../../stores/store.ts';
import { withStore } from '../state.ts';
import type { Workspace } from '../workspace.ts';
import { flush } from './flush.ts';

/** What all recipients of a letter come to, in one word: what a person should look at wins. */
export type LetterState = 'indeterminate' | 'given-up' | 'waiting' | 'sending' | 'rejected' | 'partial' | 'accepted' | 'dropped';

export function stateOf({ held, deliveries }: Letter): LetterState {
  const has = (test: (delivery: Letter['deliveries'][number]) => boolean) => deliveries.some(test);
  if (has(({ status }) => status === 'indeterminate')) return 'indeterminate';
  if (has(({ status }) => status === 'data-sent')) return 'sending';
  if (!held && has(isOpen)) return 'dropped';
  if (has(({ nextAt }) => nextAt !== undefined)) return 'waiting';
  if (has(isWaiting)) return 'given-up';
  if (has(({ status }) => status === 'rejected')) return has(({ status }) => status === 'accepted') ? 'partial' : 'rejected';
  return 'accepted';
}

export interface DeskRequest {
  readonly workspace: Workspace;
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Newest first; only those that are open unless `all`. */
export function listLetters(place: Workspace, { all, limit }: { all: boolean; limit: number }): Promise<readonly Letter[]> {
  return withStore(place, store => store.outbox.letters({ open: !all, limit }));
}

/** `use` may read the frozen bytes. Throws AppError `letter-missing`. */
export function showLetter<T>(
  place: Workspace,
  id: string,
  use: (letter: Letter, message: AsyncIterable<Buffer>) => Promise<T>,
): Promise<T> {
  return withStore(place, async store => {
    const letter = await found(store, id);
    return use(letter, letter.held ? store.outbox.message(letter.id) : nothing());
  });
}

/** Sends what waits: one letter, all, or only what is due. Gives back the letters tried. */
export function flushLetters(request: DeskRequest, which: { id?: string | undefined; due: boolean }): Promise<readonly Letter[]> {
  const { workspace } = request;
  return withStore(workspace, async store => {
    const letters =
      which.id !== undefined
        ? [await found(store, which.id)]
        : which.due
          ? await store.outbox.due(systemClock.now(), FLUSHED_MAX)
          : await store.outbox.letters({ open: true, limit: FLUSHED_MAX });
    const waiting = letters.filter(({ deliveries }) => deliveries.some(one => isWaiting(one) || one.status === 'data-sent'));
    return flush(waiting, { ...request, store, clock: systemClock });
  });
}

/** Sends a letter again to all who have not accepted it, whatever is known. Throws AppError `letter-missing`, `letter-gone`. */
export function resendLetter(request: DeskRequest, id: string): Promise<Letter> {
  return withStore(request.workspace, async store => {
    const letter = await found(store, id);
    if (!letter.held) throw new AppError('letter-gone', `the letter ${letter.id} is no longer kept`, { hint: SENT_HINT });
    await store.outbox.requeue(letter.id, systemClock.now());
    const [after] = await flush([letter], { ...request, store, clock: systemClock });
    return after ?? letter;
  });
}

const SENT_HINT = 'It was accepted by all, or dropped; a new run writes a new one.';

/** Throws AppError `letter-missing`. */
export function dropLetter(place: Workspace, id: string): Promise<Letter> {
  return withStore(place, async store => {
    const letter = await found(store, id);
    await store.outbox.drop(letter.id);
    return letter;
  });
}

/** In one go. */
const FLUSHED_MAX = 1_000;

async function found(store: Store, id: string): Promise<Letter> {
  const letter = await store.outbox.letter(id);
  if (letter === undefined)
    throw new AppError('letter-missing', `there is no letter ${id} in the outbox`, {
      hint: 'List them with: postrider outbox list',
    });
  return letter;
}

async function* nothing(): AsyncGenerator<Buffer> {}
