// Who sends letters of the outbox: this process, and how it sees that another one that was sending is gone.
import type { Clock } from '../../core/clock.ts';
import type { Sender } from '../../mail/outbox.ts';
import type { StepOutbox } from '../../steps/step.ts';
import type { Store } from '../../stores/store.ts';
import { isAlive } from '../process-life.ts';

/** Another machine's process cannot be asked: it counts as alive for longer than any one letter takes. */
const REMOTE_MS_MAX = 6 * 3_600_000;

export function stepOutbox(store: Store, host: string, clock: Clock): StepOutbox {
  return {
    letters: store.outbox,
    sender: () => ({ host, pid: process.pid, since: clock.now() }),
    isAlive: other => lives(other, host, clock.now()),
  };
}

function lives(other: Sender, host: string, now: number): boolean {
  return other.host === host ? isAlive(other.pid, other.since) : now - other.since < REMOTE_MS_MAX;
}
