// vsftpd with required TLS session reuse on data connections, one virtual user, no system account touched.
import { chownSync, mkdirSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Account, makeAccount } from './account.ts';
import { binary } from './binaries.ts';
import { type CertificateOptions, makeCertificates, onlyTlsVersion } from './certificates.ts';
import { freePorts, passiveRange } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface VsftpdOptions extends CertificateOptions {
  /** Where it listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** Default: explicit. */
  readonly tls?: 'explicit' | 'implicit' | 'none';
  /** Default: whatever OpenSSL agrees on, which is 1.3. */
  readonly tlsVersion?: '1.2' | '1.3';
  /** Lines for vsftpd.conf, after ours. */
  readonly extra?: readonly string[];
}

/** The system account behind the virtual user: it needs a home that exists, which nobody has not. */
const GUEST = { name: 'daemon', id: 1 };

export async function startVsftpd(options: VsftpdOptions = {}): Promise<RealServer> {
  const folder = makeFolder();
  const root = join(folder, 'root');
  mkdirSync(root);
  chownSync(root, GUEST.id, GUEST.id);
  mkdirSync(join(folder, 'empty'));
  const certificates = await makeCertificates(folder, options);
  const account = makeAccount('deploy');
  const pam = join('/etc/pam.d', basename(folder).toLowerCase());
  await writePam(pam, folder, account);
  const address = options.address ?? '127.0.0.1';
  const [port = 0] = await freePorts(1, address);
  const settings = {
    ...base({ folder, root, address, port }),
    pam_service_name: basename(pam),
    ...tlsSettings(options, certificates),
  };
  const config = join(folder, 'vsftpd.conf');
  const lines = [...Object.entries(settings).map(([key, value]) => `${key}=${value}`), ...(options.extra ?? []), ''];
  await writeFile(config, lines.join('\n'));
  const env = options.tlsVersion === undefined ? {} : { OPENSSL_CONF: await onlyTlsVersion(folder, options.tlsVersion) };
  const running = await startProcess({
    folder,
    command: binary('/usr/sbin/vsftpd'),
    args: [config],
    env,
    ports: [port],
    address,
    logs: [join(folder, 'vsftpd.log')],
    cleanUp: () => rmSync(pam, { force: true }),
  });
  return {
    host: 'localhost',
    port,
    user: account.user,
    password: account.password,
    caFile: certificates.caFile,
    root,
    ...running,
  };
}

/** PAM reads services from /etc/pam.d only, by their name in lower case; ours is removed with the server. */
async function writePam(file: string, folder: string, account: Account): Promise<void> {
  const passwords = join(folder, 'passwd');
  await writeFile(passwords, `${account.user}:${account.hash}\n`, { mode: 0o600 });
  const module = binary('/lib/x86_64-linux-gnu/security/pam_pwdfile.so');
  await writeFile(file, `auth required ${module} nodelay pwdfile=${passwords}\naccount required pam_permit.so\n`);
}

interface Place {
  readonly folder: string;
  readonly root: string;
  readonly address: string;
  readonly port: number;
}

function base({ folder, root, address, port }: Place): Record<string, string | number> {
  const passive = passiveRange();
  return {
    listen: 'YES',
    listen_address: address,
    listen_port: port,
    background: 'NO',
    isolate: 'NO',
    isolate_network: 'NO',
    seccomp_sandbox: 'NO',
    session_support: 'NO',
    anonymous_enable: 'NO',
    local_enable: 'YES',
    guest_enable: 'YES',
    guest_username: GUEST.name,
    virtual_use_local_privs: 'YES',
    local_root: root,
    chroot_local_user: 'YES',
    allow_writeable_chroot: 'YES',
    secure_chroot_dir: join(folder, 'empty'),
    nopriv_user: 'nobody',
    local_umask: '022',
    write_enable: 'YES',
    mdtm_write: 'YES',
    chmod_enable: 'YES',
    utf8_filesystem: 'YES',
    pasv_min_port: passive.first,
    pasv_max_port: passive.last,
    pasv_address: address,
    delay_failed_login: 0,
    max_login_fails: 3,
    xferlog_enable: 'YES',
    xferlog_std_format: 'NO',
    log_ftp_protocol: 'YES',
    vsftpd_log_file: join(folder, 'vsftpd.log'),
  };
}

function tlsSettings(
  options: VsftpdOptions,
  certificates: { readonly certificateFile: string; readonly keyFile: string },
): Record<string, string> {
  const mode = options.tls ?? 'explicit';
  if (mode === 'none') return { ssl_enable: 'NO' };
  return {
    ssl_enable: 'YES',
    implicit_ssl: mode === 'implicit' ? 'YES' : 'NO',
    rsa_cert_file: certificates.certificateFile,
    rsa_private_key_file: certificates.keyFile,
    force_local_logins_ssl: 'YES',
    force_local_data_ssl: 'YES',
    require_ssl_reuse: 'YES',
    ssl_tlsv1: 'YES',
    ssl_sslv2: 'NO',
    ssl_sslv3: 'NO',
    ssl_ciphers: 'HIGH',
    debug_ssl: 'YES',
  };
}
