// exim4 as a submission server: STARTTLS, sign-in by PLAIN, chunking, accepted mail in a Maildir.
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { binary } from './binaries.ts';
import { makeCertificates } from './certificates.ts';
import { freePorts } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface EximServer extends RealServer {
  /** Waits until so many messages have been delivered in all, and returns their octets. */
  delivered(count: number): Promise<Buffer[]>;
}

const NOBODY = 65_534;
const DELIVERED_WITHIN_MS = 20_000;

export async function startExim(): Promise<EximServer> {
  const folder = makeFolder();
  const certificates = await makeCertificates(folder, {});
  const [port = 0] = await freePorts(1);
  const [user, password] = ['robot', randomBytes(12).toString('base64url')];
  const root = join(folder, 'Maildir');
  for (const path of [root, join(folder, 'spool'), join(folder, 'log')]) {
    mkdirSync(path);
    chownSync(path, NOBODY, NOBODY);
  }
  for (const path of [certificates.keyFile, certificates.certificateFile]) chownSync(path, NOBODY, NOBODY);
  const config = join(folder, 'exim.conf');
  writeFileSync(config, lines({ folder, root, port, user, password, ...certificates }).join('\n'), { mode: 0o644 });
  const running = await startProcess({
    folder,
    command: binary('/usr/sbin/exim4'),
    args: ['-C', config, '-bdf', '-q1m'],
    ports: [port],
    logs: [join(folder, 'log/mainlog'), join(folder, 'log/paniclog')],
  });
  const delivered = (count: number) => collect(join(root, 'new'), count, running.log);
  return {
    host: 'localhost',
    port,
    implicitPort: 0,
    user,
    password,
    caFile: certificates.caFile,
    root,
    delivered,
    ...running,
  } as EximServer;
}

interface Settings {
  readonly folder: string;
  readonly root: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly keyFile: string;
  readonly certificateFile: string;
}

function lines({ folder, root, port, user, password, keyFile, certificateFile }: Settings): readonly string[] {
  return [
    `exim_path = ${binary('/usr/sbin/exim4')}`,
    'smtp_accept_queue_per_connection = 0',
    'exim_user = nobody',
    'exim_group = nogroup',
    'primary_hostname = mail.example.test',
    `spool_directory = ${folder}/spool`,
    `log_file_path = ${folder}/log/%slog`,
    `pid_file_path = ${folder}/spool/exim.pid`,
    'local_interfaces = 127.0.0.1',
    `daemon_smtp_ports = ${port}`,
    'tls_advertise_hosts = *',
    `tls_certificate = ${certificateFile}`,
    `tls_privatekey = ${keyFile}`,
    'chunking_advertise_hosts = *',
    'dsn_advertise_hosts = *',
    'host_lookup =',
    'rfc1413_hosts =',
    'smtp_accept_max_per_connection = 0',
    'acl_smtp_rcpt = rcpt',
    'acl_smtp_data = data',
    'begin acl',
    'rcpt:',
    '  deny !authenticated = *',
    '  deny !local_parts = ops : inbox',
    '       message = nobody here',
    '  accept',
    'data:',
    '  accept',
    'begin routers',
    'all:',
    '  driver = accept',
    '  transport = box',
    'begin transports',
    'box:',
    '  driver = appendfile',
    `  directory = ${root}`,
    '  maildir_format',
    '  create_directory',
    '  user = nobody',
    '  group = nogroup',
    'begin authenticators',
    'plain:',
    '  driver = plaintext',
    '  public_name = PLAIN',
    '  server_prompts = :',
    `  server_condition = \${if and{{eq{$auth2}{${user}}}{eq{$auth3}{${password}}}}}`,
    '  server_set_id = $auth2',
    '  server_advertise_condition = ${if def:tls_in_cipher}',
    '',
  ];
}

async function collect(folder: string, count: number, log: () => string): Promise<Buffer[]> {
  const until = Date.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const names = list(folder);
    if (names.length >= count) return names.map(name => readFileSync(join(folder, name)));
    if (Date.now() > until) throw new Error(`${names.length} of ${count} messages were delivered\n${log()}`);
    await pause(50);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
