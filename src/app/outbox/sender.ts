// Who sends letters of the outbox: this process, and how it sees that another one that was sending is gone.
import type { Clock } from '../../core/clock.ts';
import type { Redactor } from '../../core/secret.ts';
import type { DeliveryChange, Outbox, Sender } from '../../mail/outbox.ts';
import type { Ledger, StepOutbox } from '../../steps/step.ts';
import type { Store } from '../../stores/store.ts';
import { isAlive } from '../process-life.ts';

/** Shared by all jobs: no job can have that name. */
export function serverMemory(store: Store, address: string): Ledger {
  return store.ledger('@smtp', address);
}

/** Another machine's process cannot be asked: it counts as alive for longer than any one letter takes. */
const REMOTE_MS_MAX = 6 * 3_600_000;

export function stepOutbox(store: Store, host: string, clock: Clock, redactor: Redactor): StepOutbox {
  return {
    letters: ofThisProcess(masked(store.outbox, redactor)),
    sender: () => ({ host, pid: process.pid, since: clock.now() }),
    isAlive: other => lives(other, host, clock.now()),
    servers: address => serverMemory(store, address),
  };
}

/** Letters that this process has claimed. */
const inHand = new Set<string>();

/** A sender with the number of this process may be an earlier one: a container gives its first process the same number each time. */
function ofThisProcess(outbox: Outbox): Outbox {
  return {
    ...outbox,
    async claim(id, sender, alive) {
      if (inHand.has(id)) return undefined;
      inHand.add(id);
      const isOther = ({ host, pid }: Sender) => host !== sender.host || pid !== sender.pid;
      const letter = await outbox
        .claim(id, sender, other => isOther(other) && alive(other))
        .catch(error => {
          inHand.delete(id);
          throw error;
        });
      if (letter === undefined) inHand.delete(id);
      return letter;
    },
    async release(id) {
      inHand.delete(id);
      await outbox.release(id);
    },
  };
}

/** A server may say a secret again in its reply, and what it said is kept. */
function masked(outbox: Outbox, redactor: Redactor): Outbox {
  return {
    add: (head, message) => outbox.add(head, message),
    find: key => outbox.find(key),
    letter: id => outbox.letter(id),
    letters: query => outbox.letters(query),
    due: (now, limit) => outbox.due(now, limit),
    nextDue: () => outbox.nextDue(),
    message: id => outbox.message(id),
    claim: (id, sender, alive) => outbox.claim(id, sender, alive),
    release: id => outbox.release(id),
    dataSent: (id, recipients) => outbox.dataSent(id, recipients),
    settle: (id, changes) =>
      outbox.settle(
        id,
        changes.map(change => maskedChange(change, redactor)),
      ),
    requeue: (id, now) => outbox.requeue(id, now),
    drop: id => outbox.drop(id),
  };
}

function maskedChange(change: DeliveryChange, redactor: Redactor): DeliveryChange {
  return change.reply === undefined ? change : { ...change, reply: redactor.redact(change.reply) };
}

function lives(other: Sender, host: string, now: number): boolean {
  return other.host === host ? isAlive(other.pid, other.since) : now - other.since < REMOTE_MS_MAX;
}
