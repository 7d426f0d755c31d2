// Looks at a server's certificates without trusting them: for the doctor. Nothing is sent over the connection that it opens.
import { lookup } from 'node:dns/promises';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, type DetailedPeerCertificate, type TLSSocket, connect as tlsConnect } from 'node:tls';
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { openSocket } from './connect.ts';
import type { Endpoint } from './endpoint.ts';
import { TlsClient, tlsFailure } from './tls.ts';

export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** Host names and addresses that it is for. */
  readonly names: string;
  /** Epoch milliseconds. */
  readonly validFrom: number;
  readonly validTo: number;
  /** `sha256:` and 64 hex digits. */
  readonly fingerprint: string;
  readonly selfSigned: boolean;
  readonly pem: string;
}

export interface TlsFacts {
  readonly version: string;
  readonly cipher: string;
  /** As the server sends them, its own first; the rest from what is trusted here. */
  readonly chain: readonly CertificateFacts[];
  /** Node's code for what is wrong with the chain; absent when it is trusted. */
  readonly untrusted?: string;
  /** Why the host name does not fit. */
  readonly wrongName?: string;
}

/** What a client says before TLS starts, and how the server begins its yes: `['STLS', '+OK']`. */
export interface TlsPreamble {
  readonly greeting: string;
  readonly exchanges: readonly (readonly [command: string, yes: string])[];
}

/** A server that says more than this before TLS is none of ours. */
const PREAMBLE_BYTES_MAX = 64 * 1024;
const CHAIN_LENGTH_MAX = 10;
const NO_TLS = 'Write `tls: implicit` and its port; if the server offers no TLS at all, ask its operator.';

/** Addresses of a host name, in the order in which they are tried. Rejects with Node's error. */
export async function addressesOf(host: string): Promise<readonly string[]> {
  return isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
}

/** Throws AppError when the handshake cannot even be looked at. */
export async function inspectTls(endpoint: Endpoint, preamble: TlsPreamble, clock: Clock): Promise<TlsFacts> {
  const socket = await openSocket(endpoint.host, endpoint.port, endpoint, clock);
  const timer = clock.after(endpoint.timeoutMs, () => socket.destroy(new Error('no answer')));
  try {
    if (endpoint.tls === 'explicit') await speak(socket, preamble);
    return factsOf(await handshake(socket, endpoint), endpoint);
  } finally {
    timer.cancel();
    socket.destroy();
  }
}

async function speak(socket: Socket, { greeting, exchanges }: TlsPreamble): Promise<void> {
  await answer(socket, greeting);
  for (const [command, yes] of exchanges) {
    socket.write(`${command}\r\n`);
    await answer(socket, yes);
  }
}

/** The last line of a reply: three digits and a blank, or +OK and -ERR. */
function answer(socket: Socket, yes: string): Promise<void> {
  return new Promise((resolve, reject) => {
    let text = '';
    const settle = (how: () => void) => {
      socket.off('data', read).off('error', failed).off('close', closed);
      how();
    };
    const failed = (error: Error) => settle(() => reject(error));
    const closed = () => failed(new AppError('tls-refused', 'the server closed the connection before TLS'));
    const read = (chunk: Buffer) => {
      text += chunk.toString('latin1');
      const last = /^(?:\d{3}|\+OK|-ERR)(?: .*)?\r?\n$/m.exec(text)?.[0];
      if (last?.startsWith(yes)) settle(resolve);
      else if (last !== undefined || text.length > PREAMBLE_BYTES_MAX)
        failed(
          new AppError('tls-refused', `the server does not start TLS: “${printable((last ?? '').trim())}”`, { hint: NO_TLS }),
        );
    };
    socket.on('data', read).on('error', failed).on('close', closed);
  });
}

function handshake(socket: Socket, endpoint: Endpoint): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    const client = new TlsClient(endpoint);
    const secure = tlsConnect({ ...client.options(), socket, rejectUnauthorized: false });
    secure.once('secureConnect', () => resolve(secure));
    const failed = (error: Error) => reject(tlsFailure(error, client));
    secure.on('error', failed);
    socket.once('close', () => failed(new Error('the connection was closed')));
  });
}

function factsOf(secure: TLSSocket, { host }: Endpoint): TlsFacts {
  const own = secure.getPeerCertificate(true);
  const wrongName = checkServerIdentity(host, own)?.message;
  const code = secure.authorized ? undefined : String(secure.authorizationError);
  const untrusted = code === 'ERR_TLS_CERT_ALTNAME_INVALID' ? undefined : code;
  return {
    version: secure.getProtocol() ?? '',
    cipher: secure.getCipher().standardName,
    chain: chainOf(own),
    ...(untrusted === undefined ? {} : { untrusted }),
    ...(wrongName === undefined ? {} : { wrongName }),
  };
}

function chainOf(own: DetailedPeerCertificate): readonly CertificateFacts[] {
  const chain: CertificateFacts[] = [];
  for (let next: DetailedPeerCertificate | undefined = own; next?.raw !== undefined && chain.length < CHAIN_LENGTH_MAX; ) {
    const issuer: DetailedPeerCertificate | undefined = next.issuerCertificate;
    const selfSigned: boolean = issuer?.fingerprint256 === next.fingerprint256;
    chain.push(certificateFacts(next, selfSigned));
    next = selfSigned ? undefined : issuer;
  }
  return chain;
}

function certificateFacts(certificate: DetailedPeerCertificate, selfSigned: boolean): CertificateFacts {
  const base64 = certificate.raw.toString('base64').replace(/.{64}(?=.)/g, '$&\n');
  return {
    subject: nameOf(certificate.subject),
    issuer: nameOf(certificate.issuer),
    names: certificate.subjectaltname ?? '',
    validFrom: Date.parse(certificate.valid_from),
    validTo: Date.parse(certificate.valid_to),
    fingerprint: `sha256:${certificate.fingerprint256.replaceAll(':', '').toLowerCase()}`,
    selfSigned,
    pem: `-----BEGIN CERTIFICATE-----\n${base64}\n-----END CERTIFICATE-----\n`,
  };
}

function nameOf(name: object): string {
  return Object.entries(name as Record<string, string | string[]>)
    .map(([key, value]) => `${key}=${[value].flat().join('+')}`)
    .join(', ');
}
