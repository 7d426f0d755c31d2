// Makes a certificate authority and a server certificate with the openssl command, the way an administrator would.
import { execFile } from 'node:child_process';
import { appendFile, chmod, copyFile, readFile, writeFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface Certificates {
  /** The authority's certificate: what a client has to trust. */
  readonly caFile: string;
  readonly certificateFile: string;
  readonly keyFile: string;
  /** Key and certificate in one file, as pure-ftpd wants them. */
  readonly bundleFile: string;
}

export interface CertificateOptions {
  /** Host names and addresses the certificate is for. */
  readonly names?: readonly string[];
}

const NAMES = ['localhost', '127.0.0.1', '::1'];

export async function makeCertificates(folder: string, { names = NAMES }: CertificateOptions = {}): Promise<Certificates> {
  const path = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => run('openssl', args, { cwd: folder });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  await openssl(
    'req',
    '-x509',
    ...newKey,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-days',
    '2',
    '-subj',
    '/CN=postrider test authority',
  );
  await openssl('req', ...newKey, '-keyout', 'server.key', '-out', 'server.csr', '-subj', '/CN=postrider test server');
  const subjects = names.map(name => (isIP(name) === 0 ? `DNS:${name}` : `IP:${name}`)).join(',');
  await writeFile(path('server.ext'), `subjectAltName=${subjects}\nextendedKeyUsage=serverAuth\n`);
  const authority = ['-CA', 'ca.pem', '-CAkey', 'ca.key', '-CAcreateserial'];
  await openssl('x509', '-req', '-in', 'server.csr', ...authority, '-out', 'server.pem', '-days', '2', '-extfile', 'server.ext');
  await copyFile(path('server.key'), path('bundle.pem'));
  await appendFile(path('bundle.pem'), await readFile(path('server.pem')));
  for (const name of ['ca.key', 'server.key', 'bundle.pem']) await chmod(path(name), 0o600);
  return {
    caFile: path('ca.pem'),
    certificateFile: path('server.pem'),
    keyFile: path('server.key'),
    bundleFile: path('bundle.pem'),
  };
}

/** Writes an OpenSSL configuration that allows one TLS version only, for servers that have no setting for it. */
export async function onlyTlsVersion(folder: string, version: '1.2' | '1.3'): Promise<string> {
  const file = join(folder, 'openssl.cnf');
  const lines = [
    'openssl_conf = init',
    '[init]',
    'ssl_conf = ssl',
    '[ssl]',
    'system_default = limits',
    '[limits]',
    `MinProtocol = TLSv${version}`,
    `MaxProtocol = TLSv${version}`,
    '',
  ];
  await writeFile(file, lines.join('\n'));
  return file;
}
