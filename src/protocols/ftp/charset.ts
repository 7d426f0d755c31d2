// File names between text and bytes, without losing a byte: UTF-8 (RFC 2640), or the charset of a legacy server.
import { isAscii } from 'node:buffer';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';

export interface Charset {
  /** The WHATWG name: `utf-8`, `windows-1252`, … */
  readonly name: string;
  /** Throws AppError `name-unencodable` when the charset lacks a character. */
  encode(text: string): Buffer;
  /** Bytes that are no text in this charset become lone surrogates U+DC80 to U+DCFF, which encode() turns back. */
  decode(bytes: Uint8Array): string;
}

/** `label` as WHATWG names charsets (`latin1`, `windows-1252`, `koi8-r`, …). Throws AppError `encoding-unknown`. */
export function charsetOf(label: string | undefined): Charset {
  if (label === undefined) return utf8Charset;
  let name: string;
  try {
    name = new TextDecoder(label).encoding;
  } catch {
    throw unknown(label, 'is no known charset');
  }
  if (name === 'utf-8') return utf8Charset;
  const table = singleByteTable(name);
  if (table === undefined) throw unknown(label, 'is not a single-byte charset');
  return singleByte(name, table);
}

const strict = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

const utf8Charset: Charset = {
  name: 'utf-8',
  encode: text => (text.isWellFormed() ? Buffer.from(text, 'utf8') : encodeEscaped(text, part => Buffer.from(part, 'utf8'))),
  decode(bytes) {
    // Nearly every name and reply: a decoder costs more than they are worth.
    if (isAscii(bytes)) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    try {
      return strict.decode(bytes);
    } catch {
      return decodeEscaped(bytes);
    }
  },
};

/** Finds the valid stretches; every other byte is kept as a lone surrogate. */
function decodeEscaped(bytes: Uint8Array): string {
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = sequenceLength(bytes, at);
    if (length === 0) text += String.fromCharCode(0xdc00 + (bytes[at] ?? 0));
    else text += strict.decode(bytes.subarray(at, at + length));
    at += Math.max(1, length);
  }
  return text;
}

/** Length of the valid UTF-8 sequence at `at`, or 0. */
function sequenceLength(bytes: Uint8Array, at: number): number {
  const lead = bytes[at] ?? 0;
  const length =
    lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : lead >= 0xe0 && lead < 0xf0 ? 3 : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
  if (length <= 1 || at + length > bytes.length) return length <= 1 ? length : 0;
  try {
    strict.decode(bytes.subarray(at, at + length));
    return length;
  } catch {
    return 0;
  }
}

function encodeEscaped(text: string, encode: (part: string) => Buffer): Buffer {
  const parts: Buffer[] = [];
  for (const part of text.split(/([\udc80-\udcff])/)) {
    const code = part.length === 1 ? part.charCodeAt(0) : 0;
    if (code >= 0xdc80 && code <= 0xdcff) parts.push(Buffer.of(code - 0xdc00));
    else if (part.isWellFormed()) parts.push(encode(part));
    else return encodePoints(text, encode);
  }
  return Buffer.concat(parts);
}

/** The slow way round, where an escape follows a high surrogate or a surrogate stands alone that is no escape. */
function encodePoints(text: string, encode: (part: string) => Buffer): Buffer {
  return Buffer.concat(
    [...text].map(point => {
      const code = point.length === 1 ? point.charCodeAt(0) : 0;
      if (code >= 0xdc80 && code <= 0xdcff) return Buffer.of(code - 0xdc00);
      if (!point.isWellFormed()) throw unencodable(text, point, 'utf-8');
      return encode(point);
    }),
  );
}

/** Unicode of each byte, or undefined when the charset uses more than one byte a character. */
function singleByteTable(name: string): readonly string[] | undefined {
  const decoder = new TextDecoder(name);
  const table = Array.from({ length: 256 }, (_, byte) => {
    const char = decoder.decode(Uint8Array.of(byte));
    return char.length === 1 && char !== '\ufffd' ? char : String.fromCharCode(0xdc00 + byte);
  });
  const whole = decoder.decode(Uint8Array.from({ length: 256 }, (_, byte) => byte));
  return whole.length === 256 && table.slice(0, 0x80).every((char, byte) => char.charCodeAt(0) === byte) ? table : undefined;
}

function singleByte(name: string, table: readonly string[]): Charset {
  const bytes = new Map(table.map((char, byte) => [char, byte]));
  return {
    name,
    encode: text =>
      Buffer.from(
        Array.from(text, char => {
          const byte = bytes.get(char);
          if (byte === undefined) throw unencodable(text, char, name);
          return byte;
        }),
      ),
    decode: input => Array.from(input, byte => table[byte] ?? '').join(''),
  };
}

function unknown(label: string, why: string): AppError {
  return new AppError('encoding-unknown', `encoding "${printable(label)}" ${why}`, {
    hint: 'Use utf-8 or a single-byte charset such as windows-1252, iso-8859-15 or koi8-r.',
  });
}

function unencodable(text: string, char: string, name: string): AppError {
  return new AppError('name-unencodable', `"${printable(text)}" has "${printable(char)}", which the charset ${name} lacks`, {
    hint: 'Rename the file, or set `encoding: utf-8` if the server understands it.',
  });
}
