// Messages that break careless clients: dots, long and 8-bit lines, no end of line at the end, nothing at all after the header.
import { createHash } from 'node:crypto';

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

/** With CRLF line ends, as they travel. */
export function sampleMessages(): Buffer[] {
  const bodies = [
    'One line.\r\n',
    '.\r\n..\r\n.leading dot\r\n...\r\n',
    '\r\n\r\n\r\n',
    'From the start of a line\r\n>From another\r\n',
    `${'x'.repeat(998)}\r\n${'y'.repeat(998)}\r\n`,
    'Grüße aus Zürich, 你好\r\n',
    '+OK this is no reply\r\n-ERR nor this\r\n250 nor this\r\n',
    Array.from({ length: 4_000 }, (_, line) => `${line % 7 === 0 ? '.' : ''}line ${line} ${'z'.repeat(line % 70)}\r\n`).join(''),
  ];
  return bodies.map((body, index) => Buffer.from(`From: a@example.test\r\nSubject: sample ${index}\r\n\r\n${body}`));
}

/** As a Maildir has it: LF line ends. */
export function withLf(message: Buffer): Buffer {
  return Buffer.from(message.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
}
