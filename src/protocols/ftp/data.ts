// Opens data connections: EPSV, then PASV, remembered for the session; EPRT and PORT in active mode; REST before the command.
import type { Clock } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { DataListener, DataTransport, DataUse } from '../net/transport.ts';
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import { refused, replyText, unexpectedReply } from './errors.ts';
import { REFUSAL_MS } from './limits.ts';
import { extendedPassivePort, extendedPortCommand, passivePort, portCommand } from './passive.ts';
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
  /** Round trips cost more than packets do. */
  readonly far: boolean;
}

export class DataChannels {
  readonly #context: DataContext;
  /** `epsv?`: not proven yet. */
  #passive: 'epsv?' | 'epsv' | 'pasv' = 'epsv?';
  #active: 'eprt' | 'port' = 'eprt';
  #restarted = false;
  /** The server has asked for PRET. */
  #foretelling = false;
  /** A passive connection was made. */
  #proven = false;
  /** Asked for together with the sign-in, and not used yet. */
  #foreseen: number | undefined;
  /** The same, asked for behind the last download. */
  #following: Promise<number | undefined> | undefined;

  constructor(context: DataContext) {
    this.#context = context;
  }

  /** `line`: the transfer command that comes next. `use` holds for a passive connection. */
  open(line: string, use?: DataUse): Promise<Channel> {
    this.#foreseen = undefined;
    this.#following = undefined;
    return this.#context.endpoint.passive === false ? this.#openActive() : this.#openPassive(line, use);
  }

  /** True when the next transfer command may leave together with EPSV or PASV: both are proven, and no REST must come between. */
  mayFold(offset: number): boolean {
    const { control, endpoint } = this.#context;
    const known = this.#proven || this.#foreseen !== undefined;
    return control.trust.given && endpoint.passive !== false && known && offset === 0 && !this.#restarted;
  }

  /** The port of the next transfer is asked for together with the next command. */
  foresee(): void {
    const { control, endpoint } = this.#context;
    if (endpoint.passive === false) return;
    control
      .ride('EPSV')
      .then(reply => (this.#foreseen = reply.code === 229 ? extendedPassivePort(reply.lines.join(' ')) : undefined))
      .catch(() => undefined);
  }

  /** The port of the next transfer is asked for while the server is busy with the end of this one, whose data is all received or sent. */
  follow(direction: 'download' | 'upload'): void {
    const { control, endpoint, far } = this.#context;
    const bears = direction === 'upload' ? control.trust.queues : control.trust.lingers;
    if (!far || !bears || !isClear(endpoint) || this.#passive !== 'epsv' || this.#restarted) return;
    this.#following = control
      .follow('EPSV')
      ?.then(reply => {
        if (reply.code !== 229 && reply.code !== 425) control.trust.lingersNot();
        return reply.code === 229 ? extendedPassivePort(reply.lines.join(' ')) : undefined;
      })
      .catch(() => undefined);
  }

  /**
   * Opens the data connection while `line` is already on its way. The command has its own reply whatever becomes of the connection,
   * so a connection that fails is only its cause: the session ends when no refusal explains it. A server that has no port free for a
   * moment (ProFTPD: 425 Address already in use) refuses both, and is asked again.
   */
  async openWith(line: string, use?: DataUse, attempt = 1): Promise<Begun> {
    const { control, endpoint } = this.#context;
    const following = this.#following;
    this.#following = undefined;
    const foreseen = this.#foreseen ?? (following === undefined ? undefined : await control.within('EPSV', following));
    this.#foreseen = undefined;
    if (control.crowded) await control.flush();
    if (foreseen !== undefined) return this.#openAt(foreseen, line, { running: control.begin(line), folded: false }, use);
    const command = this.#passive === 'pasv' ? 'PASV' : 'EPSV';
    this.#foretell(line);
    const [asked, running] = control.beginBoth(command, line);
    const reply = await control.within(command, asked.final);
    const text = reply.lines.join(' ');
    const port = reply.code === 229 ? extendedPassivePort(text) : reply.code === 227 ? passivePort(text) : undefined;
    if (port === undefined && reply.code >= 400 && reply.code < 500) {
      const final = await control.within(line, running.final, Math.min(REFUSAL_MS, endpoint.timeoutMs));
      if (final.code >= 400 && attempt < PORT_TRIES) return this.openWith(line, use, attempt + 1);
      if (final.code >= 400) throw refused(control.where, command, reply);
    }
    if (port === undefined) {
      control.trust.lose();
      const error = new BrokenSessionError(
        'protocol-unexpected',
        `${control.where} answered ${command} with ${replyText(reply)}`,
      );
      control.close(error);
      throw error;
    }
    return this.#openAt(port, line, { running, folded: true }, use);
  }

  /** `line` is on its way. */
  async #openAt(port: number, line: string, begun: Omit<Begun, 'channel'>, use: DataUse | undefined): Promise<Begun> {
    const { control, endpoint } = this.#context;
    try {
      const channel = opened(await this.#connect(port, use));
      if (this.#passive === 'epsv?') this.#passive = 'epsv';
      this.#proven = true;
      return { channel, ...begun };
    } catch (error) {
      if (error instanceof CancelledError || control.failure !== undefined) throw error;
      if (!this.#proven) control.trust.portFailed();
      const final = await control
        .within(line, begun.running.final, Math.min(REFUSAL_MS, endpoint.timeoutMs))
        .catch(() => undefined);
      if (begun.folded && final !== undefined && isOutOfStep(final)) control.trust.lose();
      if (final !== undefined && final.code >= 400 && final.code !== 425) throw refused(control.where, line, final);
      const broken = unreachablePort(control.where, port, error);
      control.close(broken);
      throw broken;
    }
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

  #connect(port: number, use: DataUse | undefined): Promise<DataTransport> {
    const { control, endpoint } = this.#context;
    return control.transport.openData(port, use, isClear(endpoint));
  }

  async #openPassive(line: string, use: DataUse | undefined): Promise<Channel> {
    const { control } = this.#context;
    const unproven = this.#passive === 'epsv?';
    const port = await this.#passivePort(line);
    try {
      const data = await this.#connect(port, use);
      if (this.#passive === 'epsv?') this.#passive = 'epsv';
      this.#proven = true;
      return opened(data);
    } catch (error) {
      if (error instanceof CancelledError || control.failure !== undefined) throw error;
      if (!unproven || this.#passive === 'pasv') throw unreachablePort(control.where, port, error);
      this.#passive = 'pasv';
      return this.#openPassive(line, use);
    }
  }

  /** Servers that spread files over machines must know what will be asked before they name a port (draft-dd-pret). */
  #foretell(line: string): void {
    if (this.#foretelling) void this.#context.control.ride(`PRET ${line}`);
  }

  async #passivePort(line: string): Promise<number> {
    this.#foretell(line);
    if (this.#passive !== 'pasv') {
      const port = await this.#ask(line, 'EPSV', reply => reply.code === 229, extendedPassivePort);
      if (port !== undefined) return port;
      this.#passive = 'pasv';
    }
    const port = await this.#ask(line, 'PASV', () => false, passivePort);
    if (port !== undefined) return port;
    throw new AppError('protocol-unexpected', `${this.#context.control.where} offers no passive data connection`, {
      hint: 'Try active mode: `passive: false` on the connection.',
    });
  }

  /** Undefined when EPSV is not offered or not understandable; some servers answer it with 227. */
  async #ask(
    line: string,
    command: string,
    extended: (reply: { readonly code: number }) => boolean,
    parse: (text: string) => number | undefined,
  ): Promise<number | undefined> {
    const { control } = this.#context;
    const reply = await control.exchange(command);
    const text = reply.lines.join(' ');
    if (extended(reply)) return parse(text);
    if (reply.code >= 500 && /\bPRET\b/.test(text) && !this.#foretelling) {
      this.#foretelling = true;
      this.#foretell(line);
      return this.#ask(line, command, extended, parse);
    }
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

/** How often a port is asked for that the server could not spare. */
const PORT_TRIES = 4;

/** Replies to a transfer command that fits: the server lost the EPSV before it. */
export function isOutOfStep({ code }: Reply): boolean {
  return code === 500 || code === 502 || code === 503;
}

/** Data connections have no TLS. */
export function isClear({ tls, protection }: Endpoint): boolean {
  return tls === 'none' || protection === 'control';
}

function opened(data: DataTransport): Channel {
  return { data, connect: () => Promise.resolve(data), discard: reason => data.reset(reason) };
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
    discard(reason = new CancelledError('the data connection was given up')) {
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
