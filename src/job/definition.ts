// The keys of a job file and what they may hold: the one definition that validates, explains and makes job.schema.json.
import {
  anyOf,
  anything,
  duration,
  flag,
  type Infer,
  integer,
  list,
  mapping,
  number,
  object,
  oneOf,
  oneOrMany,
  text,
  word,
} from '../core/schema.ts';

export const STEPS_MAX = 200;

export const NAME_PATTERN = /^[a-z0-9][a-z0-9-]*$/;
/** A name that expressions can spell: `vars.NAME`, `steps.NAME`. */
export const IDENTIFIER_PATTERN = /^[A-Za-z_][A-Za-z0-9_-]*$/;
export const NAME_WORDS = 'lower-case letters, digits and dashes, beginning with a letter or digit';
export const IDENTIFIER_WORDS = 'letters, digits, _ and -, beginning with a letter or _';

export const retrySchema = object({
  attempts: integer(1, 100).optional().describe('Tries in all, the first included. Default 3.'),
  delay: duration().optional().describe('Wait before the second try. Default 5s.'),
  factor: number(1, 100).optional().describe('Each wait is this many times the one before. Default 2.'),
  'max-delay': duration().optional().describe('No wait is longer. Default 5m.'),
  jitter: oneOf(['full', 'none']).optional().describe('full (default): each wait is drawn between nothing and its length.'),
  'max-elapsed': duration().optional().describe('No try starts later than this after the first one. Default 1h.'),
}).describe('When and how often a failed step is tried again. Only failures that can pass are.');

export const scheduleSchema = object({
  cron: text()
    .optional()
    .describe('Five fields, @daily and friends, H for a stable place; six fields only with `seconds: true`.'),
  every: duration().optional().describe('Instead of cron: a fixed distance, such as 15m.'),
  timezone: word().optional().describe('IANA name, such as Europe/Zurich. Default: the zone of the machine.'),
  jitter: duration().optional().describe('Starts up to this much later, always the same for one job; never changes the slot.'),
  misfire: oneOf(['one', 'all', 'skip'])
    .optional()
    .describe('What becomes of slots missed while nothing was running. Default one.'),
  'max-age': duration().optional().describe('An older missed slot is recorded as skipped.'),
  seconds: flag().optional().describe('The cron expression has six fields, the first for seconds.'),
}).describe('When the job runs by itself.');

/** Keys common to `steps` and `on-failure`. */
const stepKeys = {
  id: text().regex(IDENTIFIER_PATTERN).describe('How other steps and expressions name this one.'),
  uses: word().optional().describe('What the step does.'),
  run: word().optional().describe('A command line: short for `uses: shell`.'),
  with: mapping(anything()).optional().describe('The settings of the step; they depend on `uses`.'),
  if: anyOf([word(), flag()]).optional().describe('success() (default), failure(), always(), cancelled() or any expression.'),
  timeout: duration().optional().describe('The step fails when it takes longer, all tries included.'),
  'continue-on-error': flag().optional().describe('A failure of this step does not fail the run.'),
  retry: retrySchema.optional(),
};

export const stepSchema = object({
  ...stepKeys,
  needs: oneOrMany(word())
    .optional()
    .describe('Steps that must have ended before; [] starts at once. Default: the step before it.'),
});

export const failureStepSchema = object(stepKeys);

export const jobFileSchema = object({
  name: text()
    .regex(NAME_PATTERN)
    .optional()
    .describe('How commands and reports call it. Default: the file’s name without .yaml.'),
  description: text().optional().describe('One line for people.'),
  schedule: oneOrMany(scheduleSchema).optional().describe('When the job runs by itself; without it, only by hand.'),
  overlap: oneOf(['queue', 'skip', 'replace', 'allow'])
    .optional()
    .describe('When a run is due while one is going. Default queue.'),
  timeout: duration().optional().describe('The run is stopped when it takes longer.'),
  'max-crashes': integer(0, 100).optional().describe('How often a run is taken up again after its process died. Default 3.'),
  ping: word().optional().describe('A healthchecks.io style address, called at the start, on success and on failure.'),
  'on-failure': list(anything()).max(STEPS_MAX).optional().describe('Steps that run after a failed run, once, in order.'),
  workdir: word().optional().describe('Paths in the file are relative to it. Default: the file’s own folder.'),
  vars: mapping(anything()).optional().describe('Values for `${{ vars.NAME }}`; `run --set NAME=VALUE` changes one.'),
  retry: retrySchema.optional(),
  connections: mapping(anything())
    .optional()
    .describe('Servers with their sign-in, by name; also in connections.yaml beside the file.'),
  steps: list(anything()).min(1).max(STEPS_MAX).describe('What the job does.'),
});

/** Mails in a second, a minute or an hour. */
const MAIL_RATE_PATTERN = /^[1-9]\d{0,5}\/[smh]$/;

const connectionKeys = {
  host: word().describe('Name or address of the server.'),
  port: integer(1, 65_535).optional().describe('Where the server listens. Default: the usual one of the protocol and `tls`.'),
  ca: word()
    .optional()
    .describe(
      'A PEM file to trust besides the system’s certificates; relative to the job’s workdir, in connections.yaml to that file.',
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
};

/** The protocols whose servers take access tokens. */
const signInKeys = {
  oauth2: word().regex(IDENTIFIER_PATTERN).optional().describe('Instead of `password`: the name given to `postrider login`.'),
};

const tls = (preset: string) =>
  oneOf(['explicit', 'implicit', 'none'])
    .optional()
    .describe(`How the connection is encrypted; none must be written out. Default ${preset}.`);

export const connectionSchemas = {
  ftp: object({
    type: oneOf(['ftp']).describe('An FTP server.'),
    ...connectionKeys,
    tls: tls('explicit'),
    passive: flag().optional().describe('false: the server connects to this machine. Default true.'),
    encoding: word().optional().describe('Charset of names on an old server, such as latin1. Default UTF-8.'),
    protection: oneOf(['private', 'control'])
      .optional()
      .describe('control: files are sent in clear text (PROT C). Default private.'),
  }),
  pop3: object({ type: oneOf(['pop3']).describe('A POP3 server.'), ...connectionKeys, ...signInKeys, tls: tls('implicit') }),
  smtp: object({
    type: oneOf(['smtp']).describe('An SMTP server.'),
    ...connectionKeys,
    ...signInKeys,
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
} as const;

/** What remains checkable of a connection whose type is not known. */
export const connectionTypeSchema = object({ type: oneOf(['ftp', 'pop3', 'smtp']).describe('The kind of server.') });

export type JobFile = Infer<typeof jobFileSchema>;
export type StepFile = Infer<typeof stepSchema>;
export type RetryFile = Infer<typeof retrySchema>;
export type ScheduleFile = Infer<typeof scheduleSchema>;
