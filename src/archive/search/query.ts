// What a user types to find mail → an FTS5 expression and conditions in SQL. Pure; no word of the query is ever SQL or FTS5 syntax.
//
//   word  wor*  "exact words"  -not  one OR other          anywhere in a message
//   from: to: subject: body: filename:                      in that part
//   has:attachment  after: before: date:  larger: smaller:  account: id:
import { AppError } from '../../core/errors.ts';
import { parseSize } from '../../core/units.ts';
import { folderName } from '../layout.ts';
import { periodOf } from '../period.ts';
import { withBreaks } from './word-breaks.ts';

export interface Query {
  /** An FTS5 expression; undefined when every message matches. */
  readonly match: string | undefined;
  /** Messages that match this one are left out. */
  readonly exclude: string | undefined;
  /** SQL over `m`, the table of messages, each with its values. */
  readonly conditions: readonly Condition[];
}

export interface Condition {
  readonly sql: string;
  readonly values: readonly (string | number)[];
}

export const QUERY_CHARS_MAX = 2_000;
export const TERMS_MAX = 64;

/** Field → columns of the full-text table. */
const COLUMNS: Readonly<Record<string, string>> = {
  from: 'sender',
  to: 'recipients',
  cc: 'recipients',
  subject: 'subject',
  body: 'body',
  filename: 'files',
  attachment: 'files',
};

/** Field → condition. */
const CONDITIONS: Readonly<Record<string, (value: string) => Condition>> = {
  has: value => {
    if (!/^attachments?$/i.test(value)) throw wrong(`has:${value}`, 'Write has:attachment.');
    return { sql: 'm.attachments > 0', values: [] };
  },
  after: value => ({ sql: 'm.date >= ?', values: [periodOf('after:', value)[0]] }),
  since: value => ({ sql: 'm.date >= ?', values: [periodOf('since:', value)[0]] }),
  before: value => ({ sql: 'm.date < ?', values: [periodOf('before:', value)[0]] }),
  date: value => ({ sql: 'm.date >= ? AND m.date < ?', values: [...periodOf('date:', value)] }),
  larger: value => ({ sql: 'm.size > ?', values: [sizeOf('larger', value)] }),
  smaller: value => ({ sql: 'm.size < ?', values: [sizeOf('smaller', value)] }),
  account: value => ({ sql: 'm.account IN (?, ?)', values: [value, folderName(value)] }),
  id: value => ({ sql: 'm.message_id = ?', values: [bareId(value)] }),
};

const FIELDS = [...Object.keys(COLUMNS), ...Object.keys(CONDITIONS)];

/** Throws `usage` for what it does not understand. */
export function parseQuery(text: string): Query {
  if (text.length > QUERY_CHARS_MAX) throw wrong(`${text.length} characters`, `A query has at most ${QUERY_CHARS_MAX}.`);
  const tokens = tokensOf(text);
  if (tokens.length > TERMS_MAX) throw wrong(`${tokens.length} words`, `A query has at most ${TERMS_MAX}.`);
  /** Each is a list of alternatives. */
  const wanted: string[][] = [];
  const unwanted: string[] = [];
  const conditions: Condition[] = [];
  let alternative = false;
  for (const token of tokens) {
    if (token === 'OR') {
      if (wanted.length === 0 || alternative) throw wrong('OR', 'It stands between two words.');
      alternative = true;
      continue;
    }
    const { field, value, negated } = token;
    const condition = CONDITIONS[field];
    if (condition !== undefined) {
      if (alternative) throw wrong(`OR ${field}:`, 'Only words have alternatives.');
      const { sql, values } = condition(value);
      conditions.push(negated ? { sql: `NOT (${sql})`, values } : { sql, values });
    } else if (negated) {
      if (alternative) throw wrong(`OR -${value}`, 'Only words have alternatives.');
      unwanted.push(expression(token));
    } else if (alternative) wanted.at(-1)?.push(expression(token));
    else wanted.push([expression(token)]);
    alternative = false;
  }
  if (alternative) throw wrong('OR', 'It stands between two words.');
  const match = wanted.map(group => (group.length === 1 ? group[0] : `(${group.join(' OR ')})`)).join(' AND ');
  return {
    match: match === '' ? undefined : match,
    exclude: unwanted.length === 0 ? undefined : unwanted.join(' OR '),
    conditions,
  };
}

interface Token {
  /** '' for a word without one. */
  readonly field: string;
  readonly value: string;
  readonly negated: boolean;
  readonly prefix: boolean;
}

function tokensOf(text: string): readonly (Token | 'OR')[] {
  const tokens: (Token | 'OR')[] = [];
  let negate = false;
  for (const [raw, minus, field = '', quoted, word = ''] of text.matchAll(/(-)?(?:([a-z]+):)?(?:"([^"]*)"?|([^\s"]+))/gi)) {
    if (raw === 'OR') tokens.push('OR');
    else if (raw === 'NOT') negate = true;
    else if (raw !== 'AND') {
      tokens.push(tokenOf(field, quoted, word, negate || minus !== undefined));
      negate = false;
    }
  }
  return tokens;
}

function tokenOf(field: string, quoted: string | undefined, word: string, negated: boolean): Token {
  const name = field.toLowerCase();
  if (field !== '' && !FIELDS.includes(name))
    throw wrong(`${field}:`, `There are: ${FIELDS.join(': ')}:. Put words that contain a colon in quotes.`);
  if (quoted !== undefined) return { field: name, value: quoted, negated, prefix: false };
  const prefix = word.endsWith('*') && name in { ...COLUMNS, '': 1 };
  return { field: name, value: prefix ? word.slice(0, -1) : word, negated, prefix };
}

/** A string of FTS5: nothing in it is syntax. */
function expression({ field, value, prefix }: Token): string {
  if (!/[\p{L}\p{N}]/u.test(value))
    throw wrong(value === '' ? `${field}:` : value, 'A word to search for has a letter or a digit.');
  const column = COLUMNS[field];
  return `${column === undefined ? '' : `{${column}} : `}"${withBreaks(value).replaceAll('"', '""')}"${prefix ? ' *' : ''}`;
}

function sizeOf(field: string, value: string): number {
  const size = parseSize(
    value
      .toUpperCase()
      .replace(/^([\d.]+)$/, '$1B')
      .replace(/^([\d.]+[KMGT])$/, '$1B'),
  );
  if (size !== undefined) return size;
  throw wrong(`${field}:${value}`, 'Write a size like 500KB or 2MB.');
}

/** Without its angle brackets. */
export function bareId(messageId: string): string {
  return messageId.trim().replace(/^<(.*)>$/, '$1');
}

function wrong(what: string, hint: string): AppError {
  return new AppError('usage', `${what}: this cannot be searched for`, { hint });
}
