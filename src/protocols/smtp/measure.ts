// A message in memory, gone through once: what a server is told about it before it gets it, and what goes over the wire.
import { isAscii } from 'node:buffer';
import { DotStuffer } from '../wire/dots.ts';

/** A message goes out in pieces of at most this. */
export const PIECE_BYTES_MAX = 256 * 1024;

export interface Measured {
  /** Octets once every CR, LF or CRLF is a CRLF. */
  readonly bytes: number;
  /** Whether any octet is above 127. */
  readonly eightBit: boolean;
  /** The message fit for DATA, where that is one piece. */
  readonly stuffed: Stuffed | undefined;
}

export interface Stuffed {
  readonly bytes: Buffer;
  /** Knows the end of it. */
  readonly stuffer: DotStuffer;
}

/** `bytes` is the size that MAIL FROM announces (RFC 1870): without stuffed dots and the final dot. */
export function measure(message: Uint8Array): Measured {
  const stuffer = new DotStuffer();
  let stuffed: Stuffed | undefined;
  let wireBytes = 0;
  for (let from = 0; from < message.length || stuffed === undefined; from += PIECE_BYTES_MAX) {
    const bytes = stuffer.push(message.subarray(from, from + PIECE_BYTES_MAX));
    wireBytes += bytes.length;
    stuffed = { bytes, stuffer };
  }
  const onePiece = message.length <= PIECE_BYTES_MAX;
  return { bytes: wireBytes - stuffer.doubled, eightBit: !isAscii(message), stuffed: onePiece ? stuffed : undefined };
}
