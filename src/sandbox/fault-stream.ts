// Applies the fault rules that count bytes to one stream: cuts it into slices with the action between them.
import type { FaultAction, FaultRule } from './faults.ts';

/** How many bytes a `garble` spoils. The high bit is flipped, so that no line end appears or vanishes. */
const GARBLED_BYTES = 16;

/** An action that strikes here, and the rule that it comes from. */
export interface StreamFault {
  readonly rule: FaultRule;
  readonly action: Exclude<FaultAction, { kind: 'garble' }>;
}

export class FaultStream {
  #position = 0;
  #garbledUntil = 0;
  readonly #waiting: FaultRule[];

  /** Rules without `afterBytes` strike before the first byte. */
  constructor(rules: readonly FaultRule[]) {
    this.#waiting = [...rules].sort((a, b) => (a.afterBytes ?? 0) - (b.afterBytes ?? 0));
  }

  /** The bytes that go on, spoiled where a rule says so, and between them what must happen at that place. */
  push(chunk: Buffer): readonly (Buffer | StreamFault)[] {
    if (this.#waiting.length === 0 && this.#garbledUntil <= this.#position) {
      this.#position += chunk.length;
      return [chunk];
    }
    const parts: (Buffer | StreamFault)[] = [];
    let rest = chunk;
    for (let rule = this.#waiting[0]; rule !== undefined; rule = this.#waiting[0]) {
      const before = Math.max(0, (rule.afterBytes ?? 0) - this.#position);
      if (before >= rest.length) break;
      this.#waiting.shift();
      if (before > 0) parts.push(this.#take(rest.subarray(0, before)));
      rest = rest.subarray(before);
      if (rule.action.kind === 'garble') this.#garbledUntil = this.#position + GARBLED_BYTES;
      else parts.push({ rule, action: rule.action });
    }
    if (rest.length > 0) parts.push(this.#take(rest));
    return parts;
  }

  #take(slice: Buffer): Buffer {
    const spoiled = Math.min(slice.length, this.#garbledUntil - this.#position);
    this.#position += slice.length;
    return spoiled > 0 ? garbled(slice, spoiled) : slice;
  }
}

/** A copy with the high bit of the first `count` bytes flipped. */
export function garbled(bytes: Buffer, count = GARBLED_BYTES): Buffer {
  const copy = Buffer.from(bytes);
  for (let at = 0; at < Math.min(count, copy.length); at++) copy[at] = (copy[at] ?? 0) ^ 0x80;
  return copy;
}
