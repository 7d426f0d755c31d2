// What the times of a copy looked like when it was made. For targets that cannot keep the source's time (a server without MFMT,
// `preserve-times: false`) or show it coarsely (LIST): without it every run would send everything again, or ask for each file.
import { createHash } from 'node:crypto';
import type { Ledger } from '../../step.ts';
import type { FileFacts } from '../trees/tree.ts';

export interface SeenTimes {
  readonly size: number;
  /** Modification time of the source. */
  readonly source: number;
  /** Modification time that the target then had; null when it tells none. */
  readonly target: number | null;
}

export class SeenTimesMemory {
  readonly #ledger: Ledger;
  readonly #pair: readonly string[];
  #scope: string | undefined;

  /** `scope` names the pair of folders: one step may mirror others tomorrow. */
  constructor(ledger: Ledger, scope: readonly string[]) {
    this.#ledger = ledger;
    this.#pair = scope;
  }

  /** The next run will know them. */
  get lasts(): boolean {
    return this.#ledger.forgetful !== true;
  }

  async get(path: string): Promise<SeenTimes | undefined> {
    const value = await this.#ledger.get(this.#key(path));
    return isSeenTimes(value) ? value : undefined;
  }

  put(path: string, seen: SeenTimes): Promise<void> {
    return this.#ledger.put(this.#key(path), seen);
  }

  delete(path: string): Promise<void> {
    return this.#ledger.delete(this.#key(path));
  }

  /** Where something else about this pair of folders is to be remembered. */
  place(kind: string): string {
    // Most runs ask for none.
    this.#scope ??= createHash('sha256').update(JSON.stringify(this.#pair)).digest('hex').slice(0, 12);
    return `${kind}:${this.#scope}`;
  }

  #key(path: string): string {
    return `${this.place('seen')}:${path}`;
  }
}

/** Are both sides still what they were when the copy was made? Only an exact source time proves that. */
export function isAsSeen(seen: SeenTimes, source: FileFacts, target: FileFacts): boolean {
  if (source.size !== seen.size || target.size !== seen.size) return false;
  if (!isNear(source, seen.source) || source.precisionMs > EXACT_MS) return false;
  return seen.target === null || isNear(target, seen.target);
}

/** MLSD and MDTM tell whole seconds. */
const EXACT_MS = 1_000;

function isNear(facts: FileFacts, seen: number): boolean {
  return facts.modifiedAt !== undefined && Math.abs(facts.modifiedAt - seen) <= facts.precisionMs;
}

function isSeenTimes(value: unknown): value is SeenTimes {
  if (typeof value !== 'object' || value === null) return false;
  const { size, source, target } = value as Partial<Record<keyof SeenTimes, unknown>>;
  return typeof size === 'number' && typeof source === 'number' && (target === null || typeof target === 'number');
}
