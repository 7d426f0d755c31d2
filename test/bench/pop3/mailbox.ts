// The mails of a workload, the same every time, and how they are recognised whatever a program has added to them.
import { createHash } from 'node:crypto';

export interface Workload {
  readonly messages: number;
  /** Sizes lie between these; most are near the lower one. */
  readonly bytesMin: number;
  readonly bytesMax: number;
}

/** With LF, as a Maildir has it. */
export function* mailsOf({ messages, bytesMin, bytesMax }: Workload): Generator<Buffer> {
  const random = generator(20_261_126);
  const filler = Array.from({ length: 4_096 }, () => lineOf(random)).join('\n');
  for (let at = 0; at < messages; at++) {
    const size = bytesMin + Math.floor((bytesMax - bytesMin) * random() ** 9.6);
    const head = Buffer.from(
      `From: sender${at % 97}@example.org\nTo: me@example.org\nSubject: message ${at}\nMessage-ID: <${at}@example.org>\n` +
        `Date: Thu, 26 Nov 2026 04:00:00 +0000\n\nbody ${at}\n`,
    );
    const mail = Buffer.alloc(Math.max(size, head.length + 1), filler);
    head.copy(mail);
    mail[mail.length - 1] = 0x0a;
    yield mail;
  }
}

/** Of the five fields that every mail has, and the body: a program may add others. Line ends, and how many stand last, do not count. */
export function fingerprint(mail: Buffer): string {
  const head = mail.toString('latin1', 0, Math.min(mail.length, 65_536)).replaceAll('\r\n', '\n');
  const end = head.indexOf('\n\n');
  const fields = head
    .slice(0, end)
    .split('\n')
    .filter(line => /^(?:From|To|Subject|Message-ID|Date): /.test(line))
    .sort();
  const start = bodyStart(mail);
  const hash = createHash('sha256').update(fields.join('\n'));
  let finish = mail.length;
  while (mail[finish - 1] === 0x0a || mail[finish - 1] === 0x0d) finish -= 1;
  const body = mail.subarray(start, finish);
  // In pieces: a mail may be larger than a string.
  for (let at = 0; at < body.length; at += PIECE)
    hash.update(body.toString('latin1', at, at + PIECE).replaceAll('\r', ''), 'latin1');
  return hash.digest('hex');
}

const PIECE = 16 * 1024 * 1024;

function bodyStart(mail: Buffer): number {
  const ends = ['\n\n', '\n\r\n'].map(end => mail.indexOf(end)).filter(at => at !== -1);
  return Math.min(...ends) + 1;
}

function generator(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

function lineOf(random: () => number): string {
  return Array.from({ length: 12 }, () => Math.floor(random() * 2 ** 31).toString(36))
    .join('')
    .slice(0, 70);
}
