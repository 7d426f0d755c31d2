// Words of other tools in a job file (GitHub Actions, systemd timers, lftp, fetchmail, mpop, msmtp) → what is written here instead.
import { didYouMean } from '../core/diagnostic.ts';

type Words = Readonly<Record<string, string>>;

/** Another name of the same key. All names here are in small letters, without dashes and underscores. */
const RENAMED: Words = {
  ...{ username: 'user', login: 'user', pass: 'password', passwd: 'password', server: 'host', hostname: 'host' },
  ...{ ssl: 'tls', secure: 'tls', protocol: 'type', proto: 'type', pasv: 'passive', tz: 'timezone', maildomain: 'hostname' },
  ...{ command: 'run', script: 'run', dependson: 'needs', when: 'if', name: 'id', interval: 'every', concurrency: 'overlap' },
  ...{ cwd: 'workdir', workingdirectory: 'workdir', threads: 'parallel', timeoutminutes: 'timeout', timeoutsec: 'timeout' },
  ...{ ignore: 'exclude', excludeglob: 'exclude', source: 'local', localdir: 'local', target: 'remote', serverdir: 'remote' },
  ...{
    fetchlimit: 'limit',
    maxmessagespersession: 'limit',
    maxmessagesize: 'max-size',
    killsize: 'max-size',
    mailbox: 'archive',
  },
  ...{ sslfingerprint: 'fingerprint', tlsfingerprint: 'fingerprint', tlstrustfile: 'ca', sslcertfile: 'ca', cafile: 'ca' },
  ...{ body: 'text', htmlbody: 'html', attach: 'attachments', recipients: 'to', sender: 'from', account: 'connection' },
  ...{ randomizeddelaysec: 'jitter', onunitactivesec: 'every', onfailure: 'on-failure', onerror: 'on-failure' },
};

const CALENDAR = 'Write `cron: "30 2 * * *"` or `every: 15m`.';
const IN_CONNECTION = 'A server stands under `connections`, or in connections.yaml; write its name as `connection`.';

/** What there is instead, by a key that only the mapping in question may have. */
const INSTEAD: readonly (readonly [mark: string, words: Words])[] = [
  [
    'steps',
    {
      on: 'Write `schedule: { cron: "30 2 * * *" }`; `postrider schedule` then runs it.',
      jobs: 'A file is one job: its `steps` stand at the top, and another job is another file.',
      env: 'Use `vars`, read as `${{ vars.NAME }}`; a command takes variables by `with: { env: { NAME: value } }`.',
      runson: 'Leave it out: steps run on this machine.',
      mailto: 'A step `smtp/report` mails how a run went; steps under `on-failure` run after a failed one.',
      strategy: 'There is no matrix: write a step for each, or run the job with `--set name=value`.',
      cron: 'Write `schedule: { cron: "30 2 * * *" }`.',
      every: 'Write `schedule: { every: 15m }`.',
    },
  ],
  [
    'needs',
    {
      workdir: 'A job has `workdir`; for one step begin its script with `cd FOLDER`.',
      retries: 'Write `retry: { attempts: 3 }`.',
      strategy: 'There is no matrix: write a step for each, or run the job with `--set name=value`.',
    },
  ],
  [
    'cron',
    {
      oncalendar: CALENDAR,
      at: CALENDAR,
      persistent: 'Leave it out: a missed time is caught up once (`misfire: one`); `misfire: skip` leaves it out.',
    },
  ],
  [
    'host',
    {
      auth: 'Leave it out: how to sign in is found out; `oauth2: NAME` signs in by OAuth2.',
      starttls: 'Write `tls: explicit` for STARTTLS, which is demanded then, or `tls: implicit`.',
      tlsstarttls: 'Write `tls: explicit` for STARTTLS, which is demanded then, or `tls: implicit`.',
      passwordeval: 'Store it with `postrider secret set NAME` and write `password: "${{ secrets.NAME }}"`.',
      passwordcommand: 'Store it with `postrider secret set NAME` and write `password: "${{ secrets.NAME }}"`.',
      from: 'The sender is written in the steps that mail.',
      logfile: 'Leave it out: `postrider history` and `postrider logs RUN` tell what happened.',
      keep: 'It is `delete: never` of the step `pop3/archive`.',
      path: 'Folders are written in the steps.',
    },
  ],
  [
    'direction',
    {
      reverse: 'Write `direction: upload`.',
      onlynewer: 'Leave it out: only what differs in size or time is transferred (`compare: time-size`).',
      dryrun: '`postrider plan JOB` says what a run would do.',
      continue: 'Leave it out: what was interrupted is continued (`resume: true`).',
    },
  ],
  [
    'archive',
    {
      keep: 'Write `delete: never`, which is the default.',
      nokeep: 'Write `delete: after-archive`.',
      deleteafter: 'Write `delete: 30d`.',
      mda: 'A step after it may run a command; `postrider archive export` gives messages to other programs.',
      uidl: 'Leave it out: a message is fetched once, by its UIDL.',
      maildir: 'Write `archive: FOLDER` and `format: maildir`.',
      mbox: 'Write `archive: FOLDER`; mbox is the default.',
    },
  ],
  ['connection', { host: IN_CONNECTION, user: IN_CONNECTION, password: IN_CONNECTION, tls: IN_CONNECTION }],
];

const TRUST = /verif|insecure|reject-?unauthorized|self-?signed|allow.*cert|sslcertck|certcheck/i;

/** What to write instead of an unknown key. @param candidates the keys that its mapping may have; @param unused those it has not */
export function insteadOfKey(key: string, candidates: readonly string[], unused: readonly string[]): string {
  const word = key.toLowerCase().replace(/[-_ ]/g, '');
  if (TRUST.test(key) && candidates.includes('ca')) {
    return 'Certificates are always verified; to trust your own server, name its CA file with `ca`.';
  }
  const renamed = of(RENAMED, word);
  for (const [mark, words] of INSTEAD) {
    const advice = of(words, word) ?? of(words, renamed ?? '');
    if (advice !== undefined && candidates.includes(mark)) return advice;
  }
  const near = renamed !== undefined && unused.includes(renamed) ? renamed : didYouMean(key, candidates);
  return near === undefined ? `Known keys: ${unused.length === 0 ? 'none' : unused.join(', ')}.` : `Did you mean \`${near}\`?`;
}

const VALUES: Readonly<Record<string, Words>> = {
  type: {
    ftps: 'Write `type: ftp` with `tls: implicit`.',
    ftpes: 'Write `type: ftp`; TLS is demanded by itself.',
    pop3s: 'Write `type: pop3`; TLS from the first byte is its default.',
    smtps: 'Write `type: smtp` with `tls: implicit`.',
    sftp: 'SFTP goes over SSH and is another protocol than FTP, which postrider does not speak.',
    imap: 'IMAP is not spoken; most servers that speak it offer POP3, too.',
  },
  tls: {
    starttls: 'Write `tls: explicit`.',
    true: 'Write `tls: explicit` (STARTTLS, AUTH TLS) or `tls: implicit` (from the first byte), or leave it out.',
    on: 'Write `tls: explicit` (STARTTLS, AUTH TLS) or `tls: implicit` (from the first byte), or leave it out.',
    false: 'Write `tls: none`, and all goes in clear text.',
    off: 'Write `tls: none`, and all goes in clear text.',
  },
};

/** What to write instead of a value that its key cannot have; undefined where no other tool is known to take it. */
export function insteadOfValue(key: string | number, value: unknown): string | undefined {
  if (typeof value === 'object') return undefined;
  if (key === 'schedule') return insteadOfSchedule(String(value));
  if (key === 'retry' && typeof value === 'number') return `Write \`retry: { attempts: ${value} }\`.`;
  return of(VALUES[key] ?? {}, String(value).toLowerCase());
}

function insteadOfSchedule(text: string): string {
  if (/^\d+[smhd]$/.test(text)) return `Write \`schedule: { every: ${text} }\`.`;
  const nickname = /^[a-z]+ly$/.test(text) ? `@${text}` : text;
  return /^@\w+$|^(\S+\s+){4}\S+$/.test(nickname)
    ? `Write \`schedule: { cron: "${nickname}" }\`.`
    : 'Write `schedule: { cron: "30 2 * * *" }` or `schedule: { every: 15m }`.';
}

/** What to write instead of a kind of step that there is not; undefined where no other tool is known to have it. */
export function insteadOfStepType(uses: string): string | undefined {
  if (/ftp[-_]?deploy/i.test(uses)) return 'Write `uses: ftp/mirror`; in a workflow of GitHub, postrider is an action itself.';
  if (/@|^docker:|^\.\//.test(uses)) return 'Actions of GitHub do not run here: write the command as `run: …`.';
  return undefined;
}

function of(words: Words, word: string): string | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}
