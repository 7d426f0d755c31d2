// The only source of chance; tests hand in their own.
import { randomBytes } from 'node:crypto';

export interface Random {
  /** Uniform in [0, 1). For jitter, never for secrets. */
  fraction(): number;
  /** `count` unpredictable bytes. */
  bytes(count: number): Buffer;
}

export const systemRandom: Random = {
  fraction: () => Math.random(),
  bytes: count => randomBytes(count),
};

/** Lower-case hexadecimal, two digits a byte. */
export function randomHex(random: Random, bytes: number): string {
  return random.bytes(bytes).toString('hex');
}
