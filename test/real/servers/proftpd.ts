// proftpd with its default TLS options (session reuse required on data connections) and one virtual user.
import { chownSync, mkdirSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeAccount } from './account.ts';
import { binary } from './binaries.ts';
import { type CertificateOptions, type Certificates, makeCertificates } from './certificates.ts';
import { freePorts, passiveRange } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface ProftpdOptions extends CertificateOptions {
  /** Where it listens. Default: 127.0.0.1. */
  readonly address?: string;
  /** Default: explicit. */
  readonly tls?: 'explicit' | 'implicit' | 'none';
  /** Default: both. */
  readonly tlsVersion?: '1.2' | '1.3';
  /** Take files in clear, too. */
  readonly clearData?: boolean;
  /** Lines for proftpd.conf, after ours. */
  readonly extra?: readonly string[];
}

const NOBODY = 65_534;

export async function startProftpd(options: ProftpdOptions = {}): Promise<RealServer> {
  const folder = makeFolder();
  const root = join(folder, 'root');
  mkdirSync(root);
  chownSync(root, NOBODY, NOBODY);
  const certificates = await makeCertificates(folder, options);
  const { user, password, hash } = makeAccount('deploy');
  await writeFile(join(folder, 'passwd'), `${user}:${hash}:${NOBODY}:${NOBODY}::${root}:/bin/false\n`, { mode: 0o600 });
  const address = options.address ?? '127.0.0.1';
  const [port = 0] = await freePorts(1, address);
  const config = join(folder, 'proftpd.conf');
  const lines = [...base(folder, address, port), ...tlsLines(options, certificates, folder), ...(options.extra ?? []), ''];
  await writeFile(config, lines.join('\n'));
  const running = await startProcess({
    folder,
    command: binary('/usr/sbin/proftpd'),
    args: ['-n', '-c', config],
    ports: [port],
    address,
    logs: [join(folder, 'proftpd.log'), join(folder, 'tls.log')],
  });
  return { host: 'localhost', port, user, password, caFile: certificates.caFile, root, ...running };
}

function base(folder: string, address: string, port: number): string[] {
  const passive = passiveRange();
  return [
    `ModulePath ${dirname(binary('/usr/lib/proftpd/mod_tls.so'))}`,
    'LoadModule mod_tls.c',
    'ServerName "postrider test"',
    'ServerType standalone',
    'DefaultServer on',
    'UseIPv6 off',
    'UseReverseDNS off',
    `DefaultAddress ${address}`,
    `Port ${port}`,
    `PassivePorts ${passive.first} ${passive.last}`,
    'User nobody',
    'Group nogroup',
    `PidFile ${join(folder, 'proftpd.pid')}`,
    `ScoreboardFile ${join(folder, 'scoreboard')}`,
    `SystemLog ${join(folder, 'proftpd.log')}`,
    'TransferLog none',
    'WtmpLog off',
    'DelayEngine off',
    'AuthPAM off',
    'AuthOrder mod_auth_file.c',
    `AuthUserFile ${join(folder, 'passwd')}`,
    'RequireValidShell off',
    'DefaultRoot ~',
    'Umask 022 022',
    'AllowOverwrite on',
    'AllowStoreRestart on',
    'AllowRetrieveRestart on',
    'MaxInstances 30',
  ];
}

function tlsLines(options: ProftpdOptions, certificates: Certificates, folder: string): string[] {
  const mode = options.tls ?? 'explicit';
  if (mode === 'none') return ['TLSEngine off'];
  return [
    'TLSEngine on',
    `TLSRequired ${options.clearData === true ? 'ctrl' : 'on'}`,
    `TLSProtocol ${options.tlsVersion === undefined ? 'TLSv1.2 TLSv1.3' : `TLSv${options.tlsVersion}`}`,
    `TLSECCertificateFile ${certificates.certificateFile}`,
    `TLSECCertificateKeyFile ${certificates.keyFile}`,
    `TLSLog ${join(folder, 'tls.log')}`,
    'TLSVerifyClient off',
    ...(mode === 'implicit' ? ['TLSOptions UseImplicitSSL'] : []),
  ];
}
