// Every way to cut bytes for a decoder: whole, byte by byte, and in two at every position.

/** Calls `decode` with each cutting; all results must be equal to that of the whole. Returns the whole's result. */
export function everySplit<T>(bytes: Buffer, decode: (chunks: readonly Buffer[]) => T, same: (a: T, b: T) => void): T {
  const whole = decode([bytes]);
  same(decode([...bytes].map(byte => Buffer.from([byte]))), whole);
  for (let at = 1; at < bytes.length; at++) same(decode([bytes.subarray(0, at), bytes.subarray(at)]), whole);
  return whole;
}

export const FUZZ_SEED = Number(process.env['FUZZ_SEED'] ?? 20_261_123);
