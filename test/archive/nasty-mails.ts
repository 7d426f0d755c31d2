// 300 messages that break archives, parsers and mail programs (research: what broke others), generated; no two are the same.

const LETTER = 'From: a@example.test\nTo: b@example.test\nSubject: ';
const base64 = (bytes: Buffer) => bytes.toString('base64').replace(/.{76}/g, '$&\n');
const part = (headers: string, body: string) => `--b\n${headers}\n\n${body}\n`;
const mixed = (...parts: readonly string[]) =>
  `${LETTER}parts\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n${parts.join('')}--b--\n`;
const attachment = (disposition: string, body = 'QUJD') =>
  mixed(
    part(
      `Content-Type: application/octet-stream\nContent-Disposition: attachment; ${disposition}\nContent-Transfer-Encoding: base64`,
      body,
    ),
  );

/** Latin-1 text with LF; each becomes four messages. */
const CASES: Readonly<Record<string, string>> = {
  'no header at all': '\njust a body\n',
  'header only': `${LETTER}header only\n`,
  'header without its blank line': `${LETTER}x\nbody at once, no colon here\n`,
  'one line': 'x',
  'header of a megabyte': `${LETTER}big\nX-Big: ${'h'.repeat(1_000_000)}\n\nbody\n`,
  'ten thousand header fields': `${LETTER}many\n${Array.from({ length: 10_000 }, (_, at) => `X-${at}: ${at}`).join('\n')}\n\nbody\n`,
  'line of 100,000 characters': `${LETTER}long\n\n${'l'.repeat(100_000)}\n`,
  'lines at the limits of others': `${LETTER}limits\n\n${[510, 512, 998, 1_000, 2_047, 2_048, 2_049, 4_096, 8_192, 16_384].map(length => 'm'.repeat(length)).join('\n')}\n`,
  NUL: `${LETTER}nul\n\na\0b\0\0\n\0\n`,
  'bare CR': `${LETTER}cr\n\na\rb\r\rc\n`,
  'CR CR LF': `${LETTER}crcrlf\n\na\r\r\nb\n`,
  'line ends of Unicode': `${LETTER}ends\n\na\x0bb\x0cc\x1cd\x85e\xe2\x80\xa8f\n`,
  'byte order mark': `\xef\xbb\xbf${LETTER}bom\n\nbody\n`,
  '8-bit header': `${LETTER}Gr\xfc\xdfe aus Z\xfcrich\n\nbody\n`,
  'UTF-8 header': `${LETTER}Gr\xc3\xbc\xc3\x9fe\n\nbody\n`,
  'invalid UTF-8': `${LETTER}bad\nContent-Type: text/plain; charset=utf-8\n\n\xc3\x28 \xff\xfe \xed\xa0\x80 \xf0\x82\x82\xac\n`,
  'UTF-16 body': `${LETTER}utf-16\nContent-Type: text/plain; charset=utf-16le\n\n${Buffer.from('hello\n', 'utf16le').toString('latin1')}\n`,
  'every byte': `${LETTER}bytes\n\n${Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('')}\n`,
  'From in the body': `${LETTER}from\n\nFrom here on\n\nFrom a@b.c Sun Nov 22 02:30:00 2026\nSubject: not a message\n\nx\n`,
  'quoted From': `${LETTER}quoted\n\n>From a\n>>>>From b\n> From c\n>>From\nFrom:\n From \n`,
  'begins with From': 'From nobody Sun Nov 22 02:30:00 2026\nSubject: inside\n\nFrom \n',
  'a thousand >': `${LETTER}run\n\n${'>'.repeat(1_000)}From x\n`,
  dots: `${LETTER}dots\n\n.\n..\n. \n.x\n\n.\n`,
  'replies of servers': `${LETTER}smuggling\n\n+OK 1 1\n-ERR no\n.\n250 OK\nQUIT\n`,
  'blank lines at the end': `${LETTER}blank\n\nbody\n\n\n\n\n`,
  'blank lines at the start': `\n\n\n${LETTER}late\n\nbody\n`,
  'spaces at line ends': `${LETTER}spaces\n\nsigned text  \n-- \n\t \n`,
  'same Message-ID': `${LETTER}same id\nMessage-ID: <same@example.test>\n\none\n`,
  'same Message-ID, other content': `${LETTER}same id\nMessage-ID: <same@example.test>\n\ntwo\n`,
  'Message-ID of 10 KB': `${LETTER}long id\nMessage-ID: <${'i'.repeat(10_000)}@x>\n\nbody\n`,
  'Message-ID with NUL': `${LETTER}nul id\nMessage-ID: <a\0b@x>\n\nbody\n`,
  'date before the epoch': `${LETTER}old\nDate: Wed, 31 Dec 1969 23:59:59 +0000\n\nbody\n`,
  'date after 2038': `${LETTER}new\nDate: Tue, 19 Jan 2038 03:14:08 +0000\n\nbody\n`,
  'date of 2099': `${LETTER}far\nDate: Thu, 31 Dec 2099 23:59:59 -1200\n\nbody\n`,
  'date that is none': `${LETTER}never\nDate: yesterday, or \xff, or +99999999\n\nbody\n`,
  'nested a thousand times': `${LETTER}deep\n${Array.from({ length: 1_000 }, () => 'Content-Type: message/rfc822\n\n').join('')}Subject: bottom\n\nbody\n`,
  'multiparts nested 300 deep': `${LETTER}deep parts\n${Array.from({ length: 300 }, (_, at) => `Content-Type: multipart/mixed; boundary=b${at}\n\n--b${at}\n`).join('')}\nend\n`,
  'ten thousand parts': mixed(...Array.from({ length: 10_000 }, (_, at) => part('Content-Type: text/plain', `${at}`))),
  'boundary that never ends': `${LETTER}open\nContent-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n`,
  'boundary that never begins': `${LETTER}none\nContent-Type: multipart/mixed; boundary=never\n\nx\n`,
  'no boundary named': `${LETTER}none\nContent-Type: multipart/mixed\n\n--\n\nx\n`,
  'boundary of regular expressions': `${LETTER}regex\nContent-Type: multipart/mixed; boundary="(.*)+$[a-"\n\n--(.*)+$[a-\n\nx\n--(.*)+$[a---\n`,
  'empty boundary': `${LETTER}empty\nContent-Type: multipart/mixed; boundary=""\n\n--\n\nx\n----\n`,
  'base64 with junk': attachment('filename=a.bin', '!!QU=JD\n=====\n*QUJ\x00D\n'),
  'base64 of one long line': attachment('filename=a.bin', 'QUJD'.repeat(50_000)),
  'quoted-printable with junk': `${LETTER}qp\nContent-Transfer-Encoding: quoted-printable\n\n=ZZ=\n=3D=3=\t \n=\n`,
  'name that climbs': attachment('filename="../../../../etc/cron.d/x"'),
  'name of a device': attachment('filename="CON.pdf"'),
  'name of 300 bytes': attachment(`filename="${'n'.repeat(300)}.pdf"`),
  'name that is turned round': attachment("filename*=utf-8''invoice%E2%80%AEfdp.exe"),
  'name composed and decomposed': attachment("filename*=utf-8''u%CC%88ber%C3%BC.pdf"),
  'name with an escape sequence': attachment("filename*=utf-8''%1B%5B2J%1B%5D0;x%07.pdf"),
  'RFC 2231 pieces out of order': attachment("filename*2=c; filename*0*=utf-8''a; filename*1=b; filename*99999999999=x"),
  'RFC 2231 by the thousand': attachment(Array.from({ length: 2_000 }, (_, at) => `filename*${at}=x`).join('; ')),
  'encoded words without end': `${LETTER}${'=?utf-8?q?a'.repeat(5_000)}\n\nbody\n`,
  'encoded words in pieces': `${LETTER}${'=?utf-8?b?w7w=?=\n '.repeat(500)}\n\nbody\n`,
  'unknown charset': `${LETTER}=?x-no-such?q?a=FFb?=\nContent-Type: text/plain; charset=x-no-such\n\n\xa4\n`,
  'addresses nested': `To: ${'g: '.repeat(2_000)}a@b.c${';'.repeat(2_000)}\nSubject: groups\n\nbody\n`,
  'ten thousand recipients': `To: ${Array.from({ length: 10_000 }, (_, at) => `u${at}@example.test`).join(',\n ')}\nSubject: many\n\nbody\n`,
  'comments in comments': `From: ${'('.repeat(20_000)}a@b.c\nSubject: comments\n\nbody\n`,
  'winmail.dat': mixed(
    part(
      'Content-Type: application/ms-tnef; name=winmail.dat\nContent-Transfer-Encoding: base64',
      base64(Buffer.from('789f3e22', 'hex')),
    ),
  ),
  'zip bomb': mixed(
    part(
      'Content-Type: application/zip; name=bomb.zip\nContent-Transfer-Encoding: base64',
      base64(Buffer.alloc(40_000, 'PK\x03\x04')),
    ),
  ),
  'signed, S/MIME': `${LETTER}signed\nContent-Type: multipart/signed; protocol="application/pkcs7-signature"; micalg=sha-256; boundary=b\n\n${part('Content-Type: text/plain', 'text  ')}${part('Content-Type: application/pkcs7-signature; name=smime.p7s\nContent-Transfer-Encoding: base64', 'MIIB')}--b--\n`,
  'signed, PGP': `${LETTER}pgp\n\n-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n- -- \ntext \n-----BEGIN PGP SIGNATURE-----\n\niQEz\n-----END PGP SIGNATURE-----\n`,
  DKIM: `DKIM-Signature: v=1; a=rsa-sha256; c=simple/simple; d=example.test; s=s;\n\th=from:to:subject; bh=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=;\n\tb=AAAA\n${LETTER}dkim  \n\n body \n\n\n`,
  'HTML without end': `${LETTER}html\nContent-Type: text/html\n\n<!--${'<div '.repeat(20_000)}<script>never\n`,
  'HTML of entities': `${LETTER}entities\nContent-Type: text/html\n\n${'&#x1F4A9;&bogus;&#99999999;&'.repeat(3_000)}\n`,
  'escape sequences': `From: "\x1b[31mred" <a@b.c>\nSubject: \x1b]0;owned\x07\x9b2J\n\n\x1b[2J\x1b[H\n`,
  'two headers of each': `${LETTER}first\nSubject: second\nFrom: c@d.e\nDate: Sun, 22 Nov 2015 02:30:00 +0000\nDate: never\n\nbody\n`,
  'field names that are none': `Sub ject: x\n: empty\n\xff: y\nSubject:\n\nbody\n`,
  'folded to nothing': `Subject:\n \n\t\n x\n\n body\n`,
  'partial message': `${LETTER}part\nContent-Type: message/partial; id=x; number=2; total=3\n\nmiddle\n`,
  'external body': `${LETTER}outside\nContent-Type: message/external-body; access-type=local-file; name="/etc/passwd"\n\n\n`,
  'delivery status': `${LETTER}bounce\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\n\n${part('Content-Type: message/delivery-status', 'Reporting-MTA: dns; x\n\nFinal-Recipient: rfc822; a@b.c\nStatus: 5.1.1')}${part('Content-Type: message/rfc822', 'Subject: the one that came back\n\nbody')}--b--\n`,
  'mbox as an attachment': mixed(
    part(
      'Content-Type: application/mbox; name=x.mbox',
      'From a@b.c Sun Nov 22 02:30:00 2026\nSubject: one\n\n>From x\n\nFrom a@b.c Sun Nov 22 02:30:00 2026\n\ntwo',
    ),
  ),
  'only white space': ' \t\n \n',
  uuencoded: `${LETTER}uu\n\nbegin 644 ../x\n#0V%T\n\`\nend\n`,
};

const FORMS: readonly ((text: string) => string)[] = [
  text => text.replaceAll('\n', '\r\n'),
  text => text.replaceAll('\n', '\r\n').replace(/(\r\n)+$/, ''),
  text => `${text}LF alone\n`,
  text => text.replace(/\n/g, (end, at: number) => (at % 3 === 0 ? '\r\n' : end)),
];

/** Name → octets as a server could send them. */
export function nastyMails(): ReadonlyMap<string, Buffer> {
  const mails = new Map<string, Buffer>([['empty', Buffer.alloc(0)]]);
  const seen = new Set<string>();
  for (const [name, text] of Object.entries(CASES)) {
    for (const [form, shape] of FORMS.entries()) {
      const octets = Buffer.from(shape(text), 'latin1');
      const key = octets.toString('latin1');
      if (!seen.has(key)) mails.set(`${name} (${form})`, octets);
      seen.add(key);
    }
  }
  return mails;
}
