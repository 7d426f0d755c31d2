// A server of another kind, known by the first words it says: named as such, instead of complaining about its replies.
import { AppError } from '../../core/errors.ts';
import { addressOf, type Endpoint, type Protocol } from './endpoint.ts';

const NAMES: Readonly<Record<Protocol, string>> = { ftp: 'an FTP', pop3: 'a POP3', smtp: 'an SMTP' };
const PORTS: Readonly<Record<Protocol, string>> = { ftp: '21 or 990', pop3: '110 or 995', smtp: '587, 465 or 25' };

/** RFC 4253 section 4.2, RFC 3501 section 7.1.1, RFC 9112 section 4, RFC 6143 section 7.1.1. */
const OTHERS: readonly (readonly [pattern: RegExp, name: string, hint?: string])[] = [
  [/^SSH-\d/, 'an SSH', 'SFTP is not FTP: postrider does not speak it. Use the port of the FTP server.'],
  [/^\* (OK|PREAUTH|BYE)\b/, 'an IMAP'],
  [/^HTTP\/\d/, 'a web'],
  [/^RFB \d/, 'a VNC'],
];

/** FTP and SMTP both begin with 220; only their words tell them apart, and where these say both or nothing, the user is right. */
const MAIL = /\b(E?SMTP|LMTP|Postfix|Exim|Sendmail)\b/i;
const FILES = /\b(\w*FTPD?|FileZilla Server)\b/i;

/** Undefined when `greeting`, the first bytes of the server, may come from the right kind. */
export function foreignServer(endpoint: Endpoint, greeting: Buffer): AppError | undefined {
  const text = greeting.subarray(0, GREETING_BYTES_MAX).toString('latin1');
  const found = protocolOf(text);
  if (found !== undefined)
    return found === endpoint.type ? undefined : foreign(endpoint, NAMES[found], `Write \`type: ${found}\`, or`);
  const other = OTHERS.find(([pattern]) => pattern.test(text));
  return other === undefined ? undefined : foreign(endpoint, other[1], other[2] ?? 'Write');
}

const GREETING_BYTES_MAX = 512;

function protocolOf(text: string): Protocol | undefined {
  if (/^(\+OK|-ERR)\b/.test(text)) return 'pop3';
  if (!/^[245]\d\d[ -]/.test(text)) return undefined;
  const [mail, files] = [MAIL.test(text), FILES.test(text)];
  return mail === files ? undefined : mail ? 'smtp' : 'ftp';
}

function foreign(endpoint: Endpoint, what: string, hint: string): AppError {
  const { type } = endpoint;
  const wanted = `${NAMES[type]} server`;
  return new AppError('wrong-server', `${addressOf(endpoint)} is ${what} server, not ${wanted}`, {
    hint: hint.endsWith('.') ? hint : `${hint} the port of ${wanted.replace(/^an? /, 'the ')} (usually ${PORTS[type]}).`,
  });
}
