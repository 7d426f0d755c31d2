// TLS as client: what is demanded of the peer, which session is resumed, and refusals in words a person can act on.
import { readFileSync } from 'node:fs';
import { isIP } from 'node:net';
import {
  type ConnectionOptions,
  checkServerIdentity,
  createSecureContext,
  DEFAULT_CIPHERS,
  type PeerCertificate,
  rootCertificates,
  type SecureContext,
  type SecureContextOptions,
  type SecureVersion,
  type TLSSocket,
} from 'node:tls';
import { AppError, BrokenSessionError, fileError } from '../../core/errors.ts';
import { addressOf, type Endpoint } from './endpoint.ts';
import { systemCertificates } from './system-certificates.ts';

/** Tickets kept unused; servers send one or two with each handshake. */
const TICKETS_MAX = 4;

/** The group that a server asked for instead of what it was offered first: its other sessions offer that, which saves them a round trip. */
const groups = new WeakMap<Endpoint, string>();

/** The TLS settings of one server, shared by its control and data connections, with its tickets for resumption. */
export class TlsClient {
  readonly endpoint: Endpoint;
  /** That of the control connection, for a data connection: it resumes its session. */
  readonly #parent: TlsClient | undefined;
  /** Not offered yet, newest last. */
  readonly #tickets: Buffer[] = [];
  #offered: Buffer | undefined;
  #agreed: Agreed | undefined;
  /** That of the server, once it was found right. */
  #certificate: PeerCertificate | undefined;
  #data: TlsClient | undefined;
  #options: ConnectionOptions | undefined;

  constructor(endpoint: Endpoint, parent?: TlsClient) {
    this.endpoint = endpoint;
    this.#parent = parent;
  }

  /** Host and servername are always the same pair: Node drops a session offered under another identity (CVE-2026-48934). */
  options(): ConnectionOptions {
    const { host, caFile, unauthenticated, tlsMax } = this.endpoint;
    this.#options ??= {
      host,
      ...(isIP(host) === 0 ? { servername: host } : {}),
      rejectUnauthorized: unauthenticated !== true,
      secureContext: contextFor(
        caFile,
        this.#parent === undefined ? atMost(tlsMax, groups.get(this.endpoint)) : this.#parent.#agreed,
      ),
      checkServerIdentity: this.#checkIdentity,
    };
    const session = this.#parent === undefined ? undefined : this.#parent.#take();
    return session === undefined ? this.#options : { ...this.#options, session };
  }

  /** Told of every handshake that succeeded. */
  secured(socket: TLSSocket): void {
    if (this.#parent !== undefined) return;
    const { name } = (socket.getEphemeralKeyInfo() ?? {}) as { readonly name?: string };
    const version = socket.getProtocol() as SecureVersion;
    this.#agreed = { version, group: name };
    if (version === 'TLSv1.3' && name !== undefined && name !== CURVES[0]) groups.set(this.endpoint, name);
    this.#certificate = socket.getPeerCertificate(true);
  }

  /**
   * Before the handshake of a data connection. Where it resumes no session, Node asks for a description of the server's certificate, which
   * takes longer to make than a signature to check: that of the control connection does when the certificate is the very same. It also asks
   * for the group, to refuse small ones of Diffie-Hellman, which TLS 1.3 does not have.
   */
  recognise(socket: TLSSocket): void {
    if (this.#parent?.version === 'TLSv1.3') socket.getEphemeralKeyInfo = () => ({});
    const known = this.#parent === undefined ? undefined : this.#parent.#certificate;
    if (known?.raw === undefined) return;
    let described: PeerCertificate | undefined;
    const describe = () => {
      const shown = socket.getPeerX509Certificate();
      return shown?.raw.equals(known.raw) ? known : ((shown?.toLegacyObject() ?? {}) as PeerCertificate);
    };
    // Node takes a certificate out of its handshake when it gives it away: it can be asked for once.
    socket.getPeerCertificate = (() => (described ??= describe())) as TLSSocket['getPeerCertificate'];
  }

  /** What recognise() knows again is for the right name. */
  readonly #checkIdentity: typeof checkServerIdentity = (host, certificate) =>
    this.#parent !== undefined && certificate === this.#parent.#certificate ? undefined : checkServerIdentity(host, certificate);

  /** Agreed on with the server. */
  get version(): SecureVersion | undefined {
    return this.#agreed?.version;
  }

  /** The newest ticket that was not offered yet, since some servers accept each only once; else the last one again. */
  #take(): Buffer | undefined {
    this.#offered = this.#tickets.pop() ?? this.#offered;
    return this.#offered;
  }

  remember(ticket: Buffer): void {
    if (this.#parent !== undefined) return this.#parent.remember(ticket);
    this.#tickets.push(ticket);
    if (this.#tickets.length > TICKETS_MAX) this.#tickets.shift();
  }

  /** The settings for a data connection of the same server, once this one is secured. */
  forData(): TlsClient {
    this.#data ??= new TlsClient(this.endpoint, this);
    return this.#data;
  }
}

const contexts = new Map<string, SecureContext>();

/** As Node has them, but in TLS 1.3, too, AES with 128 bits first, as Node does in TLS 1.2 and browsers in both: it takes a little less time. */
function ciphers(version: SecureVersion | undefined): string {
  const first = 'TLS_AES_128_GCM_SHA256';
  const all = [first, ...DEFAULT_CIPHERS.split(':').filter(name => name !== first)];
  // OpenSSL looks at every one that it may offer several times in a handshake.
  return (version === 'TLSv1.3' ? all.filter(name => name.startsWith('TLS_')) : all).join(':');
}

/** As OpenSSL calls them, cheapest first. */
const CURVES = ['X25519', 'prime256v1', 'secp384r1', 'secp521r1'] as const;

/** What is known of a server before a handshake; `version`: what its control connection agreed on, or the only one that may be spoken. */
interface Agreed {
  readonly version?: SecureVersion;
  readonly group: string | undefined;
}

/** TLS 1.2 is the least. */
function atMost(tlsMax: Endpoint['tlsMax'], group: string | undefined): Agreed {
  return tlsMax === '1.2' ? { version: 'TLSv1.2', group } : { group };
}

/**
 * A data connection resumes the session of its control connection, so its keys are as strong as that one's, whatever group it offers first;
 * it offers what that one agreed on: any other guess may be answered with a retry, which costs a round trip (vsftpd knows P-256 alone).
 */
function asAgreed({ version, group }: Agreed): SecureContextOptions {
  const versions = version === undefined ? { minVersion: 'TLSv1.2' as const } : { minVersion: version, maxVersion: version };
  if (group === undefined) return versions;
  const curves = [...CURVES.filter(curve => curve === group), ...CURVES.filter(curve => curve !== group)];
  return { ...versions, ecdhCurve: curves.join(':') };
}

/** Made once. Throws AppError when `caFile` cannot be read. */
function contextFor(caFile: string | undefined, agreed: Agreed = { group: undefined }): SecureContext {
  // By what it holds: a scheduler runs for months, and the file may be renewed meanwhile.
  const own = caFile === undefined ? [] : [readPem(caFile)];
  const key = [agreed.version, agreed.group, ...own].join(' ');
  const known = contexts.get(key);
  if (known !== undefined) return known;
  const made = contextTrusting([...beyondNode(), ...own], { ciphers: ciphers(agreed.version), ...asAgreed(agreed) });
  contexts.set(key, made);
  return made;
}

let extra: readonly string[] | undefined;

function beyondNode(): readonly string[] {
  extra ??= systemCertificates();
  return extra;
}

/** Besides Node's own, which it shares between contexts; named in `ca`, each of them would be parsed again for every context. */
function contextTrusting(certificates: readonly string[], options: SecureContextOptions): SecureContext {
  const made = createSecureContext(options);
  const { context: native } = made as { readonly context?: { addCACert?(pem: string): void } };
  if (native?.addCACert === undefined) return createSecureContext({ ...options, ca: [...rootCertificates, ...certificates] });
  for (const pem of certificates) native.addCACert(pem);
  return made;
}

function readPem(path: string): string {
  let pem: string;
  try {
    pem = readFileSync(path, 'utf8');
  } catch (error) {
    throw fileError(error, path);
  }
  if (!pem.includes('-----BEGIN CERTIFICATE-----')) {
    throw new AppError('ca-invalid', `${path}: this is not a PEM certificate`, {
      hint: 'A PEM file starts with -----BEGIN CERTIFICATE-----.',
    });
  }
  return pem;
}

/** Checks what Node does not: the pinned fingerprint. Returns the refusal, or undefined when all is well. */
export function verifyPeer(socket: TLSSocket, tls: TlsClient): AppError | undefined {
  const pinned = tls.endpoint.fingerprint;
  if (pinned === undefined || socket.isSessionReused()) return undefined;
  const seen = fingerprintOf(socket.getPeerCertificate());
  if (normalise(pinned) === seen) return undefined;
  return new AppError(
    'tls-fingerprint-mismatch',
    `${addressOf(tls.endpoint)} shows a certificate with another fingerprint: sha256:${seen}`,
    {
      hint: 'If the certificate was renewed on purpose, write the new value into `fingerprint`; else somebody may be in between.',
    },
  );
}

function fingerprintOf(certificate: PeerCertificate): string {
  return normalise(certificate.fingerprint256 ?? '');
}

function normalise(fingerprint: string): string {
  return fingerprint
    .replace(/^sha256:/i, '')
    .replaceAll(':', '')
    .toLowerCase();
}

const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
  'INVALID_CA',
]);

/** Node advises a switch of its own that changes nothing here: the system's certificates are trusted already. */
function withoutAdvice(message: string): string {
  return message.replace(/; if the root CA is installed locally.*/s, '');
}

/** A failed handshake in our words. Certificate problems are final; a cut or garbled handshake may be worth another try. */
export function tlsFailure(error: Error, tls: TlsClient): AppError {
  if (error instanceof AppError) return error;
  const where = addressOf(tls.endpoint);
  const code = (error as NodeJS.ErrnoException).code ?? '';
  if (UNTRUSTED.has(code)) {
    return new AppError('tls-untrusted', `the certificate of ${where} is not trusted: ${withoutAdvice(error.message)}`, {
      hint: 'If it is your own server, save its CA certificate as a PEM file and name it with `ca:` (in a URL ?ca=FILE); `postrider doctor` shows the chain.',
      cause: error,
    });
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return new AppError('tls-name-mismatch', `the certificate of ${where} is for another name: ${error.message}`, {
      hint: 'Use the host name that the certificate was made for, or have it reissued for this one.',
      cause: error,
    });
  }
  if (code === 'CERT_HAS_EXPIRED' || code === 'CERT_NOT_YET_VALID') {
    return new AppError(
      'tls-expired',
      `the certificate of ${where} is ${code === 'CERT_HAS_EXPIRED' ? 'expired' : 'not valid yet'}`,
      {
        hint: 'Have the server’s certificate renewed; check this machine’s clock.',
        cause: error,
      },
    );
  }
  if (
    code === 'ERR_SSL_WRONG_VERSION_NUMBER' ||
    code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' ||
    /wrong version number|packet length too long/.test(error.message)
  ) {
    return tls.endpoint.tls === 'implicit' ? modeMismatch(tls.endpoint) : stillInClear(where, error);
  }
  if (tls.endpoint.tlsMax === '1.2' && code === 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION') {
    return new AppError('tls-version-refused', `${where} refuses TLS 1.2, and \`tls-max\` allows no newer version`, {
      hint: 'Remove `tls-max` from the connection: the server speaks newer versions only.',
      cause: error,
    });
  }
  return new BrokenSessionError('tls-failed', `the TLS handshake with ${where} failed: ${error.message}`, {
    hint: 'The server may be too old (TLS 1.2 is the least) or the connection was cut.',
    cause: error,
  });
}

function stillInClear(where: string, cause: Error): AppError {
  return new BrokenSessionError('tls-failed', `${where} agreed to start TLS, and then sent something else`, {
    hint: 'The server is broken, or somebody is in between: try `tls: implicit`, or another network.',
    cause,
  });
}

/** The server does not speak TLS where we began with it, or the other way round. */
export function modeMismatch(endpoint: Endpoint): AppError {
  const where = addressOf(endpoint);
  if (endpoint.tls === 'implicit') {
    return new AppError('tls-mode-mismatch', `${where} does not start with TLS`, {
      hint: 'Write `tls: explicit` (in a URL ?tls=explicit; TLS starts after the greeting), or use the port for implicit TLS.',
    });
  }
  return new AppError('tls-mode-mismatch', `${where} expects TLS from the first byte`, {
    hint: 'Write `tls: implicit` on the connection (in a URL ?tls=implicit), or use the port for explicit TLS.',
  });
}
