// The system's certificates beyond those that Node ships, found by comparing texts: parsing every one takes longer than a handshake.
import { type Dirent, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { env, platform } from 'node:process';
import { getCACertificates } from 'node:tls';

export interface CertificatePlaces {
  readonly file: string;
  readonly folders: readonly string[];
  /** Where those certificates lie that Debian and its kin link to from a folder, and put together in its BUNDLE. */
  readonly bundled: readonly string[];
}

const BUNDLE = 'ca-certificates.crt';

const PEM = /-----BEGIN CERTIFICATE-----[^-]*-----END CERTIFICATE-----/g;

/** In PEM, each once. What cannot be read is left out, as Node does. */
export function systemCertificates(places: CertificatePlaces | undefined = openSslPlaces()): string[] {
  const known = new Set(getCACertificates('default').map(withoutLines));
  const files =
    places === undefined ? [] : [places.file, ...places.folders.flatMap(folder => folderFiles(folder, places.bundled))];
  const found = places === undefined ? getCACertificates('system') : files.flatMap(certificatesIn);
  const others = new Map(found.map(pem => [withoutLines(pem), pem]));
  return [...others].filter(([text]) => !known.has(text)).map(([, pem]) => pem);
}

/** Where OpenSSL, as it comes with Node, looks on Linux; elsewhere the system has a store of its own. */
function openSslPlaces(): CertificatePlaces | undefined {
  if (platform !== 'linux') return undefined;
  const { SSL_CERT_FILE: file = '/etc/ssl/cert.pem', SSL_CERT_DIR: folders = '/etc/ssl/certs' } = env;
  const bundled = ['/usr/share/ca-certificates/', '/usr/local/share/ca-certificates/'];
  return { file, folders: folders.split(':'), bundled };
}

function folderFiles(folder: string, bundled: readonly string[]): string[] {
  try {
    const entries = readdirSync(folder, { withFileTypes: true }).filter(entry => !entry.isDirectory());
    const known = entries.some(({ name }) => name === BUNDLE) ? bundled : [];
    return entries.filter(entry => !isSecondName(folder, entry, known)).map(({ name }) => `${folder}/${name}`);
  } catch {
    return [];
  }
}

/** A link to what is in the bundle; or OpenSSL's hash of a certificate's subject, as a link to its file beside it. */
function isSecondName(folder: string, entry: Dirent, bundled: readonly string[]): boolean {
  if (!entry.isSymbolicLink()) return false;
  const target = readlinkSync(`${folder}/${entry.name}`);
  return bundled.some(place => target.startsWith(place)) || (/^[0-9a-f]{8}\.\d+$/.test(entry.name) && !target.includes('/'));
}

function certificatesIn(path: string): string[] {
  try {
    return readFileSync(path, 'utf8').match(PEM) ?? [];
  } catch {
    return [];
  }
}

function withoutLines(pem: string): string {
  return pem.replace(/\s+/g, '');
}
