// Text on the wire and in files: CRLF there, LF here (RFC 959 section 3.1.1.1). Streaming, whatever the chunks.

const CR = 0x0d;
const LF = 0x0a;

/** File to wire: every LF that no CR precedes becomes CRLF. */
export function toCrlf(): (chunk: Uint8Array) => Buffer {
  let previous = 0;
  return chunk => {
    const out = Buffer.allocUnsafe(chunk.length * 2);
    let length = 0;
    for (const byte of chunk) {
      if (byte === LF && previous !== CR) out[length++] = CR;
      out[length++] = byte;
      previous = byte;
    }
    return out.subarray(0, length);
  };
}

export interface Converter {
  push(chunk: Uint8Array): Buffer;
  /** A CR that ended the data. */
  finish(): Buffer;
}

/** Wire to file: CRLF becomes LF, any other CR stays. */
export function fromCrlf(): Converter {
  let heldCr = false;
  return {
    push: chunk => {
      const out = Buffer.allocUnsafe(chunk.length + 1);
      let length = 0;
      for (const byte of chunk) {
        if (heldCr && byte !== LF) out[length++] = CR;
        heldCr = byte === CR;
        if (!heldCr) out[length++] = byte;
      }
      return out.subarray(0, length);
    },
    finish: () => Buffer.from(heldCr ? [CR] : []),
  };
}
