// SHA-256 of local files, remembered for as long as size, times and inode stay what they were.
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileError } from '../../../core/errors.ts';
import { printable } from '../../../core/text.ts';
import type { StepContext } from '../../step.ts';
import { hashFile } from '../digest.ts';
import { readRows, writeRows } from './rows.ts';

type SumRow = readonly [path: string, size: number, modifiedAt: number, changedAt: number, inode: number, sha256: string];

/** A file that changed this shortly before it was hashed may change again without its times showing it. */
const SETTLED_MS = 2_000;

export class LocalSums {
  readonly #context: Pick<StepContext, 'ledger' | 'clock'>;
  readonly #key: string;
  readonly #root: string;
  readonly #signal: AbortSignal;
  readonly #known: ReadonlyMap<string, SumRow>;
  readonly #used = new Map<string, SumRow>();
  #changed = false;

  private constructor(parts: {
    readonly context: Pick<StepContext, 'ledger' | 'clock'>;
    readonly key: string;
    readonly root: string;
    readonly signal: AbortSignal;
    readonly known: ReadonlyMap<string, SumRow>;
  }) {
    this.#context = parts.context;
    this.#key = parts.key;
    this.#root = parts.root;
    this.#signal = parts.signal;
    this.#known = parts.known;
  }

  static async open(
    context: Pick<StepContext, 'ledger' | 'clock'>,
    where: { readonly key: string; readonly root: string; readonly signal: AbortSignal },
  ): Promise<LocalSums> {
    const kept = await readRows(context.ledger, where.key);
    const rows = (kept?.rows ?? []).filter(isSumRow);
    return new LocalSums({ context, ...where, known: new Map(rows.map(row => [row[0], row])) });
  }

  /** Of the file at `path` below the root. Throws AppError when it cannot be read. */
  async of(path: string): Promise<string> {
    const full = join(this.#root, path);
    const facts = await stat(full).catch(error => {
      throw fileError(error, printable(full));
    });
    const known = this.#used.get(path) ?? this.#known.get(path);
    if (known !== undefined) {
      const [, size, modifiedAt, changedAt, inode, sha256] = known;
      if (size === facts.size && modifiedAt === facts.mtimeMs && changedAt === facts.ctimeMs && inode === facts.ino) {
        this.#used.set(path, known);
        return sha256;
      }
    }
    const hashedAt = this.#context.clock.now();
    const sha256 = await hashFile(full, 'sha256', this.#signal);
    if (hashedAt - Math.max(facts.mtimeMs, facts.ctimeMs) > SETTLED_MS) {
      this.#used.set(path, [path, facts.size, facts.mtimeMs, facts.ctimeMs, facts.ino, sha256]);
      this.#changed = true;
    }
    return sha256;
  }

  /** Remembers what was asked for, and forgets the rest. */
  async keep(): Promise<void> {
    if (!this.#changed && this.#used.size === this.#known.size) return;
    await writeRows(this.#context.ledger, this.#key, null, [...this.#used.values()]);
    this.#changed = false;
  }
}

function isSumRow(row: unknown): row is SumRow {
  if (!Array.isArray(row) || row.length !== 6) return false;
  const [path, ...rest] = row as readonly unknown[];
  const sha256 = rest.pop();
  return typeof path === 'string' && typeof sha256 === 'string' && rest.every(value => typeof value === 'number');
}
