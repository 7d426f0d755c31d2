// The mails of the seed: each has one of the oddities that break careless archivers. Dates and identifiers are fixed.

/** Whole messages, line ends as CRLF. */
export function seedMails(): readonly Buffer[] {
  return [
    mail(1, 'Anna Keller <anna@example.org>', 'Opening hours', [...PLAIN, 'Do we open on Monday?', '', 'Anna']),
    mail(2, 'billing@supplier.example', 'Invoice 2026-1107', invoice()),
    mail(3, 'Ben <ben@example.org>', 'Lines that begin with From', [
      ...PLAIN,
      'From now on we meet at nine.',
      '>From there we go on foot.',
      '',
      'From Ben',
    ]),
    mail(4, '=?utf-8?Q?Zo=C3=AB?= <zoe@example.org>', '=?utf-8?B?R3LDvMOfZSBhdXMgWsO8cmljaA==?=', [
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
      '',
      'Schöne Grüße aus Zürich — und bis bald.',
    ]),
    mail(5, 'cron@server.example', 'Lines of dots', [...PLAIN, '.', '..', '.hidden', '... and so on', '.']),
    mail(6, 'door@server.example', 'Nothing to say', ['']),
    mail(7, 'Newsletter <news@shop.example>', 'Winter offers', alternative()),
    mail(8, 'Carla <carla@example.org>', 'Fwd: a photo of the\r\n quay at night', forwarded()),
  ];
}

const PLAIN = ['MIME-Version: 1.0', 'Content-Type: text/plain; charset=us-ascii', ''];

/** `rest` begins with the remaining header lines and an empty line. */
function mail(number: number, from: string, subject: string, rest: readonly string[]): Buffer {
  const date = new Date(Date.UTC(2026, 10, 9 + number, 7, 15 + number, 0)).toUTCString().replace('GMT', '+0000');
  const header = [
    `Date: ${date}`,
    `From: ${from}`,
    'To: hello@example.org',
    `Subject: ${subject}`,
    `Message-ID: <seed-${number}@example.org>`,
  ];
  return Buffer.from([...header, ...rest, ''].join('\r\n'), 'utf8');
}

function invoice(): string[] {
  const rows = ['position;text;amount', '1;Coffee beans 10 kg;182.00', '2;Oat milk 24 l;43.20'];
  return [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="seed-2"',
    '',
    'This is a message in several parts.',
    '--seed-2',
    'Content-Type: text/plain; charset=us-ascii',
    '',
    'Please find the invoice attached.',
    '--seed-2',
    'Content-Type: text/csv; name="invoice-2026-1107.csv"',
    'Content-Disposition: attachment; filename="invoice-2026-1107.csv"',
    'Content-Transfer-Encoding: base64',
    '',
    ...base64(Buffer.from(`${rows.join('\r\n')}\r\n`)),
    '--seed-2--',
  ];
}

function alternative(): string[] {
  return [
    'MIME-Version: 1.0',
    'Content-Type: multipart/alternative; boundary="seed-7"',
    'List-Unsubscribe: <mailto:leave@shop.example>',
    '',
    '--seed-7',
    'Content-Type: text/plain; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    'Blankets from =E2=82=AC 19, this week only. This line is so long that it had=',
    ' to be folded.',
    '--seed-7',
    'Content-Type: text/html; charset=utf-8',
    'Content-Transfer-Encoding: quoted-printable',
    '',
    '<p style=3D"color: #333">Blankets from <b>=E2=82=AC 19</b>, this week only.</p>',
    '--seed-7--',
  ];
}

/** A message within a message, with an attachment of bytes of every value. */
function forwarded(): string[] {
  return [
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary="seed-8"',
    '',
    '--seed-8',
    'Content-Type: message/rfc822',
    '',
    'From: Dario <dario@example.net>',
    'Subject: a photo',
    '',
    'Taken yesterday.',
    '--seed-8',
    "Content-Type: application/octet-stream; name*=utf-8''quai%20de%20nuit.bin",
    "Content-Disposition: attachment; filename*=utf-8''quai%20de%20nuit.bin",
    'Content-Transfer-Encoding: base64',
    '',
    ...base64(Buffer.from(Array.from({ length: 2_048 }, (_, i) => i & 0xff))),
    '--seed-8--',
  ];
}

function base64(bytes: Buffer): string[] {
  return bytes.toString('base64').match(/.{1,76}/g) ?? [];
}
