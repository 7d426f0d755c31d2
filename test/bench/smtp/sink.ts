// What the mails are sent to: postfix's smtp-sink, and a real postfix that takes everything into its queue and discards it. Both count.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { postfixLog, writePostfixFolder } from '../../real/servers/postfix-folder.ts';

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
  const config = writePostfixFolder({
    folder,
    settings: {
      inet_interfaces: host,
      mynetworks: '127.0.0.0/8, 10.0.0.0/8',
      smtpd_relay_restrictions: 'permit_mynetworks, reject',
      smtpd_tls_security_level: 'none',
      default_transport: 'discard:',
      message_size_limit: '300000000',
      smtpd_client_connection_count_limit: '0',
    },
    listeners: [`${host}:${port} inet n - n - - smtpd`],
  });
  const command = [...inside, '/usr/lib/postfix/sbin/master', '-c', config, '-s'];
  const env = { ...process.env, MAIL_CONFIG: config };
  execFileSync(inside[0] ?? 'env', [...inside.slice(1), 'postfix', '-c', config, 'check'], { stdio: 'ignore' });
  const child = spawn(command[0] ?? '', command.slice(1), { stdio: 'ignore', env });
  await pause(2_000);
  const log = () => readFileSync(postfixLog(folder), 'utf8');
  const now = () => log().split('status=sent').length - 1;
  return { ...{ name: 'postfix', host, port }, count: expected => settled(now, expected), stop: () => end(child, folder) };
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
