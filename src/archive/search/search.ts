// Searches the archive: brings its index up to date, then asks it. The best match first; without words to match, the newest.
import { join } from 'node:path';
import { AppError } from '../../core/errors.ts';
import { accountsOf } from '../catalog.ts';
import { nodeFiles } from '../files.ts';
import { INDEX_NAME } from '../layout.ts';
import { fillIndex } from './fill.ts';
import { IndexFile } from './index-file.ts';
import { parseQuery, type Query } from './query.ts';
import { withoutBreaks } from './word-breaks.ts';

export interface SearchOptions {
  /** Absolute. */
  readonly root: string;
  readonly query: string;
  /** At most so many results. */
  readonly limit: number;
  readonly onProgress?: (messages: number) => void;
  readonly signal?: AbortSignal | undefined;
}

export interface SearchHit {
  readonly sha256: string;
  readonly account: string;
  readonly month: string;
  /** Epoch milliseconds; the message’s own date, else when it was archived. */
  readonly date: number;
  readonly size: number;
  readonly from: string;
  readonly subject: string;
  /** Names of attachments. */
  readonly files: readonly string[];
  /** Some words around what matched; each match stands between MATCH_START and MATCH_END. */
  readonly snippet: string;
}

export interface SearchResult {
  readonly hits: readonly SearchHit[];
  /** There are more than `limit`. */
  readonly more: boolean;
  /** Messages that came into the index just now. */
  readonly indexed: number;
}

/** Control characters that no indexed text has. */
export const MATCH_START = '\x02';
export const MATCH_END = '\x03';

/** Of sender, recipients, subject, body, files: where a match counts how much. */
const WEIGHTS = '5.0, 2.0, 10.0, 1.0, 4.0';
const BODY_COLUMN = 3;
const SNIPPET_WORDS = 24;
const SNIPPET_CHARS = 160;

/** Throws `usage`, `archive-missing`, `index-unusable`. A damaged index is made anew. */
export async function searchArchive(options: SearchOptions): Promise<SearchResult> {
  const query = parseQuery(options.query);
  try {
    return await search(options, query);
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'index-damaged') throw error;
    IndexFile.remove(join(options.root, INDEX_NAME));
    return await search(options, query);
  }
}

async function search({ root, limit, onProgress, signal }: SearchOptions, query: Query): Promise<SearchResult> {
  const index = await filled(root, onProgress, signal);
  try {
    const hits = find(index.file, query, limit + 1);
    return { hits: hits.slice(0, limit), more: hits.length > limit, indexed: index.added };
  } finally {
    index.file.close();
  }
}

/** Throws the index away and makes it anew. How many messages are in it. */
export async function reindexArchive(
  root: string,
  onProgress?: (messages: number) => void,
  signal?: AbortSignal,
): Promise<number> {
  IndexFile.remove(join(root, INDEX_NAME));
  const { file, added } = await filled(root, onProgress, signal);
  file.optimize();
  file.close();
  return added;
}

async function filled(
  root: string,
  onProgress: ((messages: number) => void) | undefined,
  signal: AbortSignal | undefined,
): Promise<{ readonly file: IndexFile; readonly added: number }> {
  // An index is made only where there is an archive.
  await accountsOf(root, nodeFiles);
  const file = IndexFile.open(join(root, INDEX_NAME));
  try {
    return { file, added: await fillIndex({ root, files: nodeFiles, index: file, onProgress, signal }) };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** What an index that is up to date says. */
export function find(index: IndexFile, { match, exclude, conditions }: Query, limit: number): readonly SearchHit[] {
  const where = conditions.map(({ sql }) => sql);
  const values: (string | number)[] = conditions.flatMap(condition => [...condition.values]);
  if (match !== undefined) {
    where.unshift('words MATCH ?');
    values.unshift(exclude === undefined ? match : `(${match}) NOT (${exclude})`);
  } else if (exclude !== undefined) {
    where.push('m.id NOT IN (SELECT rowid FROM words WHERE words MATCH ?)');
    values.push(exclude);
  }
  const snippet =
    match === undefined
      ? `substr(words.body, 1, ${SNIPPET_CHARS})`
      : `snippet(words, ${BODY_COLUMN}, char(2), char(3), '…', ${SNIPPET_WORDS})`;
  const rank = match === undefined ? '' : `bm25(words, ${WEIGHTS}), `;
  const rows = index.rows(
    `SELECT m.*, words.sender, words.subject, words.files, ${snippet} AS snippet
     FROM message m JOIN words ON words.rowid = m.id
     ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
     ORDER BY ${rank}m.date DESC, m.sha256, m.account LIMIT ?`,
    ...values,
    limit,
  );
  return rows.map(row => ({
    ...{ sha256: String(row['sha256']), account: String(row['account']), month: String(row['month']) },
    ...{ date: Number(row['date']), size: Number(row['size']), from: shown(row['sender']), subject: shown(row['subject']) },
    files: shown(row['files'])
      .split('\n')
      .filter(name => name !== ''),
    snippet: shown(row['snippet']),
  }));
}

function shown(text: unknown): string {
  return withoutBreaks(String(text));
}
