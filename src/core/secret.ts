// A value that cannot be printed, logged or serialised by accident.
import { inspect } from 'node:util';
import { printable } from './text.ts';

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

/** Replaces secrets in text that leaves the program, in all forms that programs and servers repeat them in. */
export class Redactor {
  readonly #needles = new Set<string>();
  #longestFirst: readonly string[] | undefined;

  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < MASKED_LENGTH_MIN || this.#needles.has(value)) return;
    for (const form of formsOf(value)) this.#needles.add(form);
    this.#longestFirst = undefined;
  }

  redact(text: string): string {
    this.#longestFirst ??= [...this.#needles].sort((a, b) => b.length - a.length);
    let clean = text;
    for (const needle of this.#longestFirst) clean = clean.replaceAll(needle, MASK);
    return clean;
  }

  /** The same for every string inside a JSON value, keys included. */
  redactValue<T>(value: T): T {
    if (this.#needles.size === 0) return value;
    return redactDeep(value, text => this.redact(text)) as T;
  }
}

function formsOf(value: string): ReadonlySet<string> {
  return new Set([
    value,
    printable(value),
    // UTF-8 taken for Latin-1, as whoever takes a server's words for Latin-1 does.
    printable(Buffer.from(value).toString('latin1')),
    ...jsonForms(value),
    ...shellForms(value),
    ...markupForms(value),
    ...urlForms(value),
    ...hexForms(value),
    ...base64Forms(value),
    ...linesOf(value),
  ]);
}

/** Some programs write slashes with a backslash, and in ASCII alone (Python, PHP, .NET). */
function jsonForms(value: string): readonly string[] {
  const json = JSON.stringify(value).slice(1, -1);
  const ascii = json.replace(/[\u007f-\uffff]/g, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const capital = ascii.replace(/\\u[0-9a-f]{4}/g, code => `\\u${code.slice(2).toUpperCase()}`);
  return [json, ascii, capital].flatMap(form => [form, form.replaceAll('/', '\\/')]);
}

/** In single quotes, in double ones, as `printf %q` has it, and as `set -x` shows the right side of `[[ a == "$b" ]]`. */
function shellForms(value: string): readonly string[] {
  const escaped = (pattern: RegExp) => value.replace(pattern, '\\$&');
  return [value.replaceAll("'", `'\\''`), escaped(/["$`\\]/g), escaped(/[^\w@%+=:,./-]/gu), escaped(/./gsu)];
}

/** HTML and XML, with the quotes escaped as well or not. */
function markupForms(value: string): readonly string[] {
  const content = value.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
  const quoted = content.replaceAll('"', '&quot;');
  return [content, quoted, ...['&#39;', '&#x27;', '&apos;'].map(quote => quoted.replaceAll("'", quote))];
}

/** As encodeURIComponent, as RFC 3986 has it, as forms have it; hexadecimal digits in either case. */
function urlForms(value: string): readonly string[] {
  const usual = encodeURIComponent(value.toWellFormed());
  const strict = usual.replace(/[!'()*]/g, char => `%${char.charCodeAt(0).toString(16).toUpperCase()}`);
  const forms = [usual, strict, strict.replaceAll('%20', '+')];
  return [...forms, ...forms.map(form => form.replace(/%../g, code => code.toLowerCase()))];
}

function hexForms(value: string): readonly string[] {
  const hex = Buffer.from(value).toString('hex');
  return [hex, hex.toUpperCase()];
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
