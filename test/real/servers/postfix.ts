// postfix as a submission server: STARTTLS demanded, sign-in checked by dovecot, accepted mail delivered to a Maildir.
import { chownSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { execFileSync } from '../../support/sync-child.ts';
import { binary } from './binaries.ts';
import { type CertificateOptions, type Certificates, makeCertificates } from './certificates.ts';
import { type DovecotServer, startDovecot } from './dovecot.ts';
import { freePorts } from './ports.ts';
import { postfixLog, writePostfixFolder } from './postfix-folder.ts';
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
  mkdirSync(join(folder, 'mail'));
  chownSync(join(folder, 'mail'), NOBODY, NOBODY);
  const config = writePostfixFolder({
    folder,
    settings: {
      ...delivery(folder),
      ...submission(certificates, dovecot.authPort, options.tlsVersion),
      ...options.extra,
    },
    listeners: [
      `127.0.0.1:${port} inet n - n - - smtpd`,
      `127.0.0.1:${implicitPort} inet n - n - - smtpd -o smtpd_tls_wrappermode=yes`,
    ],
  });
  await writeFile(join(config, 'recipients'), recipients.map(address => `${address} Maildir/\n`).join(''));
  execFileSync(binary('/usr/sbin/postfix'), ['-c', config, 'check'], { stdio: 'pipe' });
  const running = await startProcess({
    folder,
    command: binary('/usr/lib/postfix/sbin/master'),
    args: ['-c', config, '-s'],
    env: { MAIL_CONFIG: config },
    ports: [port, implicitPort],
    logs: [postfixLog(folder)],
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

function delivery(folder: string): Record<string, string> {
  return {
    inet_interfaces: '127.0.0.1',
    mynetworks: '',
    default_transport: 'error:nothing leaves this machine',
    smtputf8_enable: 'yes',
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
