// A mailbox as people write it, `Ops Team <ops@example.org>`, taken apart into name and address text.

export interface Mailbox {
  /** As shown to people; '' when there is none. */
  readonly name: string;
  readonly address: string;
}

/** Longer ones are no names. */
const MAILBOX_CHARS_MAX = 500;

/** Takes the name off; the address is not checked here. Undefined when the brackets or quotes do not fit. */
export function parseMailbox(text: string): Mailbox | undefined {
  const trimmed = text.trim();
  if (trimmed.length > MAILBOX_CHARS_MAX || /[\x00-\x1f\x7f]/.test(trimmed)) return undefined;
  if (!trimmed.endsWith('>')) return /[<>]/.test(withoutQuoted(trimmed)) ? undefined : { name: '', address: trimmed };
  const open = trimmed.lastIndexOf('<');
  const name = open === -1 ? undefined : unquoted(trimmed.slice(0, open).trim());
  return name === undefined ? undefined : { name, address: trimmed.slice(open + 1, -1) };
}

/** The form for people; mail headers are encoded by the composer. */
export function formatMailbox({ name, address }: Mailbox): string {
  return name === '' ? address : `${name} <${address}>`;
}

/** A bare name, or a quoted one with its escapes undone; undefined when quotes or brackets are left over. */
function unquoted(text: string): string | undefined {
  const quoted = /^"((?:[^"\\]|\\.)*)"$/.exec(text)?.[1];
  if (quoted !== undefined) return quoted.replace(/\\(.)/g, '$1');
  return /["<>]/.test(text) ? undefined : text;
}

function withoutQuoted(text: string): string {
  return text.replace(/"(?:[^"\\]|\\.)*"/g, '');
}
