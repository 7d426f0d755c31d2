// The keys of a connection, in a job file and in connections.yaml.
import {
  described,
  duration,
  flag,
  integer,
  matching,
  object,
  oneOf,
  oneOrMany,
  optional,
  refined,
  whenAsked,
  word,
} from '../core/schema.ts';
import { IDENTIFIER_PATTERN } from './names.ts';

/** Mails in a second, a minute or an hour. */
const MAIL_RATE_PATTERN = /^[1-9]\d{0,5}\/[smh]$/;

const connectionKeys = () => ({
  host: described(word(), 'Name or address of the server.'),
  port: optional(integer(1, 65_535), 'Where the server listens. Default: the usual one of the protocol and `tls`.'),
  ca: optional(
    word(),
    'A PEM file to trust besides the system’s certificates; relative to the job’s workdir, in connections.yaml to that file.',
  ),
  'tls-max': optional(
    oneOf(['1.2', '1.3']),
    'The newest version of TLS to speak, on data connections, too; the oldest is 1.2. 1.2 is worth it for many small files on an FTP server that resumes no session of TLS 1.3 (Pure-FTPd), or refuses what should be one. Default: no limit.',
  ),
  fingerprint: optional(
    matching(word(), /^sha256:(?:[0-9A-Fa-f]{64}|[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2}){31})$/),
    'sha256: and the fingerprint that the server’s certificate must have, besides a valid chain.',
  ),
  user: optional(word(), 'Who signs in.'),
  password: optional(word(), 'Usually `${{ secrets.NAME }}`.'),
  timeout: optional(duration(), 'For one exchange with the server. Default 30s.'),
  'max-connections': optional(integer(1, 64), 'How many sessions may be open at once.'),
  proxy: optional(
    matching(word(), /^(?:(?:socks5h?|http):\/\/.|\$\{\{)/, 'is no proxy: write socks5://host:1080 or http://host:8080'),
    'socks5://host:1080 or http://host:8080 (CONNECT) that all connections to the server go through; user:${{ secrets.NAME }}@ before the host signs in there.',
  ),
});

/** The protocols whose servers take access tokens. */
const signInKeys = () => ({
  oauth2: optional(matching(word(), IDENTIFIER_PATTERN), 'Instead of `password`: the name given to `postrider login`.'),
});

const tls = (preset: string) =>
  optional(
    oneOf(['explicit', 'implicit', 'none']),
    `How the connection is encrypted; none must be written out. Default ${preset}.`,
  );

/** By protocol: most starts need one of them. */
export const connectionSchemas = whenAsked({
  ftp: () =>
    object({
      type: described(oneOf(['ftp']), 'An FTP server.'),
      ...connectionKeys(),
      tls: tls('explicit'),
      passive: optional(flag(), 'false: the server connects to this machine. Default true.'),
      encoding: optional(word(), 'Charset of names on an old server, such as latin1. Default UTF-8.'),
      protection: optional(oneOf(['private', 'control']), 'control: files are sent in clear text (PROT C). Default private.'),
    }),
  pop3: () =>
    object({ type: described(oneOf(['pop3']), 'A POP3 server.'), ...connectionKeys(), ...signInKeys(), tls: tls('implicit') }),
  smtp: () =>
    object({
      type: described(oneOf(['smtp']), 'An SMTP server.'),
      ...connectionKeys(),
      ...signInKeys(),
      tls: tls('explicit'),
      hostname: optional(word(), 'The name said in EHLO.'),
      protocol: optional(
        oneOf(['lmtp']),
        'lmtp: hands mail to a server that puts it into mailboxes itself (RFC 2033), port 24, a verdict for each recipient.',
      ),
      'max-rate': optional(
        matching(word(), MAIL_RATE_PATTERN, 'is no rate of mails: write 10/s, 30/m or 500/h'),
        'Mails that `outbox flush` and the scheduler send at most: 10/s, 30/m, 500/h. Default: no limit.',
      ),
      dsn: optional(
        refined(
          oneOrMany(oneOf(['failure', 'delay', 'success', 'never'])),
          words => words.length === 1 || !words.includes('never'),
          'never stands alone',
        ),
        'What the sender wants to be told about each recipient (RFC 3461), where the server can. Default: failure, as the server sees fit.',
      ),
      'require-tls': optional(
        flag(),
        'true: every server on the way must use verified TLS, or the mail comes back (RFC 8689); not sent at all over a server that cannot promise it.',
      ),
      delivery: optional(
        oneOf(['direct']),
        'direct: finds each recipient’s server by MX instead of `host`; port 25, TLS where the other side offers it.',
      ),
      dkim: optional(
        object({
          domain: described(word(), 'The domain that signs: that of the sender.'),
          selector: described(word(), 'Its name in DNS: <selector>._domainkey.<domain>.'),
          key: described(word(), 'The private key in PEM form, `${{ secrets.NAME }}`.'),
        }),
        'Signs what is sent.',
      ),
    }),
});

/** What remains checkable of a connection whose type is not known. */
export const connectionTypeSchema = () => object({ type: described(oneOf(['ftp', 'pop3', 'smtp']), 'The kind of server.') });
