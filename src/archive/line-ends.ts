// Which line ends a message has, and the way between CRLF on the wire and LF in the mbox.

/** crlf: every CR stands before LF and every LF after CR, so LF alone says it all. raw: anything else, kept byte for byte. */
export type LineEnds = 'crlf' | 'raw';

const CR = 0x0d;
const LF = 0x0a;

/** Looks at a message chunk by chunk. */
export class LineEndScan {
  #pure = true;
  #afterCr = false;
  #last = LF;

  push(chunk: Buffer): void {
    if (chunk.length === 0) return;
    this.#last = chunk[chunk.length - 1] ?? LF;
    if (this.#pure) this.#pure = this.#scan(chunk);
  }

  get lineEnds(): LineEnds {
    return this.#pure && !this.#afterCr ? 'crlf' : 'raw';
  }

  /** True for an empty message, too. */
  get finalNewline(): boolean {
    return this.#last === LF;
  }

  #scan(chunk: Buffer): boolean {
    let at = 0;
    if (this.#afterCr) {
      if (chunk[0] !== LF) return false;
      at = 1;
    }
    let cr = chunk.indexOf(CR, at);
    for (let lf = chunk.indexOf(LF, at); ; lf = chunk.indexOf(LF, at)) {
      if (lf === -1) break;
      if (cr !== lf - 1 || cr < at) return false;
      at = lf + 1;
      cr = chunk.indexOf(CR, at);
    }
    this.#afterCr = cr !== -1 && cr === chunk.length - 1;
    return cr === -1 || this.#afterCr;
  }
}

/** Pieces of text that the garbage collector is quick with. */
const PIECE_BYTES = 16 * 1024;

/**
 * Copies without the CRs, of which each belongs to a CRLF in a message whose line ends are `crlf`. Where it ends in `into`.
 * By way of a string: a third of the time that a loop over the bytes takes.
 */
export function copyWithoutCr(bytes: Buffer, into: Buffer, at: number): number {
  let end = at;
  for (let from = 0; from < bytes.length; from += PIECE_BYTES)
    end += into.write(bytes.toString('latin1', from, from + PIECE_BYTES).replaceAll('\r', ''), end, 'latin1');
  return end;
}

export function lfToCrlf(chunk: Buffer): Buffer {
  return Buffer.from(chunk.toString('latin1').replaceAll('\n', '\r\n'), 'latin1');
}
