// What the mails are sent to: postfix's smtp-sink, and a real postfix that takes everything into its queue and discards it. Both count.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, chownSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Sink {
  readonly name: string;
  readonly host: string;
  readonly port: number;
  /** Mails taken so far; waits until it is `expected` or nothing has changed for a second. */
  count(expected: number): Promise<number>;
  stop(): Promise<void>;
}

export interface Place {
  readonly host: string;
  /** Goes before a command that runs there. */
  readonly inside: readonly string[];
}

let nextPort = 26_000 + (process.pid % 1_000) * 2;

/** `hosts` may name a folder for `-d` dumps; counters come from `-c`. */
export async function startSink({ host, inside }: Place): Promise<Sink> {
  const port = nextPort++;
  const folder = mkdtempSync(join(tmpdir(), 'bench-sink-'));
  const output = join(folder, 'counters');
  writeFileSync(output, '');
  const command = [...inside, 'sh', '-c', `exec smtp-sink -c -u root ${host}:${port} 1024 >${output} 2>&1`];
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: 'ignore' });
  await pause(700);
  const now = () => Number(/mesg=(\d+)[^=]*$/.exec(readFileSync(output, 'utf8'))?.[1] ?? 0);
  return {
    ...{ name: 'smtp-sink', host, port },
    count: expected => settled(now, expected),
    stop: () => end(child, folder),
  };
}

export async function startDiscard({ host, inside }: Place): Promise<Sink> {
  const port = nextPort++;
  // In memory where there is such a folder: the server's disk is not what is measured.
  const folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'bench-postfix-'));
  chmodSync(folder, 0o755);
  for (const name of ['etc', 'queue', 'data']) mkdirSync(join(folder, name));
  const id = (flag: string) => Number(execFileSync('id', [flag, 'postfix'], { encoding: 'utf8' }));
  chownSync(join(folder, 'data'), id('-u'), id('-g'));
  const settings = {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: join(folder, 'log'),
    maillog_file_prefixes: folder,
    inet_interfaces: host,
    inet_protocols: 'ipv4',
    myhostname: 'mail.example.test',
    mydestination: '',
    mynetworks: '127.0.0.0/8, 10.0.0.0/8',
    smtpd_relay_restrictions: 'permit_mynetworks, reject',
    smtpd_peername_lookup: 'no',
    smtpd_tls_security_level: 'none',
    disable_dns_lookups: 'yes',
    default_transport: 'discard:',
    in_flow_delay: '0',
    message_size_limit: '300000000',
    smtpd_client_connection_count_limit: '0',
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  writeFileSync(join(folder, 'etc/main.cf'), `${lines.join('\n')}\n`);
  writeFileSync(join(folder, 'etc/master.cf'), `${services(`${host}:${port}`).join('\n')}\n`);
  const command = [...inside, '/usr/lib/postfix/sbin/master', '-c', join(folder, 'etc'), '-s'];
  const env = { ...process.env, MAIL_CONFIG: join(folder, 'etc') };
  execFileSync(inside[0] ?? 'env', [...inside.slice(1), 'postfix', '-c', join(folder, 'etc'), 'check'], { stdio: 'ignore' });
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: 'ignore', env });
  await pause(2_000);
  const log = () => readFileSync(join(folder, 'log'), 'utf8');
  const now = () => log().split('status=sent').length - 1;
  return { ...{ name: 'postfix', host, port }, count: expected => settled(now, expected), stop: () => end(child, folder) };
}

function services(address: string): readonly string[] {
  return [
    `${address} inet n - n - - smtpd`,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'showq unix n - n - - showq',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
}

async function settled(now: () => number, expected: number): Promise<number> {
  let [seen, still] = [-1, 0];
  while (still < 20 && seen !== expected) {
    await pause(100);
    const count = now();
    still = count === seen ? still + 1 : 0;
    seen = count;
  }
  return seen;
}

async function end(child: ChildProcess, folder: string): Promise<void> {
  if (child.exitCode === null) {
    const ended = new Promise(resolve => child.once('exit', resolve));
    child.kill('SIGTERM');
    await Promise.race([ended, pause(3_000).then(() => child.kill('SIGKILL'))]);
  }
  rmSync(folder, { recursive: true, force: true });
}
