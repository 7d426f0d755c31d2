// A data connection as a transfer sees it: made already in passive mode, still to come in active mode.
import type { Clock } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { DataListener, DataTransport } from '../net/transport.ts';
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import type { Running } from './running.ts';

/** A data connection agreed upon but, in active mode, not yet made. */
export interface Channel {
  /** The connection, where it is made already. */
  readonly data?: DataTransport;
  /** The connection; call it after the transfer command was sent. */
  connect(): Promise<DataTransport>;
  /** Gives the channel up in whatever state it is; later reads, writes and connect() reject with `reason`. */
  discard(reason?: Error): void;
}

/** A channel whose transfer command is on its way. */
export interface Begun {
  readonly channel: Channel;
  readonly running: Running;
  /** The command left together with the one that asked for the channel. */
  readonly folded: boolean;
}

export interface DataContext {
  readonly control: FtpControl;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
}

/** Replies to a transfer command that fits: the server lost the EPSV before it. */
export function isOutOfStep({ code }: Reply): boolean {
  return code === 500 || code === 502 || code === 503;
}

/** Data connections have no TLS. */
export function isClear({ tls, protection }: Endpoint): boolean {
  return tls === 'none' || protection === 'control';
}

export class OpenChannel implements Channel {
  readonly data: DataTransport;

  constructor(data: DataTransport) {
    this.data = data;
  }

  async connect(): Promise<DataTransport> {
    return this.data;
  }

  discard(reason?: Error): void {
    this.data.reset(reason);
  }
}

export function awaitedChannel(listener: DataListener, clock: Clock, timeoutMs: number): Channel {
  let data: DataTransport | undefined;
  let discarded: Error | undefined;
  return {
    async connect() {
      if (discarded !== undefined) throw discarded;
      const timer = clock.after(timeoutMs, () => listener.close());
      try {
        data = await listener.accept();
      } catch (error) {
        throw discarded ?? error;
      } finally {
        timer.cancel();
        listener.close();
      }
      if (discarded === undefined) return data;
      data.reset(discarded);
      throw discarded;
    },
    discard(reason = new CancelledError('the data connection was given up')) {
      discarded ??= reason;
      listener.close();
      data?.reset(reason);
    },
  };
}

/** A proxy that does not serve the port is no firewall, and what it says of trying again holds. */
export function unreachablePort(where: string, port: number, cause: unknown): BrokenSessionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  if (cause instanceof AppError && cause.code.startsWith('proxy-')) {
    const { code, retry, hint } = cause;
    const message = `${where} offered data port ${port}, but ${why}`;
    return new BrokenSessionError(code, message, { retry, cause, ...(hint === undefined ? {} : { hint }) });
  }
  return new BrokenSessionError('data-connect-failed', `${where} offered data port ${port}, but ${why}`, {
    hint: 'A firewall may block the server’s passive ports; have them opened, or try `passive: false`.',
    cause,
  });
}
