// Names of attachments made safe for a folder: whatever a mail says, one plain name in that folder comes out.

const NAME_BYTES_MAX = 150;
const EXTENSION_CHARS_MAX = 16;
/** Of Windows, with or without an extension. */
const RESERVED = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i;
/** Controls, bidirectional and invisible characters, path separators, and what some file system forbids. */
const UNSAFE = /[\u0000-\u001f\u007f-\u009f\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb/\\:*?"<>|]/g;

/** Never empty, hidden, a path, an option, or longer than file systems take; the extension stays. */
export function safeFileName(name: string | undefined): string {
  const last = (name ?? '').split(/[/\\]/).at(-1) ?? '';
  const clean = last
    .toWellFormed()
    .normalize('NFC')
    .replace(UNSAFE, '_')
    .replace(/\s+/g, ' ')
    .replace(/^[. -]+|[. ]+$/g, '');
  if (clean === '') return 'attachment';
  const [stem, extension] = partsOf(RESERVED.test(clean) ? `_${clean}` : clean);
  return `${cut(stem, NAME_BYTES_MAX - Buffer.byteLength(extension))}${extension}`;
}

/** `invoice.pdf` → `invoice-3f2a9c1b.pdf`. */
export function withTag(name: string, tag: string): string {
  const [stem, extension] = partsOf(name);
  return `${stem}-${tag}${extension}`;
}

function partsOf(name: string): readonly [stem: string, extension: string] {
  const dot = name.lastIndexOf('.');
  return dot <= 0 || name.length - dot > EXTENSION_CHARS_MAX ? [name, ''] : [name.slice(0, dot), name.slice(dot)];
}

/** Whole code points. */
function cut(text: string, bytesMax: number): string {
  let [bytes, out] = [0, ''];
  for (const char of text) {
    bytes += Buffer.byteLength(char);
    if (bytes > bytesMax) break;
    out += char;
  }
  return out;
}
