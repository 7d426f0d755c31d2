// The programs and how each is told to fetch everything and to keep it on the server; what each has stored is read back mail by mail.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Command } from '../ftp/measure.ts';
import type { Host } from './server.ts';

export interface Contestant {
  readonly name: string;
  /** Too slow for more than one round. */
  readonly slow?: boolean;
  /** In an empty folder; run twice, the second time finds nothing new. */
  command(host: Host, folder: string): Command;
  stored(folder: string): Iterable<Buffer>;
}

const ROOT = resolve(import.meta.dirname, '../../..');

/** postrider first; missing programs are said and left out. */
export function contestants(peers: readonly string[]): readonly Contestant[] {
  const wanted = ({ name }: Contestant) => peers.length === 0 || peers.some(start => name.startsWith(start));
  const all: readonly (readonly [program: string, Contestant])[] = [
    ['mpop', mpop('mbox')],
    ['mpop', mpop('maildir')],
    ['fetchmail', fetchmail],
    ['getmail', getmail],
    ['node', nodePop3],
  ];
  return [postrider, ...all.filter(([program, each]) => wanted(each) && has(program)).map(([, each]) => each)];
}

function has(program: string): boolean {
  const found = spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (!found) console.log(`${program} is not installed: left out`);
  return found;
}

const postrider: Contestant = {
  name: 'postrider',
  command({ host, port, user, password }, folder) {
    const job = [
      'connections:',
      `  inbox: { type: pop3, host: "${host}", port: ${port}, tls: none, user: "${user}", password: "\${{ secrets.inbox }}" }`,
      'steps:',
      '  - id: mail',
      '    uses: pop3/archive',
      '    with: { connection: inbox, archive: ./archive, account: me }',
    ];
    writeFileSync(join(folder, 'mail.yaml'), `${job.join('\n')}\n`);
    return {
      argv: [process.execPath, join(ROOT, 'bin/postrider.js'), 'run', join(folder, 'mail.yaml'), '--quiet'],
      env: { POSTRIDER_SECRET_INBOX: password, POSTRIDER_STATE: join(folder, 'state') },
    };
  },
  *stored(folder) {
    const account = join(folder, 'archive/me');
    for (const name of readdirSync(account).filter(each => each.endsWith('.mbox')))
      yield* mboxMails(readFileSync(join(account, name)));
  },
};

function mpop(format: 'mbox' | 'maildir'): Contestant {
  return {
    name: `mpop ${format}`,
    command({ host, port, user, password }, folder) {
      for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, 'mail', name), { recursive: true });
      const lines = [
        'account default',
        `host ${host}`,
        `port ${port}`,
        `user ${user}`,
        `password ${password}`,
        'tls off',
        'auth user',
        'keep on',
        'received_header off',
        `uidls_file ${join(folder, 'uidls')}`,
        `delivery ${format} ${join(folder, format === 'mbox' ? 'mbox' : 'mail')}`,
      ];
      writeFileSync(join(folder, 'mpoprc'), `${lines.join('\n')}\n`, { mode: 0o600 });
      if (format === 'mbox') writeFileSync(join(folder, 'mbox'), '', { flag: 'a' });
      return { argv: ['mpop', '-C', join(folder, 'mpoprc'), '-Q'] };
    },
    stored: folder => (format === 'mbox' ? mboxMails(readFileSync(join(folder, 'mbox'))) : filesIn(join(folder, 'mail/new'))),
  };
}

const fetchmail: Contestant = {
  name: 'fetchmail',
  slow: true,
  command({ host, port, user, password }, folder) {
    mkdirSync(join(folder, 'mail'), { recursive: true });
    const poll = `poll ${host} protocol pop3 port ${port} uidl user "${user}" password "${password}" sslproto '' keep`;
    const mda = `mda "/bin/sh -c 'cat > ${folder}/mail/\\$\\$'"`;
    writeFileSync(join(folder, 'fetchmailrc'), `set invisible\n${poll} no rewrite ${mda}\n`, { mode: 0o600 });
    return { argv: ['fetchmail', '-s', '--nodetach', '-f', join(folder, 'fetchmailrc')], env: { FETCHMAILHOME: folder } };
  },
  stored: folder => filesIn(join(folder, 'mail')),
};

const getmail: Contestant = {
  name: 'getmail6',
  slow: true,
  command({ host, port, user, password }, folder) {
    for (const name of ['cur', 'new', 'tmp']) mkdirSync(join(folder, 'mail', name), { recursive: true });
    const lines = [
      '[retriever]',
      'type = SimplePOP3Retriever',
      `server = ${host}`,
      `port = ${port}`,
      `username = ${user}`,
      `password = ${password}`,
      '[destination]',
      'type = Maildir',
      `path = ${folder}/mail/`,
      '[options]',
      'read_all = false',
      'delete = false',
      'delivered_to = false',
      'received = false',
      'verbose = 0',
    ];
    writeFileSync(join(folder, 'getmailrc'), `${lines.join('\n')}\n`, { mode: 0o600 });
    // It refuses to deliver as root.
    spawnSync('chown', ['-R', 'nobody', folder]);
    spawnSync('chmod', ['a+x', dirname(folder)]);
    return {
      argv: [
        'setpriv',
        '--reuid=nobody',
        '--regid=nogroup',
        '--clear-groups',
        'getmail',
        '--getmaildir',
        folder,
        '--rcfile',
        'getmailrc',
      ],
    };
  },
  stored: folder => filesIn(join(folder, 'mail/new')),
};

const nodePop3: Contestant = {
  name: 'node-pop3',
  slow: true,
  command({ host, port, user, password }, folder) {
    mkdirSync(join(folder, 'mail'), { recursive: true });
    return {
      argv: [process.execPath, join(import.meta.dirname, 'node-pop3-client.ts'), join(folder, 'mail')],
      env: { NODE_POP3: JSON.stringify({ host, port, user, password, tls: false }) },
    };
  },
  stored: folder => filesIn(join(folder, 'mail')),
};

function* filesIn(folder: string): Generator<Buffer> {
  for (const name of readdirSync(folder)) if (name !== 'seen.json') yield readFileSync(join(folder, name));
}

/** mboxrd. */
function* mboxMails(mbox: Buffer): Generator<Buffer> {
  for (let start = 0; start < mbox.length; ) {
    const next = mbox.indexOf('\n\nFrom ', start);
    const end = next === -1 ? mbox.length : next + 2;
    const mail = mbox.subarray(mbox.indexOf('\n', start) + 1, end - 1);
    yield mail.includes('\n>') ? Buffer.from(mail.toString('latin1').replace(/^>(>*From )/gm, '$1'), 'latin1') : mail;
    start = end;
  }
}
