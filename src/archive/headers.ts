// The four header fields that the manifest shows, read from the first bytes of a message. For people to recognise it; never for identity.

export interface MessageFacts {
  readonly messageId: string | undefined;
  readonly date: string | undefined;
  readonly from: string | undefined;
  readonly subject: string | undefined;
}

/** Fields that begin later are not seen. */
export const HEADER_BYTES_MAX = 64 * 1024;
const VALUE_CHARS_MAX = 1_000;

/** Keeps the beginning of a message until its header has ended. */
export class HeaderPeek {
  #head: Buffer[] = [];
  #bytes = 0;

  push(chunk: Buffer): void {
    if (this.#bytes >= HEADER_BYTES_MAX) return;
    const part = Buffer.from(chunk.subarray(0, HEADER_BYTES_MAX - this.#bytes));
    this.#head.push(part);
    this.#bytes += part.length;
  }

  facts(): MessageFacts {
    return factsOf(Buffer.concat(this.#head));
  }
}

/** Of a message in one piece, or its beginning. */
export function factsOf(message: Buffer): MessageFacts {
  const fields = readFields(message.subarray(0, HEADER_BYTES_MAX));
  return {
    messageId: fields.get('message-id'),
    date: fields.get('date'),
    from: fields.get('from'),
    subject: fields.get('subject'),
  };
}

const SHOWN: ReadonlySet<string> = new Set(['message-id', 'date', 'from', 'subject']);

/** The first field of each name counts; folded lines are joined (RFC 5322 section 2.2.3). */
function readFields(head: Buffer): ReadonlyMap<string, string> {
  const fields = new Map<string, string>();
  const text = decodeBytes(head.subarray(0, headerEnd(head)));
  for (const line of text.replace(/\r?\n(?=[ \t])/g, '').split(/\r?\n/)) {
    const colon = line.indexOf(':');
    const name = line.slice(0, Math.max(0, colon)).trim().toLowerCase();
    if (SHOWN.has(name) && !fields.has(name))
      fields.set(name, decodeWords(line.slice(colon + 1).trim()).slice(0, VALUE_CHARS_MAX));
  }
  return fields;
}

function headerEnd(head: Buffer): number {
  if (/^\r?\n/.test(head.toString('latin1', 0, 2))) return 0;
  const ends = [head.indexOf('\n\n'), head.indexOf('\n\r\n')].filter(end => end !== -1);
  return Math.min(head.length, ...ends);
}

/** Encoded words of RFC 2047; the white space between two of them is not part of the text. Unknown ones stay as they are. */
function decodeWords(value: string): string {
  if (!value.includes('=?')) return value;
  const word =
    /=\?([\w-]{1,40})(?:\*[\w-]{0,20})?\?([BQbq])\?([^?\s]{0,2000})\?=(?:[ \t]+(?==\?[\w-]{1,40}(?:\*[\w-]{0,20})?\?[BQbq]\?))?/g;
  return value.replace(word, (raw: string, charset: string, encoding: string, text: string) => {
    const bytes = encoding.toUpperCase() === 'B' ? Buffer.from(text, 'base64') : unquote(text);
    try {
      return new TextDecoder(charset).decode(bytes);
    } catch {
      return raw;
    }
  });
}

function unquote(text: string): Buffer {
  const latin1 = text
    .replaceAll('_', ' ')
    .replace(/=([0-9A-Fa-f]{2})/g, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return Buffer.from(latin1, 'latin1');
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

function decodeBytes(bytes: Buffer): string {
  try {
    return utf8.decode(bytes);
  } catch {
    return bytes.toString('latin1');
  }
}
