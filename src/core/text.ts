// Text from servers, mails and file names made safe and short enough for a terminal, a log line or a mail.

/** C0, DEL, C1, and the bidirectional and invisible format characters that make text lie. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]/g;

/** Replaces every control, bidi or broken character by a visible escape, so that no escape sequence reaches a terminal. */
export function printable(text: string): string {
  return text.toWellFormed().replace(UNSAFE, char => {
    const code = char.charCodeAt(0);
    if (char === '\t') return ' ';
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** JSON in which those characters stand as escapes: the same to a program, and nothing to a terminal. Two blanks a level with `indent`. */
export function printableJson(value: unknown, { indent = false } = {}): string {
  const text = JSON.stringify(value, undefined, indent ? 2 : 0);
  return indent ? text.split('\n').map(escaped).join('\n') : escaped(text);
}

function escaped(json: string): string {
  return json.replace(UNSAFE, char => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Like printable, but line ends stay. */
export function printableLines(text: string): string {
  return text
    .split(/\r\n|\n/)
    .map(printable)
    .join('\n');
}

/** The same for bytes that come in pieces; what is not UTF-8 becomes U+FFFD. */
export async function* printableStream(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of bytes) {
    const text = rest + decoder.decode(chunk, { stream: true });
    // A CR alone may be half of a line end.
    rest = text.endsWith('\r') ? '\r' : '';
    yield printableLines(rest === '' ? text : text.slice(0, -1));
  }
  yield printableLines(rest + decoder.decode());
}

/** A word of a command that the user may copy, as a POSIX shell takes it back whole. */
export function shellWord(text: string): string {
  return /^[\p{L}\p{M}\p{N}_@%+=:,./-]+$/u.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** The first line; an ellipsis says that there are more. */
export function headline(text: string): string {
  const [first = '', ...more] = text.trim().split(/\r\n|\n/);
  return more.length === 0 ? first : `${first.trimEnd()} …`;
}

/** At most `width` code points, the cut marked by an ellipsis. */
export function shorten(text: string, width: number): string {
  if (text.length <= width) return text;
  const points = [...text];
  if (points.length <= width) return text;
  return width <= 1 ? '…'.slice(0, Math.max(0, width)) : `${points.slice(0, width - 1).join('')}…`;
}
