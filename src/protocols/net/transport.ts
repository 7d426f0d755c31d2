// A byte stream to one peer, clear or TLS: all that a protocol driver knows about the network.
import type { Clock } from '../../core/clock.ts';
import { BrokenSessionError } from '../../core/errors.ts';
import type { Landing } from './landing.ts';

export interface TransportAddress {
  readonly address: string;
  readonly port: number;
}

export interface Transport {
  readonly secure: boolean;
  readonly local: TransportAddress;
  readonly remote: TransportAddress;
  /** The next bytes, or undefined after the peer's orderly end. Rejects with BrokenSessionError, or the reason given to close(). */
  read(): Promise<Buffer | undefined>;
  /** Resolves when more may be written (back-pressure), not when the peer has it. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Upgrades to TLS as client. Throws BrokenSessionError `plaintext-injected` when bytes already wait unread:
   * whoever sent them was not under TLS (STARTTLS response injection).
   */
  startTls(): Promise<void>;
  /** Ends our direction (close_notify, FIN) once everything written, and `last`, has left. */
  end(last?: Uint8Array): Promise<void>;
  /** Ends both directions now; reads and writes reject with `reason`. Closing twice is harmless; the first reason stays. */
  close(reason?: Error): void;
}

/** A connection for one file: its end means "that was all", so giving up needs another sign. */
export interface DataTransport extends Transport {
  /** Like read(), for whoever reads chunk after chunk; nothing is told before this returns. */
  readFor(reader: Reader): void;
  /** Like end(); `done` is told, which may be at once. */
  finish(last: Uint8Array | undefined, done: (error?: Error) => void): void;
  /** Like close(), but the peer sees a reset instead of an orderly end, and cannot take what it has for the whole. */
  reset(reason?: Error): void;
}

/**
 * What a data connection is for, where that is one thing: sending, or receiving into one place, chunk after chunk. What read() gives holds
 * then only until the next read().
 */
export type DataUse = 'sending' | Landing;

/** Who wants the next bytes. None of these must throw. */
export interface Reader {
  take(chunk: Buffer | undefined): void;
  fail(error: Error): void;
}

/** Who wants a data connection. None of these must throw. */
export interface DataTaker {
  opened(data: DataTransport): void;
  failed(error: Error): void;
}

/** A control connection that can open data connections to the same server, under the same TLS identity and session. */
export interface ControlTransport extends Transport {
  /** Like read(), for whoever reads chunk after chunk; nothing is told before this returns. A chunk holds until take() has returned. */
  readFor(reader: Reader): void;
  /** Writes octets, one a character (Latin-1), for whoever reads, too: that is how a failure is heard of. */
  post(octets: string): void;
  /**
   * Connects to `port` on the very address of this connection; startTls() resumes this connection's TLS session. It is not called for a
   * connection that is to stay `clear`.
   */
  openData(port: number, use: DataUse | undefined, clear: boolean, taker: DataTaker): void;
  /** Listens on this connection's local address for one connection from the same peer (active mode). */
  listenData(): Promise<DataListener>;
}

export interface DataListener {
  readonly port: number;
  accept(): Promise<DataTransport>;
  close(): void;
}

/**
 * Runs `work`; when it takes longer than `ms`, closes the transport, so that the pending read or write rejects with `timed-out`. `what` is
 * asked only then when it is a function.
 */
export async function withDeadline<T>(
  transport: Transport,
  clock: Clock,
  ms: number,
  what: string | (() => string),
  work: () => Promise<T>,
): Promise<T> {
  const timer = clock.after(ms, () => transport.close(timedOut(typeof what === 'string' ? what : what(), ms)));
  try {
    return await work();
  } finally {
    timer.cancel();
  }
}

/** The death of a session whose peer took longer than `ms`. */
export function timedOut(what: string, ms: number): BrokenSessionError {
  return new BrokenSessionError('timed-out', `no answer within ${ms / 1000} s: ${what}`, {
    hint: 'The server or the network is slow or stuck; raise `timeout` on the connection if this is normal.',
  });
}
