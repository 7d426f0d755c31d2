// Drops what is too old, a bounded number of rows at a time, so that a scheduler beside it never waits long.
import type { Retention } from '../store.ts';
import type { Database } from './database.ts';

/** Runs, logs or decisions dropped in one transaction. */
const PRUNED_MAX = 500;

/** Runs that have not ended stay, whatever their age. True when there is more to drop. */
export function prune(db: Database, { runsBefore, runsKeptMin, logsBefore }: Retention): boolean {
  return db.transaction('process', () => {
    const runs = db.write(
      `DELETE FROM runs WHERE id IN (
         SELECT id FROM runs AS old WHERE started_at < ?1 AND finished_at < ?1 AND started_at <= coalesce(
           (SELECT started_at FROM runs WHERE job = old.job ORDER BY started_at DESC LIMIT 1 OFFSET ?2), -1)
         LIMIT ?3)`,
      ...[runsBefore, runsKeptMin, PRUNED_MAX],
    );
    const logs = db.rows(
      `SELECT id FROM runs WHERE started_at < ?1 AND finished_at < ?1
       AND EXISTS (SELECT 1 FROM events WHERE run = runs.id) LIMIT ?2`,
      ...[logsBefore, PRUNED_MAX],
    );
    for (const { id } of logs) db.write('DELETE FROM events WHERE run = ?', String(id));
    const decisions = db.write(
      `DELETE FROM decisions WHERE (job, slot, schedule) IN (
         SELECT job, slot, schedule FROM decisions WHERE slot < ?1 AND open = 0 LIMIT ?2)`,
      ...[runsBefore, PRUNED_MAX],
    );
    const unused = 'DELETE FROM definitions WHERE NOT EXISTS (SELECT 1 FROM runs WHERE definition = hash)';
    if (runs > 0) db.write(unused);
    return [runs, logs.length, decisions].some(count => count >= PRUNED_MAX);
  });
}
