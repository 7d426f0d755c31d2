// Dot-stuffing both ways as streaming transforms (RFC 5321 section 4.5.2, RFC 1939 section 3).

const CR = 0x0d;
const LF = 0x0a;
const DOT = 0x2e;
const CRLF_DOT = Buffer.from('\r\n.');
const CRLF = Buffer.from('\r\n');
const ONE_DOT = Buffer.from('.');

/** Where the decoder stands: in a line, after CR, at a line's start, after its first dot, after dot and CR. */
type DotState = 'text' | 'cr' | 'start' | 'dot' | 'dot-cr';

export interface Unstuffed {
  /** Slices of the input, in order; valid as long as the input is not overwritten. */
  readonly data: readonly Buffer[];
  /** Set with the terminator: the bytes that follow it. Nothing may be pushed any more. */
  readonly rest: Buffer | undefined;
}

/**
 * Removes one leading dot a line until CRLF.CRLF; nothing else ends the data, so bare LF or CR around a dot stay data.
 * The CRLF before the final dot belongs to the data.
 */
export class DotUnstuffer {
  #state: DotState = 'start';

  push(chunk: Buffer): Unstuffed {
    const data: Buffer[] = [];
    let from = 0;
    let at = 0;
    const emit = (end: number) => {
      if (end > from) data.push(chunk.subarray(from, end));
    };
    while (at < chunk.length) {
      const byte = chunk[at];
      switch (this.#state) {
        case 'text': {
          const hit = chunk.indexOf(CRLF_DOT, at);
          if (hit === -1) {
            this.#state = tailState(chunk, at);
            at = chunk.length;
            break;
          }
          emit(hit + 2);
          at = from = hit + 3;
          this.#state = 'dot';
          break;
        }
        case 'cr':
          if (byte === LF) this.#state = 'start';
          else if (byte !== CR) this.#state = 'text';
          at += 1;
          break;
        case 'start':
          if (byte === DOT) {
            emit(at);
            from = at + 1;
            this.#state = 'dot';
          } else this.#state = byte === CR ? 'cr' : 'text';
          at += 1;
          break;
        case 'dot':
          this.#state = byte === CR ? 'dot-cr' : 'text';
          if (byte === CR) from = at + 1;
          at += 1;
          break;
        case 'dot-cr':
          if (byte === LF) return { data, rest: chunk.subarray(at + 1) };
          data.push(Buffer.from('\r'));
          from = at;
          this.#state = 'cr';
          break;
      }
    }
    emit(chunk.length);
    return { data, rest: undefined };
  }
}

/** The state after text that holds no CRLF-dot, from its last two bytes. */
function tailState(chunk: Buffer, from: number): DotState {
  const last = chunk[chunk.length - 1];
  if (last === CR) return 'cr';
  return last === LF && chunk.length - from >= 2 && chunk[chunk.length - 2] === CR ? 'start' : 'text';
}

/** A dot at a line's start, a CR that no LF follows, an LF that no CR precedes. One search of a string is faster than a loop over bytes. */
const UNFIT = /(?<=[\r\n])\.|\r(?!\n)|(?<!\r)\n/g;

/** Makes any bytes fit for DATA: every CR, LF or CRLF becomes CRLF, a leading dot is doubled, finish() adds the end. */
export class DotStuffer {
  #lineStart = true;
  #afterCr = false;
  #doubled = 0;

  /** Dots added so far: octets that are on the wire and not in the message. */
  get doubled(): number {
    return this.#doubled;
  }

  /** The result may share memory with `chunk`: it holds until that is overwritten. */
  push(chunk: Uint8Array): Buffer {
    const input = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    if (input.length === 0) return input;
    const out: Buffer[] = [];
    // The second half of a CRLF whose first half ended the last chunk.
    let from = this.#afterCr && input[0] === LF ? 1 : 0;
    const text = input.toString('latin1');
    if (this.#lineStart && from === 0 && input[0] === DOT) this.#double(out, input.subarray(0, 0));
    UNFIT.lastIndex = from;
    for (let found = UNFIT.exec(text); found !== null; found = UNFIT.exec(text)) {
      const { index } = found;
      if (input[index] === DOT) {
        this.#double(out, input.subarray(from, index));
        from = index;
      } else {
        out.push(input.subarray(from, index), CRLF);
        from = index + 1;
      }
    }
    const last = input[input.length - 1];
    this.#afterCr = last === CR;
    this.#lineStart = this.#afterCr || last === LF;
    return out.length === 0 && from === 0 ? input : Buffer.concat([...out, input.subarray(from)]);
  }

  /** The closing dot, after a line end where the data has none. */
  finish(): Buffer {
    return Buffer.from(this.#lineStart ? '.\r\n' : '\r\n.\r\n');
  }

  #double(out: Buffer[], before: Buffer): void {
    out.push(before, ONE_DOT);
    this.#doubled += 1;
  }
}
