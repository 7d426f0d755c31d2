// The sandbox's own certificate authority and server certificate, made once and kept in its folder while they are valid.
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generate } from 'selfsigned';
import type { Clock } from '../core/clock.ts';
import { fileError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import { makeFolder } from '../files/make-folder.ts';
import type { TlsServerContext } from '../protocols/net/listener.ts';

export interface Certificates {
  /** The PEM file that clients are told to trust. */
  readonly caFile: string;
  /** For every TLS handshake of the sandbox; tickets of one connection resume on another. */
  readonly tls: TlsServerContext;
}

const DAY_MS = 86_400_000;
const VALID_MS = 365 * DAY_MS;
/** Renewed this long before the end, so that no rehearsal outlives its certificate. */
const RENEWED_BEFORE_MS = 7 * DAY_MS;
/** RFC 5077 tickets: name, HMAC key and AES key, 16 bytes each. */
const TICKET_KEY_BYTES = 48;

/** Reuses what lies in `dir` while it is valid; else makes a new authority and a certificate for localhost. */
export async function sandboxCertificates(dir: string, clock: Clock, random: Random): Promise<Certificates> {
  const caFile = join(dir, 'ca.pem');
  const certFile = join(dir, 'server.pem');
  const keyFile = join(dir, 'server-key.pem');
  const kept = await readKept(caFile, certFile, keyFile);
  const pems = kept !== undefined && usable(kept, clock.now()) ? kept : await issue(clock.now(), randomHex(random, 4));
  if (pems !== kept) {
    await makeFolder(dir);
    await replaceFile(keyFile, pems.key, 0o600);
    await replaceFile(certFile, pems.cert, 0o644);
    await replaceFile(caFile, pems.ca, 0o644);
  }
  const { key, cert } = pems;
  return { caFile, tls: { key, cert, minVersion: 'TLSv1.2', ticketKeys: random.bytes(TICKET_KEY_BYTES) } };
}

interface Pems {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

async function readKept(caFile: string, certFile: string, keyFile: string): Promise<Pems | undefined> {
  try {
    const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(file => readFile(file, 'utf8')));
    return ca === undefined || cert === undefined || key === undefined ? undefined : { ca, cert, key };
  } catch {
    return undefined;
  }
}

/** True when the three belong together and will be valid for a while. */
function usable(pems: Pems, now: number): boolean {
  try {
    const ca = new X509Certificate(pems.ca);
    const cert = new X509Certificate(pems.cert);
    return (
      cert.checkIssued(ca) &&
      cert.verify(ca.publicKey) &&
      cert.checkPrivateKey(createPrivateKey(pems.key)) &&
      cert.checkHost('localhost') !== undefined &&
      [ca, cert].every(one => Date.parse(one.validFrom) <= now && Date.parse(one.validTo) > now + RENEWED_BEFORE_MS)
    );
  } catch {
    return false;
  }
}

/** The authority's key is forgotten at once: nothing else can ever be signed with it. `tag` tells authorities apart. */
async function issue(now: number, tag: string): Promise<Pems> {
  const common = {
    keyType: 'ec',
    algorithm: 'sha256',
    notBeforeDate: new Date(now - DAY_MS),
    notAfterDate: new Date(now + VALID_MS),
  } as const;
  const authority = await generate([{ name: 'commonName', value: `postrider sandbox CA ${tag}` }], {
    ...common,
    extensions: [
      { name: 'basicConstraints', cA: true, pathLenConstraint: 0, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  });
  const server = await generate([{ name: 'commonName', value: 'localhost' }], {
    ...common,
    ca: { key: authority.private, cert: authority.cert },
    extensions: [
      { name: 'basicConstraints', cA: false, critical: true },
      { name: 'keyUsage', digitalSignature: true, critical: true },
      { name: 'extKeyUsage', serverAuth: true },
      {
        name: 'subjectAltName',
        altNames: [
          { type: 2, value: 'localhost' },
          { type: 7, ip: '127.0.0.1' },
          { type: 7, ip: '::1' },
        ],
      },
    ],
  });
  return { ca: authority.cert, cert: server.cert, key: server.private };
}

/** Whole or not at all; the mode is right before the first byte is in. */
async function replaceFile(path: string, text: string, mode: number): Promise<void> {
  try {
    await writeFile(`${path}.new`, text, { mode });
    await rename(`${path}.new`, path);
  } catch (error) {
    throw fileError(error, path);
  }
}
