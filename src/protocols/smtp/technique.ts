// How fast a server may be spoken to: the rungs of one ladder, and what is remembered of a server that stumbled on one.
import type { Clock } from '../../core/clock.ts';
import type { Extensions } from './extensions.ts';

/**
 * lock-step: one command, one reply. group: an envelope in one write (RFC 2920). overlap: the end of a message with the next
 * envelope, one round trip a mail. chunks: whole mails in a window (RFC 3030), for servers only that were seen to throw away the
 * chunk of a refused mail, since others would read it as commands.
 */
export type Technique = 'lock-step' | 'group' | 'overlap' | 'chunks';

/** How a server is spoken to. */
export interface Pace {
  readonly technique: Technique;
  /** Mails in chunks that wait for their verdicts at any time; what is in the window when a link breaks is indeterminate. */
  readonly windowMails: number;
}

/** Where somebody asked for it (`smtp probe --chunking`). */
const WIDE = 256;
/** Where a batch proved its server by itself: most of the speed at a distance, and few mails at stake. */
const NARROW = 4;

const LADDER: readonly Technique[] = ['lock-step', 'group', 'overlap', 'chunks'];

/**
 * From here on a round trip costs more than the small window wins. Nearer, a server that holds back its second answer until its first one
 * is acknowledged (40 ms: Nagle's algorithm against delayed acknowledgements) makes it slower than one mail at a time.
 */
const FAR_MS = 10;

/** What is known of one server; kept between runs. */
export interface ServerMemory {
  get(key: string): Promise<unknown>;
  put(key: string, value: unknown): Promise<void>;
}

const CEILING = 'smtp-ceiling';
const CHUNKING = 'smtp-chunking';
/** A server that stumbled may have been mended since; one that was proven may have been replaced. */
const KEPT_MS = 30 * 24 * 3_600_000;

/** The fastest that the server offers, was proven to take, and did not stumble on. `distanceMs`: how long a round trip takes. */
export async function techniqueFor(
  offered: Extensions,
  memory: ServerMemory | undefined,
  clock: Pick<Clock, 'now'>,
  distanceMs: number,
): Promise<Pace> {
  if (!offered.pipelining) return { technique: 'lock-step', windowMails: 1 };
  const proof = offered.keywords.has('CHUNKING') ? await recall(memory, CHUNKING, clock) : undefined;
  const best: Technique = proof === 'proven' || (proof === 'proven-by-batch' && distanceMs >= FAR_MS) ? 'chunks' : 'overlap';
  const remembered = await recall(memory, CEILING, clock);
  const limit = LADDER.find(rung => rung === remembered);
  const technique = limit === undefined ? best : lower(best, limit);
  return { technique, windowMails: proof === 'proven' ? WIDE : NARROW };
}

/** Whether a batch should find out what its server makes of chunks: it is far enough, nobody knows, and it has not stumbled. */
export async function isWorthProving(
  offered: Extensions,
  memory: ServerMemory,
  clock: Pick<Clock, 'now'>,
  distanceMs: number,
): Promise<boolean> {
  if (distanceMs < FAR_MS || !offered.pipelining || !offered.keywords.has('CHUNKING')) return false;
  return (await recall(memory, CHUNKING, clock)) === undefined && (await recall(memory, CEILING, clock)) === undefined;
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

/** The same, found out by a batch on its way. */
export async function rememberBatch(proven: boolean, memory: ServerMemory, clock: Pick<Clock, 'now'>): Promise<void> {
  await memory.put(CHUNKING, { value: proven ? 'proven-by-batch' : 'refuted', at: clock.now() });
}

function lower(a: Technique, b: Technique): Technique {
  return LADDER.indexOf(a) < LADDER.indexOf(b) ? a : b;
}

async function recall(memory: ServerMemory | undefined, key: string, clock: Pick<Clock, 'now'>): Promise<unknown> {
  const known = (await memory?.get(key)) as { readonly value?: unknown; readonly at?: unknown } | null | undefined;
  const age = clock.now() - Number(known?.at);
  return age >= 0 && age < KEPT_MS ? known?.value : undefined;
}
