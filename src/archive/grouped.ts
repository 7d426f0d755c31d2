// Small pieces joined into writes worth their while.

const WRITE_BYTES = 256 * 1024;

/** Of each piece a copy is taken. */
export async function* grouped(octets: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
  let [parts, bytes]: [Buffer[], number] = [[], 0];
  for await (const chunk of octets) {
    parts.push(Buffer.from(chunk));
    bytes += chunk.length;
    if (bytes < WRITE_BYTES) continue;
    yield Buffer.concat(parts);
    [parts, bytes] = [[], 0];
  }
  if (bytes > 0) yield Buffer.concat(parts);
}
