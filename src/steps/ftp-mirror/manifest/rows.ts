// Long lists in a step's memory, in pieces that stay below the size of one value.
import type { Ledger } from '../../step.ts';

const ROWS_A_PIECE = 20_000;

/** The rows of the newest writeRows() that came to its end; undefined when there is none. `head` is kept with them. */
export async function readRows(ledger: Ledger, key: string): Promise<{ head: unknown; rows: unknown[] } | undefined> {
  const index = (await ledger.get(key)) as { head: unknown; pieces: number; turn: number } | undefined;
  if (typeof index?.pieces !== 'number') return undefined;
  const rows: unknown[] = [];
  for (let piece = 0; piece < index.pieces; piece++) {
    const found = await ledger.get(`${key}:${index.turn}:${piece}`);
    if (!Array.isArray(found)) return undefined;
    rows.push(...(found as unknown[]));
  }
  return { head: index.head, rows };
}

/** All or nothing: the old rows are those that count until the new ones are all there. */
export async function writeRows(ledger: Ledger, key: string, head: unknown, rows: readonly unknown[]): Promise<void> {
  const before = (await ledger.get(key)) as { pieces: number; turn: number } | undefined;
  const turn = before?.turn === 0 ? 1 : 0;
  const pieces = Math.ceil(rows.length / ROWS_A_PIECE);
  for (let piece = 0; piece < pieces; piece++) {
    await ledger.put(`${key}:${turn}:${piece}`, rows.slice(piece * ROWS_A_PIECE, (piece + 1) * ROWS_A_PIECE));
  }
  await ledger.put(key, { head, pieces, turn });
  for (let piece = 0; piece < (before?.pieces ?? 0); piece++) await ledger.delete(`${key}:${before?.turn}:${piece}`);
}
