// How fast a server may be spoken to: the rungs of one ladder, and what is remembered of a server that stumbled on one.
import type { Clock } from '../../core/clock.ts';
import type { Extensions } from './extensions.ts';

/**
 * lock-step: one command, one reply. group: an envelope in one write (RFC 2920). overlap: the end of a message with the next
 * envelope, one round trip a mail. chunks: whole mails in a window (RFC 3030), for servers only that were seen to throw away the
 * chunk of a refused mail, since others would read it as commands.
 */
export type Technique = 'lock-step' | 'group' | 'overlap' | 'chunks';

const LADDER: readonly Technique[] = ['lock-step', 'group', 'overlap', 'chunks'];

/** What is known of one server; kept between runs. */
export interface ServerMemory {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
}

const CEILING = 'smtp-ceiling';
const CHUNKING = 'smtp-chunking';
/** A server that stumbled may have been mended since; one that was proven may have been replaced. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The fastest that the server offers, was proven to take, and did not stumble on. */
export async function techniqueFor(
  offered: Extensions,
  memory: ServerMemory | undefined,
  clock: Pick<Clock, 'now'>,
): Promise<Technique> {
  if (!offered.pipelining) return 'lock-step';
  const proven = offered.keywords.has('CHUNKING') && (await recall(memory, CHUNKING, clock)) === 'proven';
  const best: Technique = proven ? 'chunks' : 'overlap';
  const remembered = await recall(memory, CEILING, clock);
  const limit = LADDER.find(rung => rung === remembered);
  return limit === undefined ? best : lower(best, limit);
}

/** The rung below, remembered for this server. */
export async function stepDown(from: Technique, memory: ServerMemory | undefined, clock: Pick<Clock, 'now'>): Promise<void> {
  const below = LADDER[Math.max(0, LADDER.indexOf(from) - 1)];
  await memory?.put(CEILING, { value: below, at: clock.now() });
}

/** What `smtp probe --chunking` found out. */
export async function rememberChunking(proven: boolean, memory: ServerMemory, clock: Pick<Clock, 'now'>): Promise<void> {
  await memory.put(CHUNKING, { value: proven ? 'proven' : 'refuted', at: clock.now() });
  if (proven) await memory.put(CEILING, { value: 'chunks', at: clock.now() });
}

function lower(a: Technique, b: Technique): Technique {
  return LADDER.indexOf(a) < LADDER.indexOf(b) ? a : b;
}

async function recall(memory: ServerMemory | undefined, key: string, clock: Pick<Clock, 'now'>): Promise<unknown> {
  const known = (await memory?.get(key)) as { readonly value?: unknown; readonly at?: unknown } | null | undefined;
  const age = clock.now() - Number(known?.at);
  return age >= 0 && age < KEPT_MS ? known?.value : undefined;
}
