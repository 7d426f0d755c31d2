// What a server is told about a message before it gets it: its size and whether it is more than ASCII.

export interface Measured {
  /** Octets once every CR, LF or CRLF is a CRLF. */
  readonly bytes: number;
  /** Whether any octet is above 127. */
  readonly eightBit: boolean;
}

const CR = 0x0d;
const LF = 0x0a;

export function measure(message: Uint8Array): Measured {
  let bytes = message.length;
  let highest = 0;
  for (let at = 0; at < message.length; at++) {
    const byte = message[at] ?? 0;
    if (byte === CR ? message[at + 1] !== LF : byte === LF && message[at - 1] !== CR) bytes += 1;
    highest |= byte;
  }
  return { bytes, eightBit: highest > 0x7f };
}
