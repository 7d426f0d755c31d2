// The memory of one step of one job.
import { assert } from '../../core/assert.ts';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { formatSize } from '../../core/units.ts';
import type { Ledger } from '../../steps/step.ts';
import type { Database } from './database.ts';

/** Of one value, as JSON. */
export const LEDGER_VALUE_LENGTH_MAX = 32 * 1024 ** 2;

export class SqliteLedger implements Ledger {
  readonly #db: Database;
  readonly #clock: Clock;
  readonly #owner: readonly [job: string, step: string];

  constructor(db: Database, clock: Clock, job: string, step: string) {
    this.#db = db;
    this.#clock = clock;
    this.#owner = [job, step];
  }

  async get(key: string): Promise<unknown> {
    const row = this.#db.row('SELECT value FROM ledger WHERE job = ? AND step = ? AND key = ?', ...this.#owner, key);
    return row === undefined ? undefined : this.#db.parse(row['value']);
  }

  async put(key: string, value: unknown): Promise<void> {
    const json = JSON.stringify(value) as string | undefined;
    assert(json !== undefined, `the value of ${key} is no JSON`);
    if (json.length > LEDGER_VALUE_LENGTH_MAX) {
      const [job, step] = this.#owner;
      throw new AppError('ledger-full', `${job}/${step}: ${key} is larger than ${formatSize(LEDGER_VALUE_LENGTH_MAX)}`, {
        hint: 'Split the step, so that each keeps track of less.',
      });
    }
    this.#db.transaction('power', () =>
      this.#db.write(
        `INSERT INTO ledger (job, step, key, value, updated_at) VALUES (?, ?, ?, ?, ?)
         ON CONFLICT DO UPDATE SET value = excluded.value, updated_at = excluded.updated_at`,
        ...[...this.#owner, key, json, this.#clock.now()],
      ),
    );
  }

  async delete(key: string): Promise<void> {
    this.#db.transaction('power', () =>
      this.#db.write('DELETE FROM ledger WHERE job = ? AND step = ? AND key = ?', ...this.#owner, key),
    );
  }
}
