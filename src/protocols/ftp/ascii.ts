// Text transfers (TYPE A): lines end in CRLF on the wire and in LF in files here (RFC 959 section 3.1.1.1). Streaming, whatever the chunks.

const CR = 0x0d;
const LF = 0x0a;

/** File to wire: every LF that no CR precedes becomes CRLF. */
export async function* textToWire(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let previous = 0;
  for await (const chunk of source) {
    const out = Buffer.allocUnsafe(chunk.length * 2);
    let length = 0;
    for (const byte of chunk) {
      if (byte === LF && previous !== CR) out[length++] = CR;
      out[length++] = byte;
      previous = byte;
    }
    yield out.subarray(0, length);
  }
}

/** Wire to file: CRLF becomes LF, any other CR stays. */
export async function* textFromWire(source: AsyncIterable<Uint8Array>): AsyncGenerator<Buffer, void, void> {
  let heldCr = false;
  for await (const chunk of source) {
    const out = Buffer.allocUnsafe(chunk.length + 1);
    let length = 0;
    for (const byte of chunk) {
      if (heldCr && byte !== LF) out[length++] = CR;
      heldCr = byte === CR;
      if (!heldCr) out[length++] = byte;
    }
    yield out.subarray(0, length);
  }
  if (heldCr) yield Buffer.of(CR);
}
