// Commands and flags of other tools (lftp, rclone, fetchmail, mpop, msmtp, mailx, cron, systemd) → what does it here.
import { didYouMean } from '../../core/diagnostic.ts';

type Words = Readonly<Record<string, string>>;

/** A command by another name. */
const COMMANDS: Words = {
  ...{ lftp: 'ftp shell', mirror: 'ftp mirror', sync: 'ftp mirror', put: 'ftp put', get: 'ftp get', ls: 'ftp ls' },
  ...{
    'ftp sync': 'ftp mirror',
    'ftp upload': 'ftp put',
    'ftp mput': 'ftp put',
    'ftp download': 'ftp get',
    'ftp mget': 'ftp get',
  },
  ...{ 'ftp delete': 'ftp rm', 'ftp rename': 'ftp mv', 'ftp dir': 'ftp ls', 'ftp open': 'ftp shell' },
  ...{ fetch: 'pop3 archive', fetchmail: 'pop3 archive', mpop: 'pop3 archive', getmail: 'pop3 archive' },
  ...{ 'pop3 fetch': 'pop3 archive', 'pop3 download': 'pop3 archive', 'pop3 check': 'pop3 stat', 'pop3 dele': 'pop3 delete' },
  ...{ send: 'smtp send', mail: 'smtp send', mailx: 'smtp send', sendmail: 'smtp send', msmtp: 'smtp send', swaks: 'smtp probe' },
  ...{
    'smtp test': 'smtp probe',
    mailq: 'outbox list',
    queue: 'outbox list',
    'smtp queue': 'outbox list',
    'outbox retry': 'outbox flush',
  },
  ...{ cron: 'schedule', crontab: 'schedule', daemon: 'schedule', serve: 'schedule', start: 'schedule', timers: 'next' },
  ...{ list: 'status', jobs: 'status', ps: 'status', kill: 'cancel', stop: 'cancel', enable: 'resume', disable: 'pause' },
  ...{ 'service start': 'service install', 'service enable': 'service install', 'service stop': 'service uninstall' },
  ...{ 'secret add': 'secret set', 'secret put': 'secret set', 'secret rm': 'secret delete', 'secret remove': 'secret delete' },
  ...{ version: '--version' },
};

/** A flag by another name, where the command has that one; names as typed, without dashes before them and values. */
const FLAGS: Words = {
  ...{ dryrun: 'dry-run', 'just-print': 'dry-run', bwlimit: 'bandwidth', transfers: 'parallel', e: 'delete' },
  ...{
    x: 'exclude',
    X: 'exclude',
    'exclude-glob': 'exclude',
    ignore: 'exclude',
    i: 'include',
    I: 'include',
    'include-glob': 'include',
  },
  ...{ R: 'recursive', r: 'recursive', p: 'parents' },
  ...{ fetchlimit: 'limit', 'max-messages': 'limit', killsize: 'max-size' },
  ...{ s: 'subject', f: 'from', t: 'to', body: 'text', attachment: 'attach', 'attach-file': 'attach' },
  ...{ var: 'set', env: 'set' },
};

const IN_URL =
  'The URL names user, host and port, as in ftp://user@host:2121/; the password is asked for, or comes from POSTRIDER_PASSWORD.';
const TRUST = 'Certificates are always verified; to trust your own server, name its CA file: ?ca=FILE behind the URL.';
const HEADER = 'The header is written by --from, --to, --cc and --subject; the body alone comes from stdin.';

/** What there is instead of a flag, by a flag that the command has. */
const INSTEAD: readonly (readonly [mark: string, words: Words])[] = [
  ['password-stdin', both(['u', 'user', 'username', 'password', 'pass', 'port', 'host', 'server', 'login'], IN_URL)],
  ['password-stdin', both(['k', 'insecure', 'no-check-certificate', 'ssl-verify', 'tls-certcheck', 'no-verify'], TRUST)],
  ['transcript', both(['v', 'verbose', 'debug', 'd'], '--transcript prints the dialogue with the server.')],
  [
    'chmod-files',
    {
      ...both(['R', 'reverse'], 'The order says it: a local folder first is uploaded, a server first is downloaded.'),
      ...both(['only-newer', 'N'], 'Only what differs in size or time is transferred; --compare says how that is noticed.'),
      ...both(['c', 'continue'], 'What was interrupted is continued by itself.'),
      ...both(['size-only', 'ignore-time'], 'Write --compare size.'),
      ...both(['checksum'], 'Write --compare hash.'),
      ...both(['L', 'dereference'], 'Write --symlinks follow.'),
      ...both(['use-pget-n', 'pget'], 'A large file that is slow is fetched in several parts by itself.'),
    },
  ],
  [
    'max-size',
    {
      ...both(['keep', 'k'], 'Messages stay on the server unless --delete is written.'),
      ...both(['nokeep', 'K'], 'Write --delete after-archive.'),
      ...both(['a', 'all'], 'All that is not archived yet is fetched.'),
    },
  ],
  [
    'reply-to',
    {
      ...both(['t', 'read-recipients', 'read-envelope-from', 'header', 'add-header'], HEADER),
      ...both(['a', 'account'], 'The account is the first word: @NAME, a connection of connections.yaml.'),
    },
  ],
  ['only', { ...both(['n', 'dry-run'], '`postrider plan JOB` says what a run would do.') }],
  [
    'drain',
    { once: '`postrider run JOB` runs a job now.', ...both(['daemon', 'd'], '`postrider service install` makes it a service.') },
  ],
];

function both(names: readonly string[], hint: string): Words {
  return Object.fromEntries(names.map(name => [name, hint]));
}

/** What the unknown command may be meant for. */
export function commandMeant(name: string, commands: readonly string[]): string | undefined {
  const [first = '', second = ''] = name.split(' ');
  const related = commands.filter(command => command.startsWith(`${first} `));
  const meant = of(COMMANDS, `${first} ${second}`) ?? of(COMMANDS, first);
  // A host behind the protocol, as ftp(1) takes it.
  if (related.length > 0 && /[.:@]/.test(second)) return related.find(command => command.endsWith(' shell'));
  return meant ?? didYouMean(name, related.length > 0 ? related : commands) ?? didYouMean(first, commands);
}

/** What to write instead of a flag that the command has not. @param flag with its dashes, without its value */
export function insteadOfFlag(flag: string, flags: readonly string[]): string | undefined {
  const name = flag.replace(/^--?/, '');
  for (const [mark, words] of INSTEAD) {
    const advice = of(words, name);
    if (advice !== undefined && flags.includes(mark)) return advice;
  }
  const renamed = of(FLAGS, name);
  const near = renamed !== undefined && flags.includes(renamed) ? renamed : didYouMean(name, name.length > 1 ? flags : []);
  return near === undefined ? undefined : `Did you mean --${near}?`;
}

function of(words: Words, word: string): string | undefined {
  return Object.hasOwn(words, word) ? words[word] : undefined;
}
