// Where a server is and how to speak to it: a connection of the job file with its secrets resolved.
import type { Secret } from '../../core/secret.ts';

export type Protocol = 'ftp' | 'pop3' | 'smtp';

/** explicit: AUTH TLS, STLS, STARTTLS, demanded. implicit: TLS from the first byte. none: clear text, written out by the user. */
export type TlsMode = 'explicit' | 'implicit' | 'none';

/**
 * Gives an access token of OAuth 2 that is valid now. Told the one that a server has refused, it gives a fresh one whatever the old
 * one's expiry said; the same again means that there is no other. It has told the redactor of every token that it gives.
 * Rejects with AppError when there is none to be had.
 */
export type TokenSupplier = (refused?: Secret) => Promise<Secret>;

/** A proxy on the way; a sign-in is there when the proxy wants one. */
export interface ProxyHop {
  readonly kind: 'socks5' | 'http';
  readonly host: string;
  readonly port: number;
  readonly user?: string;
  readonly password?: Secret;
}

/** Signs outgoing mail (RFC 6376). */
export interface DkimKey {
  readonly domain: string;
  readonly selector: string;
  /** PEM. */
  readonly key: Secret;
}

export interface Endpoint {
  /** The connection's name in the job file, or the URL's host: for messages. */
  readonly name: string;
  readonly type: Protocol;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsMode;
  /** The newest version of TLS to speak, on data connections, too; TLS 1.2 is the oldest. */
  readonly tlsMax?: '1.2' | '1.3';
  /** Absolute path of a PEM file trusted besides the system's certificates. */
  readonly caFile?: string;
  /** `sha256:` and 64 hex digits (colons allowed): the server's own certificate must have it, besides a valid chain. */
  readonly fingerprint?: string;
  readonly user?: string;
  readonly password?: Secret;
  /** Signs in with OAuth 2 instead of a password (pop3, smtp). */
  readonly token?: TokenSupplier;
  /** Per exchange. */
  readonly timeoutMs: number;
  readonly maxConnections?: number;
  /** All connections to the server go through it. */
  readonly proxy?: ProxyHop;
  /** ftp: false asks the server to connect to us. */
  readonly passive?: boolean;
  /** ftp: the charset of names on a legacy server, as WHATWG labels it; default UTF-8. */
  readonly encoding?: string;
  /** ftp: `control` sends files in clear (PROT C). Default `private`. */
  readonly protection?: 'private' | 'control';
  /** smtp: the name said in EHLO. */
  readonly hostname?: string;
  /** smtp: `direct` finds the servers of each recipient's domain instead of `host`. */
  readonly delivery?: 'direct';
  readonly dkim?: DkimKey;
  /** smtp: LMTP (RFC 2033) is spoken there. */
  readonly protocol?: 'lmtp';
  /** smtp: of all sessions together, where many mails are sent. */
  readonly mailsPerSecond?: number;
  /** smtp: what the sender wants to be told about each recipient (RFC 3461). */
  readonly dsn?: readonly ('failure' | 'delay' | 'success' | 'never')[];
  /** smtp: every mail goes by verified TLS on its whole way, or not at all (RFC 8689). */
  readonly requireTls?: boolean;
  /**
   * Between mail servers only (RFC 7435): TLS against who listens in, with whoever answers, since their certificates prove nothing
   * about a domain. No connection of a job has it.
   */
  readonly unauthenticated?: true;
}

/** `host:port`, IPv6 in brackets. */
export function addressOf(endpoint: Pick<Endpoint, 'host' | 'port'>): string {
  return endpoint.host.includes(':') ? `[${endpoint.host}]:${endpoint.port}` : `${endpoint.host}:${endpoint.port}`;
}

/** What goes there surely does not leave this machine; of other names under `localhost` DNS may say anything. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}
