// Mails for benches, made from the prose of the packages installed here: the same for the same seed.
import { createHash } from 'node:crypto';
import { globSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../..');
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** Xorshift; numbers in [0, 1). */
export function chance(seed: number): () => number {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}

/** Paragraphs of documentation: English prose with code in between, as on a mailing list of developers. */
export function paragraphs(): readonly string[] {
  const files = globSync('node_modules/**/*.md', { cwd: root }).sort().slice(0, 400);
  const all = files.flatMap(file => readFileSync(join(root, file), 'utf8').split(/\n{2,}/));
  return [...new Set(all.map(text => text.trim()).filter(text => text.length > 80 && text.length < 1_500))];
}

/** A discussion: most mails answer one before, quoting it. Each paragraph is written once, so there are only so many mails. */
export function* listMails(seed = 1): Generator<Buffer> {
  const random = chance(seed);
  const prose = paragraphs().toSorted(() => random() - 0.5);
  const sent: { id: string; subject: string; body: string }[] = [];
  for (let number = 0; number * 3 + 3 < prose.length; number++) {
    const answered = random() < 0.7 ? sent[Math.floor(sent.length * random())] : undefined;
    const own = Array.from({ length: 1 + Math.floor(random() * 3) }, (_, at) => prose[number * 3 + at] ?? '');
    const quoted = answered?.body
      .split('\n')
      .slice(0, 30)
      .map(line => `> ${line}`)
      .join('\n');
    const body = [...(quoted === undefined ? [] : ['On that day somebody wrote:', quoted]), ...own, '-- \nSomebody'].join('\n\n');
    const subject =
      answered === undefined ? (own[0] ?? '').replace(/\s+/g, ' ').slice(0, 50) : `Re: ${answered.subject.replace(/^Re: /, '')}`;
    const id = `<${token(seed, number)}@host${Math.floor(random() * 200)}.example>`;
    sent.push({ id, subject, body });
    yield mail({ number, id, subject, body, random, ...(answered === undefined ? {} : { answered: answered.id }) });
  }
}

interface Letter {
  readonly number: number;
  readonly id: string;
  readonly subject: string;
  readonly body: string;
  readonly random: () => number;
  readonly answered?: string;
}

/** With the header that a list mail has after its journey. */
function mail({ number, id, subject, body, random, answered }: Letter): Buffer {
  const person = Math.floor(random() ** 2 * 300);
  const at = new Date(Date.UTC(2020, 0, 1) + number * 915_000);
  const date = `${String(at.getUTCDate()).padStart(2, '0')} ${MONTHS[at.getUTCMonth()]} ${at.getUTCFullYear()} ${at.toISOString().slice(11, 19)} +0000`;
  const lines = [
    `Return-Path: <dev-bounces@lists.example>`,
    `Received: from mx.lists.example (mx.lists.example [192.0.2.${number % 250}]) by mail.example.test (Postfix) with ESMTPS id ${token(1, number).slice(0, 11)}; ${date}`,
    `Received: from host${person}.example (host${person}.example [198.51.100.${person % 250}]) by mx.lists.example with ESMTP id ${token(2, number).slice(0, 12)}; ${date}`,
    `DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed; d=host${person}.example; s=mail; h=from:to:subject:date:message-id; bh=${hash(3, number)}=; b=${hash(4, number)}${hash(5, number)}${hash(6, number)}${hash(7, number)}`,
    `From: Person ${person} <person${person}@host${person}.example>`,
    'To: dev@lists.example',
    `Subject: [dev] ${subject.replace(/[^\x20-\x7e]/g, '?')}`,
    `Date: ${date}`,
    `Message-ID: ${id}`,
    ...(answered === undefined ? [] : [`In-Reply-To: ${answered}`, `References: ${answered}`]),
    'List-Id: Development <dev.lists.example>',
    'List-Unsubscribe: <https://lists.example/options/dev>, <mailto:dev-request@lists.example?subject=unsubscribe>',
    'MIME-Version: 1.0',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: 8bit',
    '',
    body,
    '',
  ];
  return Buffer.from(lines.join('\n').replaceAll('\r', '').replaceAll('\n', '\r\n'));
}

/** `count` mails with an attachment of a megabyte that nothing can be packed from; only every tenth is a new one. */
export function* attachmentMails(count: number): Generator<Buffer> {
  for (let number = 0; number < count; number++) {
    const random = chance(1_000 + (number % (count / 10)));
    const content = Buffer.from(Uint32Array.from({ length: 2 ** 18 }, () => random() * 2 ** 32).buffer).toString('base64');
    const head = `From: a@example.test\r\nSubject: report ${number}\r\nMessage-ID: <${token(9, number)}@x>\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\nplease read ${number}\r\n`;
    const part = '--b\r\nContent-Type: application/pdf; name=report.pdf\r\nContent-Transfer-Encoding: base64\r\n\r\n';
    yield Buffer.from(`${head}${part}${content.replace(/.{76}/g, '$&\r\n')}\r\n--b--\r\n`);
  }
}

/** Short mails of words as frequent as in prose; every tenth has an attachment by name. */
export function* wordMails(count: number, seed = 7): Generator<Buffer> {
  const random = chance(seed);
  const words = vocabulary();
  const word = () => words[Math.min(words.length - 1, Math.floor(Math.exp(random() * Math.log(words.length))) - 1)] ?? 'the';
  const text = (length: number) => Array.from({ length }, word).join(' ');
  for (let number = 0; number < count; number++) {
    const at = new Date(Date.UTC(2016, 0, 1) + number * 1_500_000).toUTCString().replace('GMT', '+0000');
    const file =
      number % 10 === 0
        ? `\r\n--b\r\nContent-Type: application/pdf; name="${word()}-${number}.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=`
        : '';
    const type = file === '' ? 'text/plain; charset=utf-8' : 'multipart/mixed; boundary=b';
    const body = file === '' ? text(60 + Math.floor(random() * 120)) : `--b\r\n\r\n${text(80)}${file}\r\n--b--`;
    yield Buffer.from(
      `From: ${word()} <${word()}@${word()}.example>\r\nTo: me@example.test\r\nSubject: ${text(5)} ${number}\r\nDate: ${at}\r\nMessage-ID: <${token(8, number)}@x>\r\nContent-Type: ${type}\r\n\r\n${body}\r\n`,
    );
  }
}

/** The most frequent first. */
export function vocabulary(): readonly string[] {
  const counts = new Map<string, number>();
  for (const text of paragraphs())
    for (const word of text.toLowerCase().match(/[a-z]{2,16}/g) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([word]) => word);
}

function hash(kind: number, number: number): string {
  return createHash('sha256').update(`${kind}/${number}`).digest('base64').slice(0, 43);
}

function token(kind: number, number: number): string {
  return createHash('sha256').update(`${kind}/${number}`).digest('hex').slice(0, 24);
}
