// Opens data connections: EPSV, then PASV, remembered for the session; EPRT and PORT in active mode; REST before the command.
import type { Clock } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { DataListener, DataTransport } from '../net/transport.ts';
import type { FtpControl } from './control.ts';
import { refused, replyText, unexpectedReply } from './errors.ts';
import { extendedPassivePort, extendedPortCommand, passivePort, portCommand } from './passive.ts';

/** A data connection agreed upon but, in active mode, not yet made. */
export interface Channel {
  /** The connection; call it after the transfer command was sent. */
  connect(): Promise<DataTransport>;
  /** Gives the channel up in whatever state it is; later reads, writes and connect() reject with `reason`. */
  discard(reason: Error): void;
}

export interface DataContext {
  readonly control: FtpControl;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
}

export class DataChannels {
  readonly #context: DataContext;
  /** `epsv?`: not proven yet. */
  #passive: 'epsv?' | 'epsv' | 'pasv' = 'epsv?';
  #active: 'eprt' | 'port' = 'eprt';
  #restarted = false;

  constructor(context: DataContext) {
    this.#context = context;
  }

  open(): Promise<Channel> {
    return this.#context.endpoint.passive === false ? this.#openActive() : this.#openPassive();
  }

  /** REST, last before the transfer command (RFC 3659 section 5.3); cancels what an earlier REST left behind. */
  async restart(offset: number): Promise<void> {
    if (offset === 0 && !this.#restarted) return;
    const { control } = this.#context;
    const reply = await control.exchange(`REST ${offset}`);
    if (offset === 0) this.#restarted = false;
    else if (reply.code === 350) this.#restarted = true;
    else throw unexpectedReply(control.where, `REST ${offset}`, reply);
  }

  async #openPassive(): Promise<Channel> {
    const { control } = this.#context;
    const unproven = this.#passive === 'epsv?';
    const port = await this.#passivePort();
    try {
      const data = await control.transport.openData(port);
      if (this.#passive === 'epsv?') this.#passive = 'epsv';
      return opened(data);
    } catch (error) {
      if (error instanceof CancelledError || control.failure !== undefined) throw error;
      if (!unproven || this.#passive === 'pasv') throw unreachablePort(control.where, port, error);
      this.#passive = 'pasv';
      return this.#openPassive();
    }
  }

  async #passivePort(): Promise<number> {
    if (this.#passive !== 'pasv') {
      const port = await this.#ask('EPSV', reply => reply.code === 229, extendedPassivePort);
      if (port !== undefined) return port;
      this.#passive = 'pasv';
    }
    const port = await this.#ask('PASV', () => false, passivePort);
    if (port !== undefined) return port;
    throw new AppError('protocol-unexpected', `${this.#context.control.where} offers no passive data connection`, {
      hint: 'Try active mode: `passive: false` on the connection.',
    });
  }

  /** Undefined when EPSV is not offered or not understandable; some servers answer it with 227. */
  async #ask(
    command: string,
    extended: (reply: { readonly code: number }) => boolean,
    parse: (text: string) => number | undefined,
  ): Promise<number | undefined> {
    const { control } = this.#context;
    const reply = await control.exchange(command);
    const text = reply.lines.join(' ');
    if (extended(reply)) return parse(text);
    if (reply.code === 227) {
      const port = passivePort(text);
      if (port !== undefined || command === 'EPSV') return port;
      throw new AppError('protocol-unexpected', `${control.where} answered PASV without a usable port: ${replyText(reply)}`);
    }
    if (command === 'EPSV' && reply.code >= 500) return undefined;
    throw unexpectedReply(control.where, command, reply);
  }

  async #openActive(): Promise<Channel> {
    const { control, endpoint, clock } = this.#context;
    const listener = await control.transport.listenData();
    try {
      await this.#announce(listener.port);
    } catch (error) {
      listener.close();
      throw error;
    }
    return awaited(listener, clock, endpoint.timeoutMs);
  }

  async #announce(port: number): Promise<void> {
    const { control } = this.#context;
    const { address } = control.transport.local;
    const old = portCommand(address, port);
    if (this.#active === 'eprt') {
      const line = extendedPortCommand(address, port);
      const reply = await control.exchange(line);
      if (reply.code === 200) return;
      if (reply.code < 500 || old === undefined) throw unexpectedReply(control.where, line, reply);
      this.#active = 'port';
    }
    if (old === undefined) return;
    const reply = await control.exchange(old);
    if (reply.code !== 200) {
      throw refused(control.where, old, reply, { hint: 'The server does not allow active mode; remove `passive: false`.' });
    }
  }
}

function opened(data: DataTransport): Channel {
  return { connect: () => Promise.resolve(data), discard: reason => data.reset(reason) };
}

function awaited(listener: DataListener, clock: Clock, timeoutMs: number): Channel {
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
    discard(reason) {
      discarded ??= reason;
      listener.close();
      data?.reset(reason);
    },
  };
}

function unreachablePort(where: string, port: number, cause: unknown): BrokenSessionError {
  const why = cause instanceof Error ? cause.message : String(cause);
  return new BrokenSessionError('data-connect-failed', `${where} offered data port ${port}, but ${why}`, {
    hint: 'A firewall may block the server’s passive ports; have them opened, or try `passive: false`.',
    cause,
  });
}
