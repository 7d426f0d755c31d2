// The keys of a connection, in a job file and in connections.yaml.
import { duration, flag, integer, object, oneOf, oneOrMany, whenAsked, word } from '../core/schema.ts';
import { IDENTIFIER_PATTERN } from './names.ts';

/** Mails in a second, a minute or an hour. */
const MAIL_RATE_PATTERN = /^[1-9]\d{0,5}\/[smh]$/;

const connectionKeys = () => ({
  host: word().describe('Name or address of the server.'),
  port: integer(1, 65_535).optional().describe('Where the server listens. Default: the usual one of the protocol and `tls`.'),
  ca: word()
    .optional()
    .describe(
      'A PEM file to trust besides the system’s certificates; relative to the job’s workdir, in connections.yaml to that file.',
    ),
  'tls-max': oneOf(['1.2', '1.3'])
    .optional()
    .describe(
      'The newest version of TLS to speak, on data connections, too; the oldest is 1.2. 1.2 is worth it for many small files on an FTP server that resumes no session of TLS 1.3 (Pure-FTPd), or refuses what should be one. Default: no limit.',
    ),
  fingerprint: word()
    .regex(/^sha256:(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/)
    .optional()
    .describe('sha256: and the fingerprint that the server’s certificate must have, besides a valid chain.'),
  user: word().optional().describe('Who signs in.'),
  password: word().optional().describe('Usually `${{ secrets.NAME }}`.'),
  timeout: duration().optional().describe('For one exchange with the server. Default 30s.'),
  'max-connections': integer(1, 64).optional().describe('How many sessions may be open at once.'),
  proxy: word()
    .regex(/^(?:(?:socks5h?|http):\/\/.|\$\{\{)/, { error: 'is no proxy: write socks5://host:1080 or http://host:8080' })
    .optional()
    .describe('socks5://host:1080 or http://host:8080 (CONNECT) that all connections to the server go through.'),
});

/** The protocols whose servers take access tokens. */
const signInKeys = () => ({
  oauth2: word().regex(IDENTIFIER_PATTERN).optional().describe('Instead of `password`: the name given to `postrider login`.'),
});

const tls = (preset: string) =>
  oneOf(['explicit', 'implicit', 'none'])
    .optional()
    .describe(`How the connection is encrypted; none must be written out. Default ${preset}.`);

/** By protocol: most starts need one of them. */
export const connectionSchemas = whenAsked({
  ftp: () =>
    object({
      type: oneOf(['ftp']).describe('An FTP server.'),
      ...connectionKeys(),
      tls: tls('explicit'),
      passive: flag().optional().describe('false: the server connects to this machine. Default true.'),
      encoding: word().optional().describe('Charset of names on an old server, such as latin1. Default UTF-8.'),
      protection: oneOf(['private', 'control'])
        .optional()
        .describe('control: files are sent in clear text (PROT C). Default private.'),
    }),
  pop3: () =>
    object({ type: oneOf(['pop3']).describe('A POP3 server.'), ...connectionKeys(), ...signInKeys(), tls: tls('implicit') }),
  smtp: () =>
    object({
      type: oneOf(['smtp']).describe('An SMTP server.'),
      ...connectionKeys(),
      ...signInKeys(),
      tls: tls('explicit'),
      hostname: word().optional().describe('The name said in EHLO.'),
      protocol: oneOf(['lmtp'])
        .optional()
        .describe(
          'lmtp: hands mail to a server that puts it into mailboxes itself (RFC 2033), port 24, a verdict for each recipient.',
        ),
      'max-rate': word()
        .regex(MAIL_RATE_PATTERN, { error: 'is no rate of mails: write 10/s, 30/m or 500/h' })
        .optional()
        .describe('Mails that `outbox flush` and the scheduler send at most: 10/s, 30/m, 500/h. Default: no limit.'),
      dsn: oneOrMany(oneOf(['failure', 'delay', 'success', 'never']))
        .refine(words => words.length === 1 || !words.includes('never'), { error: 'never stands alone' })
        .optional()
        .describe(
          'What the sender wants to be told about each recipient (RFC 3461), where the server can. Default: failure, as the server sees fit.',
        ),
      'require-tls': flag()
        .optional()
        .describe(
          'true: every server on the way must use verified TLS, or the mail comes back (RFC 8689); not sent at all over a server that cannot promise it.',
        ),
      delivery: oneOf(['direct'])
        .optional()
        .describe('direct: finds each recipient’s server by MX instead of `host`; port 25, TLS where the other side offers it.'),
      dkim: object({
        domain: word().describe('The domain that signs: that of the sender.'),
        selector: word().describe('Its name in DNS: <selector>._domainkey.<domain>.'),
        key: word().describe('The private key in PEM form, `${{ secrets.NAME }}`.'),
      })
        .optional()
        .describe('Signs what is sent.'),
    }),
});

/** What remains checkable of a connection whose type is not known. */
export const connectionTypeSchema = () => object({ type: oneOf(['ftp', 'pop3', 'smtp']).describe('The kind of server.') });
