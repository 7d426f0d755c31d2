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

/** Replaces secrets, and their base64 and URL-encoded forms, in text that leaves the program. */
export class Redactor {
  readonly #needles = new Set<string>();

  add(secret: Secret): void {
    const value = secret.reveal();
    if (value.length < MASKED_LENGTH_MIN) return;
    const base64 = Buffer.from(value).toString('base64').replace(/=+$/, '');
    const forms = [value, encodeURIComponent(value), base64, JSON.stringify(value).slice(1, -1), printable(value)];
    for (const form of [...forms, ...linesOf(value)]) this.#needles.add(form);
  }

  redact(text: string): string {
    let clean = text;
    for (const needle of [...this.#needles].sort((a, b) => b.length - a.length)) clean = clean.replaceAll(needle, MASK);
    return clean;
  }

  /** The same for every string inside a JSON value, keys included. */
  redactValue<T>(value: T): T {
    if (this.#needles.size === 0) return value;
    return redactDeep(value, text => this.redact(text)) as T;
  }
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
