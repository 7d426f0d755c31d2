// postfix as a submission server: STARTTLS demanded, sign-in checked by dovecot, accepted mail delivered to a Maildir.
import { execFileSync } from 'node:child_process';
import { chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { binary } from './binaries.ts';
import { type CertificateOptions, type Certificates, makeCertificates } from './certificates.ts';
import { type DovecotServer, startDovecot } from './dovecot.ts';
import { freePorts } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface PostfixOptions extends CertificateOptions {
  /** Default: both. */
  readonly tlsVersion?: '1.2' | '1.3';
  /** Addresses that exist; every other one is refused with 550. Default: inbox@example.test, ops@example.test. */
  readonly recipients?: readonly string[];
  /** Settings for main.cf, over ours. */
  readonly extra?: Readonly<Record<string, string>>;
}

export interface PostfixServer extends RealServer {
  /** Submission: STARTTLS, then AUTH. */
  readonly port: number;
  /** Submission with TLS from the first byte. */
  readonly implicitPort: number;
  /** Addresses that are accepted. All their mail lands in the Maildir `root`. */
  readonly recipients: readonly string[];
  /** Waits until so many messages have been delivered in all, and returns their octets. */
  delivered(count: number): Promise<Buffer[]>;
}

const NOBODY = 65_534;
const DELIVERED_WITHIN_MS = 20_000;
const POLL_MS = 50;

export async function startPostfix(options: PostfixOptions = {}): Promise<PostfixServer> {
  const dovecot = await startDovecot({ user: 'robot' });
  try {
    return await startWith(dovecot, options);
  } catch (error) {
    await dovecot.stop();
    throw error;
  }
}

async function startWith(dovecot: DovecotServer, options: PostfixOptions): Promise<PostfixServer> {
  const folder = makeFolder();
  const certificates = await makeCertificates(folder, options);
  const recipients = options.recipients ?? ['inbox@example.test', 'ops@example.test'];
  const [port = 0, implicitPort = 0] = await freePorts(2);
  const config = join(folder, 'etc');
  makeFolders(folder);
  const settings = {
    ...base(folder),
    ...delivery(folder),
    ...submission(certificates, dovecot.authPort, options.tlsVersion),
    ...options.extra,
  };
  const lines = Object.entries(settings).map(([key, value]) => `${key} = ${value}`);
  await writeFile(join(config, 'main.cf'), `${lines.join('\n')}\n`);
  await writeFile(join(config, 'master.cf'), `${masterLines(port, implicitPort).join('\n')}\n`);
  await writeFile(join(config, 'recipients'), recipients.map(address => `${address} Maildir/\n`).join(''));
  execFileSync(binary('/usr/sbin/postfix'), ['-c', config, 'check'], { stdio: 'pipe' });
  const running = await startProcess({
    folder,
    command: binary('/usr/lib/postfix/sbin/master'),
    args: ['-c', config, '-s'],
    env: { MAIL_CONFIG: config },
    ports: [port, implicitPort],
    logs: [join(folder, 'postfix.log')],
  });
  const { user, password } = dovecot;
  const root = join(folder, 'mail', 'Maildir');
  const stop = () => running.stop().finally(() => dovecot.stop());
  const pids = () => [...running.pids(), ...dovecot.pids()];
  const log = () => running.log() + dovecot.log();
  const delivered = (count: number) => collect(root, count, log);
  return {
    host: 'localhost',
    port,
    implicitPort,
    user,
    password,
    caFile: certificates.caFile,
    root,
    recipients,
    delivered,
    pids,
    log,
    stop,
  };
}

function makeFolders(folder: string): void {
  for (const name of ['etc', 'queue', 'data', 'mail']) mkdirSync(join(folder, name));
  const [postfix = 0, group = 0] = ['-u', '-g'].map(flag => Number(execFileSync('id', [flag, 'postfix'], { encoding: 'utf8' })));
  chownSync(join(folder, 'data'), postfix, group);
  chownSync(join(folder, 'mail'), NOBODY, NOBODY);
}

function base(folder: string): Record<string, string> {
  return {
    compatibility_level: '3.6',
    queue_directory: join(folder, 'queue'),
    data_directory: join(folder, 'data'),
    command_directory: '/usr/sbin',
    daemon_directory: '/usr/lib/postfix/sbin',
    mail_owner: 'postfix',
    setgid_group: 'postdrop',
    maillog_file: join(folder, 'postfix.log'),
    maillog_file_prefixes: folder,
    inet_interfaces: '127.0.0.1',
    inet_protocols: 'ipv4',
    myhostname: 'mail.example.test',
    mydestination: '',
    mynetworks: '',
    alias_maps: '',
    alias_database: '',
    local_recipient_maps: '',
    biff: 'no',
    smtpd_peername_lookup: 'no',
    disable_dns_lookups: 'yes',
    default_transport: 'error:nothing leaves this machine',
    in_flow_delay: '0',
    smtputf8_enable: 'yes',
  };
}

function delivery(folder: string): Record<string, string> {
  return {
    virtual_mailbox_domains: 'example.test',
    virtual_mailbox_base: join(folder, 'mail'),
    virtual_mailbox_maps: `texthash:${join(folder, 'etc', 'recipients')}`,
    virtual_uid_maps: `static:${NOBODY}`,
    virtual_gid_maps: `static:${NOBODY}`,
    virtual_mailbox_limit: '0',
    message_size_limit: String(50 * 1024 * 1024),
  };
}

function submission(certificates: Certificates, authPort: number, tlsVersion: '1.2' | '1.3' | undefined): Record<string, string> {
  return {
    smtpd_tls_security_level: 'encrypt',
    smtpd_tls_auth_only: 'yes',
    smtpd_tls_chain_files: `${certificates.keyFile}, ${certificates.certificateFile}`,
    smtpd_tls_mandatory_protocols: tlsVersion === undefined ? '>=TLSv1.2' : `>=TLSv${tlsVersion}, <=TLSv${tlsVersion}`,
    smtpd_sasl_auth_enable: 'yes',
    smtpd_sasl_type: 'dovecot',
    smtpd_sasl_path: `inet:127.0.0.1:${authPort}`,
    smtpd_sasl_security_options: 'noanonymous',
    smtpd_relay_restrictions: 'permit_sasl_authenticated, reject',
    smtpd_recipient_restrictions: 'reject_unlisted_recipient, permit_sasl_authenticated, reject',
    smtpd_soft_error_limit: '100',
    smtpd_hard_error_limit: '200',
  };
}

/** master.cf(5): nothing is chrooted, because a temporary queue has none of the files a chroot needs. */
function masterLines(port: number, implicitPort: number): string[] {
  return [
    `127.0.0.1:${port} inet n - n - - smtpd`,
    `127.0.0.1:${implicitPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes`,
    'pickup unix n - n 60 1 pickup',
    'cleanup unix n - n - 0 cleanup',
    'qmgr unix n - n 300 1 qmgr',
    'tlsmgr unix - - n 1000? 1 tlsmgr',
    'rewrite unix - - n - - trivial-rewrite',
    'bounce unix - - n - 0 bounce',
    'defer unix - - n - 0 bounce',
    'trace unix - - n - 0 bounce',
    'verify unix - - n - 1 verify',
    'flush unix n - n 1000? 0 flush',
    'proxymap unix - - n - - proxymap',
    'error unix - - n - - error',
    'retry unix - - n - - error',
    'discard unix - - n - - discard',
    'virtual unix - n n - - virtual',
    'anvil unix - - n - 1 anvil',
    'scache unix - - n - 1 scache',
    'showq unix n - n - - showq',
    'postlog unix-dgram n - n - 1 postlogd',
  ];
}

/** The queue manager delivers when it is ready to; a test waits here instead of guessing how long that takes. */
async function collect(maildir: string, count: number, log: () => string): Promise<Buffer[]> {
  const until = Date.now() + DELIVERED_WITHIN_MS;
  for (;;) {
    const names = list(join(maildir, 'new'));
    if (names.length >= count) return names.map(name => readFileSync(join(maildir, 'new', name)));
    if (Date.now() > until) throw new Error(`${names.length} of ${count} messages were delivered\n${log()}`);
    await pause(POLL_MS);
  }
}

function list(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}
