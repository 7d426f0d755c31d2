// The tables, version by version: forward only, never changed once released; `PRAGMA user_version` counts them.
import type { DatabaseSync } from 'node:sqlite';
import { AppError } from '../../core/errors.ts';

const MIGRATIONS: readonly string[] = [
  `
  CREATE TABLE runs (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    file TEXT NOT NULL,
    trigger TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    finished_at INTEGER,
    status TEXT NOT NULL,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    error TEXT
  ) STRICT;
  CREATE INDEX runs_by_job ON runs (job, started_at);
  CREATE INDEX runs_by_start ON runs (started_at);

  CREATE TABLE steps (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    step TEXT NOT NULL,
    position INTEGER NOT NULL,
    uses TEXT NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    started_at INTEGER,
    duration_ms REAL,
    outputs TEXT NOT NULL,
    error TEXT,
    PRIMARY KEY (run, step)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE events (
    run TEXT NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    seq INTEGER NOT NULL,
    at INTEGER NOT NULL,
    step TEXT,
    body TEXT NOT NULL,
    PRIMARY KEY (run, seq)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE ledger (
    job TEXT NOT NULL,
    step TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    updated_at INTEGER NOT NULL,
    PRIMARY KEY (job, step, key)
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX runs_open ON runs (job) WHERE status = 'running';

  CREATE TABLE cursors (
    job TEXT NOT NULL,
    schedule TEXT NOT NULL,
    anchor INTEGER NOT NULL,
    decided_to INTEGER NOT NULL,
    PRIMARY KEY (job, schedule)
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE decisions (
    job TEXT NOT NULL,
    slot INTEGER NOT NULL,
    schedule TEXT NOT NULL,
    decided_at INTEGER NOT NULL,
    action TEXT NOT NULL,
    reason TEXT,
    detail TEXT,
    run TEXT,
    open INTEGER NOT NULL,
    PRIMARY KEY (job, slot, schedule)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX decisions_open ON decisions (run) WHERE open = 1;

  CREATE TABLE pauses (
    job TEXT PRIMARY KEY,
    since INTEGER NOT NULL,
    reason TEXT
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE TABLE letters (
    id TEXT PRIMARY KEY,
    job TEXT NOT NULL,
    run TEXT NOT NULL,
    report TEXT NOT NULL,
    file TEXT NOT NULL,
    connection TEXT NOT NULL,
    message_id TEXT NOT NULL,
    sender TEXT NOT NULL,
    subject TEXT NOT NULL,
    smtp_utf8 INTEGER NOT NULL,
    created_at INTEGER NOT NULL,
    size INTEGER NOT NULL,
    sha256 TEXT NOT NULL,
    held INTEGER NOT NULL,
    host TEXT,
    pid INTEGER,
    since INTEGER,
    UNIQUE (job, run, report)
  ) STRICT;
  CREATE INDEX letters_by_age ON letters (created_at);

  CREATE TABLE deliveries (
    letter TEXT NOT NULL REFERENCES letters (id) ON DELETE CASCADE,
    recipient TEXT NOT NULL,
    position INTEGER NOT NULL,
    status TEXT NOT NULL,
    attempts INTEGER NOT NULL,
    next_at INTEGER,
    reply TEXT,
    at INTEGER NOT NULL,
    PRIMARY KEY (letter, recipient)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX deliveries_due ON deliveries (next_at) WHERE next_at IS NOT NULL;
  CREATE INDEX deliveries_unsure ON deliveries (letter) WHERE status = 'data-sent';

  CREATE TABLE letter_pieces (
    letter TEXT NOT NULL,
    position INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    PRIMARY KEY (letter, position)
  ) STRICT;
  `,
  `
  ALTER TABLE runs ADD COLUMN owner TEXT;
  ALTER TABLE runs ADD COLUMN fence INTEGER NOT NULL DEFAULT 1;
  ALTER TABLE runs ADD COLUMN crashes INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE runs ADD COLUMN slot INTEGER;
  ALTER TABLE runs ADD COLUMN retry_of TEXT;
  ALTER TABLE runs ADD COLUMN definition TEXT;
  ALTER TABLE runs ADD COLUMN cancel INTEGER NOT NULL DEFAULT 0;
  ALTER TABLE steps ADD COLUMN progress TEXT;
  CREATE INDEX runs_by_status ON runs (status, started_at);
  CREATE INDEX runs_by_definition ON runs (definition) WHERE definition IS NOT NULL;
  CREATE INDEX decisions_open_by_job ON decisions (job) WHERE open = 1;
  CREATE INDEX decisions_by_slot ON decisions (slot);

  CREATE TABLE definitions (
    hash TEXT PRIMARY KEY,
    body TEXT NOT NULL
  ) STRICT, WITHOUT ROWID;

  CREATE TABLE schedulers (
    owner TEXT PRIMARY KEY,
    host TEXT NOT NULL,
    pid INTEGER NOT NULL,
    jobs_dir TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    beat INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  `,
  `
  CREATE INDEX runs_by_job_and_status ON runs (job, status, started_at);
  CREATE INDEX decisions_waiting ON decisions (slot, job, schedule) WHERE open = 1;
  `,
  `
  CREATE INDEX runs_unended ON runs (status, job) WHERE finished_at IS NULL;
  DROP INDEX runs_open;
  `,
  `
  ALTER TABLE runs ADD COLUMN beat INTEGER NOT NULL DEFAULT 0;
  `,
];

/** The version that this program writes. */
export const SCHEMA_VERSION = MIGRATIONS.length;

/** Brings the tables up to date. Safe when several processes start at once: one migrates, the others wait and see it done. */
export function migrate(db: DatabaseSync, path: string): void {
  if (storedVersion(db, path) === SCHEMA_VERSION) return;
  db.exec('BEGIN IMMEDIATE');
  try {
    for (let version = storedVersion(db, path); version < SCHEMA_VERSION; version++) {
      db.exec(MIGRATIONS[version] ?? '');
      db.exec(`PRAGMA user_version = ${version + 1}`);
    }
    db.exec('COMMIT');
  } catch (error) {
    db.exec('ROLLBACK');
    throw error;
  }
}

/** The version of the file; refuses one that a newer postrider, or another program, wrote. Changes nothing. */
export function storedVersion(db: DatabaseSync, path: string): number {
  const version = Number(db.prepare('PRAGMA user_version').get()?.['user_version']);
  if (version > SCHEMA_VERSION) {
    throw new AppError(
      'store-newer',
      `${path}: written by a newer postrider (version ${version}, this one knows ${SCHEMA_VERSION})`,
      {
        hint: 'Update postrider, or choose another folder with --state.',
      },
    );
  }
  const tables = Number(db.prepare('SELECT count(*) AS tables FROM sqlite_master').get()?.['tables']);
  if (version === 0 && tables > 0) {
    throw new AppError('store-unusable', `${path}: is a database of another program`, {
      hint: 'Choose another folder with --state.',
    });
  }
  return version;
}
