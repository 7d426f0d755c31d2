// Why an address could not be fetched, in words a person can act on.
import { AppError, type RetryClass } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';

type Words = readonly [text: string, hint: string, retry?: RetryClass];

const TRUST = 'Have the certificate issued by an authority that this machine trusts, or add its CA with NODE_EXTRA_CA_CERTS.';

/** Error codes of the system, of Node's TLS and of its fetch. */
const CAUSES: Readonly<Record<string, Words>> = {
  ENOTFOUND: ['there is no host of that name', 'Check the address for a typing mistake.', 'never'],
  EAI_AGAIN: ['the name could not be looked up just now', 'Check this machine’s network and DNS.'],
  ECONNREFUSED: ['nothing answers on that port', 'Check the port, and that the server runs.'],
  ECONNRESET: ['the server cut the connection', 'Look into the log of the server.'],
  EPIPE: ['the server cut the connection', 'Look into the log of the server.'],
  UND_ERR_SOCKET: ['the server cut the connection', 'Look into the log of the server.'],
  ETIMEDOUT: ['no answer', 'Check host, port and firewall.'],
  UND_ERR_CONNECT_TIMEOUT: ['no answer', 'Check host, port and firewall.'],
  EHOSTUNREACH: ['the host cannot be reached', 'Check this machine’s network.'],
  ENETUNREACH: ['the network cannot be reached', 'Check this machine’s network.'],
  DEPTH_ZERO_SELF_SIGNED_CERT: ['its certificate is self-signed and not trusted', TRUST, 'never'],
  SELF_SIGNED_CERT_IN_CHAIN: ['its certificate is not trusted', TRUST, 'never'],
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: ['its certificate is not trusted', TRUST, 'never'],
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: ['its certificate is not trusted', TRUST, 'never'],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'Use the name that the certificate was made for.',
    'never',
  ],
  CERT_HAS_EXPIRED: ['its certificate is expired', 'Have it renewed; check this machine’s clock.', 'never'],
  CERT_NOT_YET_VALID: ['its certificate is not valid yet', 'Check this machine’s clock.', 'never'],
  ERR_SSL_WRONG_VERSION_NUMBER: ['it does not speak TLS there', 'Write http:// or another port.', 'never'],
  ERR_SSL_PACKET_LENGTH_TOO_LONG: ['it does not speak TLS there', 'Write http:// or another port.', 'never'],
  UND_ERR_HEADERS_OVERFLOW: ['the headers of its answer are too large', 'Look at what answers there.', 'never'],
};

export function unreachable(error: unknown, shown: string): AppError {
  const cause = innermost(error);
  const known = CAUSES[(cause as NodeJS.ErrnoException).code ?? ''] ?? byMessage(cause);
  const [text, hint, retry = 'reconnect'] = known ?? [printable(cause.message), 'Check the address and the server.'];
  return new AppError('http-unreachable', `cannot fetch ${shown}: ${text}`, { hint, retry, cause: error });
}

/** fetch tells everything by its cause; several addresses tried give several. */
function innermost(error: unknown): Error {
  let inner = error instanceof Error ? error : new Error(String(error));
  for (let depth = 0; depth < 5; depth++) {
    const next: unknown = inner instanceof AggregateError ? inner.errors[0] : inner.cause;
    if (!(next instanceof Error)) break;
    inner = next;
  }
  return inner;
}

function byMessage(cause: Error): Words | undefined {
  if (/redirect count exceeded/i.test(cause.message)) return ['it redirects in a circle', 'Check its redirects.', 'never'];
  if (/bad port/i.test(cause.message)) return ['that port is blocked for the web', 'Use another port.', 'never'];
  if (cause.name === 'HTTPParserError') return ['what answers there does not speak HTTP', 'Check the port.', 'never'];
  return undefined;
}
