// dovecot as POP3 and POP3S server over one mailbox, and as the password checker of postfix.
import { randomBytes } from 'node:crypto';
import { chownSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { type CertificateOptions, type Certificates, makeCertificates } from './certificates.ts';
import { freePorts } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface DovecotOptions extends CertificateOptions {
  /** Where it listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** The least TLS version accepted. */
  readonly tlsVersion?: '1.2' | '1.3';
  /** Serve this Maildir (postfix's, say) instead of an own one; its files must belong to nobody. */
  readonly maildir?: string;
  readonly user?: string;
  readonly password?: string;
  /** Lines for dovecot.conf, after ours. */
  readonly extra?: readonly string[];
}

export interface DovecotServer extends RealServer {
  /** POP3 in clear, with STLS. */
  readonly port: number;
  /** POP3S. */
  readonly implicitPort: number;
  /** Where postfix asks whether a password is right: dovecot's auth protocol on loopback. */
  readonly authPort: number;
  /** Puts a message into the mailbox: these octets, byte for byte, with LF as line ends as a Maildir has them. Returns its file name. */
  deliver(message: Buffer): string;
}

const NOBODY = 65_534;

export async function startDovecot(options: DovecotOptions = {}): Promise<DovecotServer> {
  const folder = makeFolder();
  const root = options.maildir ?? join(folder, 'Maildir');
  for (const path of [root, ...['tmp', 'new', 'cur'].map(name => join(root, name))]) {
    mkdirSync(path, { recursive: true, mode: 0o700 });
    chownSync(path, NOBODY, NOBODY);
  }
  const certificates = await makeCertificates(folder, options);
  const address = options.address ?? '127.0.0.1';
  const user = options.user ?? 'invoices';
  const password = options.password ?? randomBytes(12).toString('base64url');
  const [port = 0, implicitPort = 0, authPort = 0] = await freePorts(3, address);
  const config = join(folder, 'dovecot.conf');
  const lines = [
    ...base(folder, root, certificates, { address, tlsVersion: options.tlsVersion ?? '1.2' }),
    ...passwords(user, password),
    ...services({ address, port, implicitPort, authPort }),
    ...(options.extra ?? []),
    '',
  ];
  await writeFile(config, lines.join('\n'), { mode: 0o600 });
  const running = await startProcess({
    folder,
    command: binary('/usr/sbin/dovecot'),
    args: ['-F', '-c', config],
    ports: [port, implicitPort, authPort],
    address,
    logs: [join(folder, 'dovecot.log')],
  });
  const deliver = deliverer(root);
  return {
    host: 'localhost',
    port,
    implicitPort,
    authPort,
    user,
    password,
    caFile: certificates.caFile,
    root,
    deliver,
    ...running,
  };
}

interface Manner {
  readonly address: string;
  readonly tlsVersion: string;
}

function base(folder: string, maildir: string, certificates: Certificates, { address, tlsVersion }: Manner): string[] {
  return [
    `base_dir = ${join(folder, 'run')}`,
    `state_dir = ${join(folder, 'state')}`,
    `log_path = ${join(folder, 'dovecot.log')}`,
    'protocols = pop3',
    `listen = ${address}`,
    'auth_mechanisms = plain login cram-md5 apop',
    'disable_plaintext_auth = no',
    'auth_failure_delay = 0 secs',
    'auth_verbose = yes',
    'ssl = yes',
    `ssl_cert = <${certificates.certificateFile}`,
    `ssl_key = <${certificates.keyFile}`,
    `ssl_min_protocol = TLSv${tlsVersion}`,
    `mail_location = maildir:${maildir}`,
    'mail_fsync = never',
    'first_valid_uid = 100',
    'mail_plugins =',
    'pop3_uidl_format = %f',
  ];
}

function passwords(user: string, password: string): string[] {
  return [
    'passdb {',
    '  driver = static',
    `  args = user=${user} password=${password}`,
    '}',
    'userdb {',
    '  driver = static',
    `  args = uid=${NOBODY} gid=${NOBODY} home=/nonexistent allow_all_users=yes`,
    '}',
  ];
}

interface Places {
  readonly address: string;
  readonly port: number;
  readonly implicitPort: number;
  readonly authPort: number;
}

function services(ports: Places): string[] {
  return [
    'service pop3-login {',
    '  inet_listener pop3 {',
    `    port = ${ports.port}`,
    '  }',
    '  inet_listener pop3s {',
    `    port = ${ports.implicitPort}`,
    '    ssl = yes',
    '  }',
    '}',
    'service auth {',
    '  inet_listener {',
    `    address = ${ports.address}`,
    `    port = ${ports.authPort}`,
    '  }',
    '}',
  ];
}

/** Names in the order of delivery, which is the order in which dovecot lists them. */
function deliverer(maildir: string): (message: Buffer) => string {
  let count = 0;
  return message => {
    count += 1;
    const name = `${1_700_000_000 + count}.M${count}.postrider`;
    const temporary = join(maildir, 'tmp', name);
    writeFileSync(temporary, message);
    chownSync(temporary, NOBODY, NOBODY);
    renameSync(temporary, join(maildir, 'new', name));
    return name;
  };
}
