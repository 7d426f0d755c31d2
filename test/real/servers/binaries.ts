// Where the real servers are on this machine, and which are missing.
import { accessSync, constants, existsSync } from 'node:fs';
import { join } from 'node:path';

export type RealServerName =
  | 'vsftpd'
  | 'proftpd'
  | 'pure-ftpd'
  | 'pyftpdlib'
  | 'dovecot'
  | 'dovecot-lmtp'
  | 'postfix'
  | 'exim'
  | 'gnome-keyring'
  | 'mail-readers'
  | 'terminal'
  | 'shells'
  | 'man'
  | 'proxies';

/** The unpacked FTP packages, see install.sh. */
const CACHE = process.env.POSTRIDER_REAL_CACHE ?? '/tmp/postrider-real';
const UNPACKED = join(CACHE, 'root');

const NEEDED: Readonly<Record<RealServerName, readonly string[]>> = {
  vsftpd: ['/usr/sbin/vsftpd', '/lib/x86_64-linux-gnu/security/pam_pwdfile.so'],
  proftpd: ['/usr/sbin/proftpd', '/usr/lib/proftpd/mod_tls.so'],
  'pure-ftpd': ['/usr/sbin/pure-ftpd', '/usr/bin/pure-pw'],
  pyftpdlib: ['/usr/bin/python3', '/usr/lib/python3/dist-packages/pyftpdlib/__init__.py'],
  dovecot: ['/usr/sbin/dovecot', '/usr/lib/dovecot/pop3'],
  'dovecot-lmtp': ['/usr/lib/dovecot/lmtp'],
  exim: ['/usr/sbin/exim4'],
  postfix: ['/usr/sbin/postfix', '/usr/lib/postfix/sbin/master'],
  'mail-readers': ['/usr/bin/mutt', '/usr/bin/notmuch', '/usr/bin/zstd', '/usr/bin/script'],
  terminal: ['/usr/bin/python3'],
  shells: ['/usr/bin/python3', '/usr/bin/bash', '/usr/bin/zsh', '/usr/bin/fish'],
  man: ['/usr/bin/man'],
  proxies: ['/usr/bin/microsocks', '/usr/bin/tinyproxy'],
  'gnome-keyring': ['/usr/bin/gnome-keyring-daemon', '/usr/bin/dbus-run-session'],
};

/** The path of a server's file, from the unpacked packages or from the system. Throws when it is in neither. */
export function binary(path: string): string {
  const found = locate(path);
  if (found === undefined) throw new Error(`${path} is not installed: run test/real/install.sh as root`);
  return found;
}

/** What keeps these servers from being started here: empty when nothing does. */
export function obstacles(servers: readonly RealServerName[]): string[] {
  const found: string[] = [];
  if (process.getuid?.() !== 0) found.push('they need root');
  const missing = servers.filter(server => NEEDED[server].some(path => locate(path) === undefined));
  if (missing.length > 0) found.push(`not installed: ${missing.join(', ')} (test/real/install.sh installs them)`);
  if (locate('/usr/bin/openssl') === undefined) found.push('not installed: openssl');
  return found;
}

/** REQUIRE_REAL=1 makes a missing server a failure instead of a skip: CI sets it. */
export function realServersRequired(): boolean {
  return process.env.REQUIRE_REAL === '1';
}

function locate(path: string): string | undefined {
  return [join(UNPACKED, path), path].find(candidate => existsSync(candidate) && readable(candidate));
}

function readable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK);
    return true;
  } catch {
    return false;
  }
}
