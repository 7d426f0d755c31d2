// smtp probe: connects, signs in and says what the server offers; sends no mail.
import { dial } from '../../protocols/net/dial.ts';
import { addressOf } from '../../protocols/net/endpoint.ts';
import { type ChunkingProof, connectSmtp, rememberChunking } from '../../protocols/smtp/index.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';
import { serverMemory } from '../outbox/sender.ts';
import { withStore } from '../state.ts';

export interface SmtpProbe {
  readonly server: string;
  readonly tls: string;
  readonly 'signed-in': boolean;
  readonly extensions: readonly string[];
  readonly mechanisms: readonly string[];
  readonly 'size-max'?: number;
  readonly 'took-ms': number;
  /** Questions that had to be answered before the server was ready; those of TCP and TLS are not counted. */
  readonly 'round-trips': number;
  /** Whether whole mails may go in a window; asked for with `chunking`, remembered for thirty days. */
  readonly chunking?: ChunkingProof;
}

export async function probeSmtp(target: string, one: OneOff, { chunking }: { chunking: boolean }): Promise<SmtpProbe> {
  const { endpoint } = await resolveTarget(target, 'smtp', one);
  const { clock, signal, transcript } = one;
  const startedAt = clock.elapsed();
  let [roundTrips, last] = [0, '<'];
  const heard: Transcript = (direction, line) => {
    if (direction === '<' && last === '>') roundTrips += 1;
    last = direction;
    transcript?.(direction, line);
  };
  const client = await connectSmtp(endpoint, { dial, clock, signal, transcript: heard });
  const [tookMs, readyAfter] = [Math.round(clock.elapsed() - startedAt), roundTrips];
  const { keywords, auth, sizeMax } = client.extensions;
  const proof = chunking ? await client.proveChunking() : undefined;
  if (proof === 'proven' || proof === 'refuted') await remember(proof === 'proven', addressOf(endpoint), one);
  await client.quit();
  return {
    ...{ server: addressOf(endpoint), tls: endpoint.tls, 'signed-in': endpoint.user !== undefined },
    ...{ extensions: [...keywords].sort(), mechanisms: [...auth].sort(), 'took-ms': tookMs },
    'round-trips': readyAfter,
    ...(sizeMax === undefined ? {} : { 'size-max': sizeMax }),
    ...(proof === undefined ? {} : { chunking: proof }),
  };
}

function remember(proven: boolean, address: string, { workspace, clock }: OneOff): Promise<void> {
  return withStore(workspace, store => rememberChunking(proven, serverMemory(store, address), clock), clock);
}
