// A mail without the bodies of its attachments: for an index their names are enough, and decoding them is nearly all the work.

const DASHES = Buffer.from('\n--');
const LF = 0x0a;
/** Of one part. */
const HEADER_BYTES_MAX = 64 * 1024;

/** Drops the bodies of base64 parts that are no text; everything else stays in its place. In linear time. */
export function withoutAttachments(mail: Buffer): Buffer {
  const kept: Buffer[] = [];
  let from = 0;
  // Between one line that begins with -- and the next lies at most one part: its header, a blank line, its body.
  for (let at = 0; at !== -1; ) {
    const next = mail.indexOf(DASHES, at + 1);
    const end = next === -1 ? mail.length : next + 1;
    const body = bodyStart(mail, at, end);
    if (body !== undefined && isAttachment(mail.toString('latin1', at, body))) {
      kept.push(mail.subarray(from, body));
      from = end;
    }
    at = next;
  }
  return from === 0 ? mail : Buffer.concat([...kept, mail.subarray(from)]);
}

/** Behind the first blank line after `at`. */
function bodyStart(mail: Buffer, at: number, end: number): number | undefined {
  const limit = Math.min(end, at + HEADER_BYTES_MAX);
  for (let line = at; line !== -1 && line < limit; line = mail.indexOf(LF, line + 1)) {
    const start = mail[line] === LF ? line + 1 : line;
    if (mail[start] === LF) return start + 1;
    if (mail[start] === 0x0d && mail[start + 1] === LF) return start + 2;
  }
  return undefined;
}

function isAttachment(header: string): boolean {
  if (!/^content-transfer-encoding:[ \t]*base64/im.test(header)) return false;
  const type = /^content-type:\s*([a-z]+)\//im.exec(header)?.[1]?.toLowerCase();
  return type !== undefined && !['text', 'message', 'multipart'].includes(type);
}
