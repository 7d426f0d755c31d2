// How far each message of a session has come. Every step depends on the one before: nothing is deleted that is not durable here.
//
//   listed ──RETR──► fetching ──committed──► durable ──read back, DELE──► dele-sent ──+OK──► dele-acked ──QUIT──► quit-sent ──+OK──► gone
//   listed ──known from an earlier run──► durable                         dele-sent ──-ERR─► durable
//
//   A QUIT without an answer leaves quit-sent: the account's state says `deleting`, and the next sign-in looks whether the UID is gone.
import { assert } from '../../core/assert.ts';

export type Stage = 'listed' | 'fetching' | 'durable' | 'dele-sent' | 'dele-acked' | 'quit-sent' | 'gone';

const NEXT: Readonly<Record<Stage, readonly Stage[]>> = {
  listed: ['fetching', 'durable'],
  fetching: ['durable'],
  durable: ['dele-sent'],
  'dele-sent': ['dele-acked', 'durable'],
  'dele-acked': ['quit-sent'],
  'quit-sent': ['gone'],
  gone: [],
};

const STAGES = Object.keys(NEXT) as readonly Stage[];
/** So many stages stand in one small integer: a map with an entry for each message would take megabytes. */
const STAGES_TOGETHER = 10;
const STAGE_BITS = 3;
const STAGE_MASK = (1 << STAGE_BITS) - 1;

/** By the numbers of one session. */
export class Lifecycle {
  /** By number / STAGES_TOGETHER: the places in STAGES of those that follow, the first in the lowest bits. */
  readonly #groups = new Map<number, number>();

  stage(number: number): Stage {
    const { group, shift } = placeOf(number);
    return STAGES[((this.#groups.get(group) ?? 0) >> shift) & STAGE_MASK] ?? 'listed';
  }

  /** Throws MisuseError for a step that does not follow. */
  advance(number: number, to: Stage): void {
    const from = this.stage(number);
    assert(NEXT[from].includes(to), `message ${number} cannot go from ${from} to ${to}`);
    const { group, shift } = placeOf(number);
    const others = (this.#groups.get(group) ?? 0) & ~(STAGE_MASK << shift);
    this.#groups.set(group, others | (STAGES.indexOf(to) << shift));
  }

  /** All that stand at `from` go on; their numbers. */
  advanceAll(from: Stage, to: Stage): readonly number[] {
    const numbers: number[] = [];
    for (const group of this.#groups.keys()) {
      for (let number = group * STAGES_TOGETHER; number < (group + 1) * STAGES_TOGETHER; number++)
        if (this.stage(number) === from) numbers.push(number);
    }
    for (const number of numbers) this.advance(number, to);
    return numbers;
  }
}

function placeOf(number: number): { readonly group: number; readonly shift: number } {
  const group = Math.floor(number / STAGES_TOGETHER);
  return { group, shift: (number - group * STAGES_TOGETHER) * STAGE_BITS };
}
