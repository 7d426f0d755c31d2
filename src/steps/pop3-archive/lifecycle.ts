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

/** By the numbers of one session. */
export class Lifecycle {
  readonly #stages = new Map<number, Stage>();

  stage(number: number): Stage {
    return this.#stages.get(number) ?? 'listed';
  }

  /** Throws MisuseError for a step that does not follow. */
  advance(number: number, to: Stage): void {
    const from = this.stage(number);
    assert(NEXT[from].includes(to), `message ${number} cannot go from ${from} to ${to}`);
    this.#stages.set(number, to);
  }

  /** All that stand at `from` go on; their numbers. */
  advanceAll(from: Stage, to: Stage): readonly number[] {
    const numbers = [...this.#stages].filter(([, stage]) => stage === from).map(([number]) => number);
    for (const number of numbers) this.advance(number, to);
    return numbers;
  }
}
