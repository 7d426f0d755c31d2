// pure-ftpd, plain or with TLS, with one virtual user from its own password database.
import { chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { execFileSync } from '../../support/sync-child.ts';
import { type Account, makeAccount } from './account.ts';
import { binary } from './binaries.ts';
import { type CertificateOptions, makeCertificates, onlyTlsVersion } from './certificates.ts';
import { freePorts, passiveRange } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface PureFtpdOptions extends CertificateOptions {
  /** Where it listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** Default: none. */
  readonly tls?: 'explicit' | 'none';
  readonly tlsVersion?: '1.2' | '1.3';
  /** More command-line options. */
  readonly extra?: readonly string[];
}

const NOBODY = 65_534;
/** The numbers of --tls: off, and required on control and data connections. */
const TLS_LEVELS = { none: '0', explicit: '3' } as const;

export async function startPureFtpd(options: PureFtpdOptions = {}): Promise<RealServer> {
  const folder = makeFolder();
  const root = join(folder, 'root');
  mkdirSync(root);
  chownSync(root, NOBODY, NOBODY);
  const certificates = await makeCertificates(folder, options);
  const account = makeAccount('deploy');
  const database = makeDatabase(folder, root, account);
  const address = options.address ?? '127.0.0.1';
  const [port = 0] = await freePorts(1, address);
  const passive = passiveRange();
  const env = options.tlsVersion === undefined ? {} : { OPENSSL_CONF: await onlyTlsVersion(folder, options.tlsVersion) };
  const args = [
    ...['--bind', `${address},${port}`],
    ...['--passiveportrange', `${passive.first}:${passive.last}`],
    ...['--forcepassiveip', address],
    ...['--login', `puredb:${database}`],
    ...['--certfile', certificates.bundleFile],
    ...['--tls', TLS_LEVELS[options.tls ?? 'none']],
    ...['--pidfile', join(folder, 'pure-ftpd.pid')],
    ...['--altlog', `clf:${join(folder, 'transfers.log')}`],
    '--noanonymous',
    '--chrooteveryone',
    '--dontresolve',
    '--displaydotfiles',
    ...(options.extra ?? []),
  ];
  const running = await startProcess({
    folder,
    command: binary('/usr/sbin/pure-ftpd'),
    args,
    env,
    ports: [port],
    address,
    logs: [join(folder, 'transfers.log')],
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

/**
 * Writes the account as pure-pw would, with a SHA-512 crypt(3) hash: pure-pw's own argon2 costs two seconds of processor time at
 * every sign-in.
 */
function makeDatabase(folder: string, root: string, account: Account): string {
  const passwords = join(folder, 'passwd');
  const database = join(folder, 'pureftpd.pdb');
  writeFileSync(passwords, `${account.user}:${account.hash}:${NOBODY}:${NOBODY}::${root}/./::::::::::::\n`, { mode: 0o600 });
  execFileSync(binary('/usr/bin/pure-pw'), ['mkdb', database, '-f', passwords], { stdio: 'ignore' });
  return database;
}
