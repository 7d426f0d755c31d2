// A value that cannot be printed, logged or serialised by accident.
import { inspect } from 'node:util';

const MASK = '****';

export class Secret {
  readonly #value: string;

  constructor(value: string) {
    this.#value = value;
  }

  /** The clear text: only for the bytes that go to a server. */
  reveal(): string {
    return this.#value;
  }

  toString(): string {
    return MASK;
  }

  toJSON(): string {
    return MASK;
  }

  [Symbol.toPrimitive](): string {
    return MASK;
  }

  [inspect.custom](): string {
    return MASK;
  }
}

/** Shorter values would mask ordinary words. */
const MASKED_LENGTH_MIN = 4;
/** The same for a line of a longer secret, which may hold common words besides (`{`, `"type": …`). */
const MASKED_LINE_LENGTH_MIN = 8;
/** And for the middle of base64: 36 bits do not meet by chance. */
const MASKED_BASE64_LENGTH_MIN = 6;

/** And for the beginning of one, where a text was cut. */
const MASKED_BEGINNING_LENGTH_MIN = 6;
/** Of a longer secret only its plain form is looked for, as a whole and line by line. */
const ANY_FORM_LENGTH_MAX = 4_096;

interface Needle {
  readonly find: string | RegExp;
  /** The longest is looked for first. */
  readonly length: number;
}

/** Replaces secrets in text that leaves the program, in all forms that programs and servers repeat them in. */
export class Redactor {
  readonly #known = new Set<string>();
  #needles: readonly Needle[] = [];

  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < MASKED_LENGTH_MIN || this.#known.has(value)) return;
    this.#known.add(value);
    this.#needles = [...this.#needles, ...needlesOf(value)].sort((a, b) => b.length - a.length);
  }

  redact(text: string): string {
    let clean = text;
    for (const { find } of this.#needles) clean = clean.replaceAll(find, MASK);
    return clean;
  }

  /** The same for every string inside a JSON value, keys included. */
  redactValue<T>(value: T): T {
    if (this.#known.size === 0) return value;
    return redactDeep(value, text => this.redact(text)) as T;
  }
}

function needlesOf(value: string): readonly Needle[] {
  const written = [value, ...linesOf(value)].flatMap((text): readonly Needle[] => {
    if (text.length > ANY_FORM_LENGTH_MAX) return [{ find: text, length: text.length }];
    const chars = (text.match(/\\+|./gsu) ?? []).map(anyForm);
    return [
      { find: text, length: text.length },
      { find: new RegExp(chars.join(''), 'g'), length: text.length },
      { find: new RegExp(cutForm(chars), 'g'), length: 0 },
    ];
  });
  const encoded = [...new Set([...hexForms(value), ...base64Forms(value)])];
  return [...written, ...encoded.map(find => ({ find, length: find.length }))];
}

/**
 * A regular expression for a character, or a run of backslashes, as it is, and as it is escaped in URLs and forms, JSON (also within JSON, and
 * in ASCII alone), by shells, in HTML, XML and quoted-printable, by printable(), and as UTF-8 that was taken for Latin-1. Letters and digits
 * stay what they are, but for `set -x`, which writes a backslash before each in `[[ a == "$b" ]]`. No text matches in two ways, one of
 * which would have to be tried after the other: backslashes belong to the run before, if there is one.
 */
function anyForm(char: string, at: number, all: readonly string[]): string {
  const isBehindRun = all[at - 1]?.startsWith('\\') === true;
  if (/[A-Za-z0-9]/.test(char)) return isBehindRun ? char : `\\\\?${char}`;
  const count = char.startsWith('\\') ? char.length : 1;
  const code = char.codePointAt(0) ?? 0;
  const bytes = [...Buffer.from(count > 1 ? '\\' : char)];
  const plain = `${isBehindRun ? '' : '\\\\{0,7}'}${char.replace(/[$^.*+?()[\]{}|]/, '\\$&')}${char === "'" ? `(?!${SHELL_QUOTE})` : ''}`;
  const units = count > 1 ? ['\\'] : char.split('');
  const escaped = [
    bytes.map(byte => `%(?:25)?${hex(byte, 2)}`).join(''),
    units.map(unit => `\\\\{1,7}u${hex(unit.charCodeAt(0), 4)}`).join(''),
    `&(?:amp;)?#(?:0*${code}|[xX]0*${hex(code, 1)});`,
    bytes.map(byte => `=${hex(byte, 2)}`).join(''),
    ...(code < 0x100 ? [`\\\\{1,7}x${hex(code, 2)}`] : []),
    ...(code < 0x80 ? [] : [bytes.map(byte => `(?:${String.fromCharCode(byte)}|\\\\{1,7}x${hex(byte, 2)})`).join('')]),
    ...(OTHER_FORMS[char] ?? []),
  ].join('|');
  return char.startsWith('\\') ? `(?:\\\\{${count},${8 * count}}|(?:${escaped}){${count}})` : `(?:${plain}|${escaped})`;
}

/** What follows the first quote of `'\\''` and `'"'"'`: a quote within quotes of a shell. */
const SHELL_QUOTE = `(?:\\\\{1,7}'|"'")'`;

const OTHER_FORMS: Readonly<Record<string, readonly string[]>> = {
  ' ': ['\\+'],
  '\t': [' ', '\\\\{1,7}t'],
  '\n': ['\\\\{1,7}n'],
  '\r': ['\\\\{1,7}r'],
  '&': ['&(?:amp;){1,2}'],
  '<': ['&(?:amp;)?lt;'],
  '>': ['&(?:amp;)?gt;'],
  '"': ['&(?:amp;)?quot;'],
  "'": ['&(?:amp;)?apos;', `'${SHELL_QUOTE}`],
};

/** In either case. */
function hex(value: number, digits: number): string {
  return value
    .toString(16)
    .padStart(digits, '0')
    .replace(/[a-f]/g, digit => `[${digit}${digit.toUpperCase()}]`);
}

/** The beginning of a secret at the end of a text that shorten() cut; of a long one also more than its beginning. */
function cutForm(chars: readonly string[]): string {
  const beginning = chars.slice(0, 48);
  let rest = chars.length > beginning.length ? `[^…]{0,${(chars.length - beginning.length) * 8}}` : '';
  for (const char of beginning.slice(MASKED_BEGINNING_LENGTH_MIN).reverse()) rest = `(?:${char}${rest})?`;
  return `${beginning.slice(0, MASKED_BEGINNING_LENGTH_MIN).join('')}${rest}(?=…)`;
}

function hexForms(value: string): readonly string[] {
  const digits = Buffer.from(value).toString('hex');
  return [digits, digits.toUpperCase()];
}

/**
 * Base64 of the value alone, and inside something longer (`\0user\0password`, `user:password`): there it begins at one of three
 * places in a group, and only the characters that no neighbour has a part in are known. Both alphabets of RFC 4648.
 */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  const alone = bytes.toString('base64').replace(/=+$/, '');
  const inside = [0, 1, 2].map(before => {
    const text = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replace(/=+$/, '');
    const partial = (before + bytes.length) % 3 === 0 ? 0 : 1;
    return text.slice(before === 0 ? 0 : before + 1, text.length - partial);
  });
  const wrapped = [64, 76].flatMap(width => alone.match(new RegExp(`.{8,${width}}`, 'g')) ?? []);
  const forms = [alone, ...inside.filter(form => form.length >= MASKED_BASE64_LENGTH_MIN), ...(alone.length > 64 ? wrapped : [])];
  return [...forms, ...forms.map(form => form.replaceAll('+', '-').replaceAll('/', '_'))];
}

/** A key of many lines is printed line by line. */
function linesOf(value: string): readonly string[] {
  const lines = value.split(/\r?\n/).map(line => line.trim());
  return lines.length === 1 ? [] : lines.filter(line => line.length >= MASKED_LINE_LENGTH_MIN);
}

function redactDeep(value: unknown, redact: (text: string) => string): unknown {
  if (typeof value === 'string') return redact(value);
  if (Array.isArray(value)) return value.map(item => redactDeep(item, redact));
  if (value === null || typeof value !== 'object' || value instanceof Secret) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [redact(key), redactDeep(item, redact)]));
}
