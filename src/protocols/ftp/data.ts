// Opens data connections: EPSV, then PASV, remembered for the session; EPRT and PORT in active mode; REST before the command.
import { AppError, CancelledError } from '../../core/errors.ts';
import type { DataTransport, DataUse } from '../net/transport.ts';
import { awaitedChannel, type Channel, type DataContext, isClear, OpenChannel, unreachablePort } from './channel.ts';
import { refused, replyText, unexpectedReply } from './errors.ts';
import { type BegunTaker, Opening, type PassiveMode } from './opening.ts';
import { extendedPassivePort, extendedPortCommand, passivePort, portCommand } from './passive.ts';
import type { Running, Taker } from './running.ts';

export class DataChannels implements PassiveMode {
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
  #following: Running | undefined;

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
    const { control, endpoint } = this.#context;
    const bears = direction === 'upload' ? control.trust.queues : control.trust.lingers;
    if (!control.far || !bears || !isClear(endpoint) || this.#passive !== 'epsv' || this.#restarted) return;
    this.#following = control.follow('EPSV');
    this.#following?.tell(this.#followed);
  }

  readonly #followed: Taker = {
    take: reply => {
      if (reply.code !== 229 && reply.code !== 425) this.#context.control.trust.lingersNot();
    },
    fail: () => undefined,
  };

  /** Opens the data connection while `line` is already on its way. */
  openWith(line: string, use: DataUse | undefined, taker: BegunTaker): void {
    const opening = new Opening(this.#context, this, line, use, taker);
    const foreseen = this.#foreseen;
    const following = this.#following;
    this.#foreseen = undefined;
    this.#following = undefined;
    const behind = following !== undefined && following.reply === undefined;
    if (!behind && !this.#context.control.crowded) return opening.begin(foreseen ?? portIn(following));
    this.#caughtUp(following).then(
      () => opening.begin(foreseen ?? portIn(following)),
      error => taker.failed(error),
    );
  }

  /** The port that was asked for ahead is known, and not too much waits to be sent. */
  async #caughtUp(following: Running | undefined): Promise<void> {
    const { control } = this.#context;
    if (following !== undefined) await control.within('EPSV', following.final);
    if (control.crowded) await control.flush();
  }

  get command(): 'EPSV' | 'PASV' {
    return this.#passive === 'pasv' ? 'PASV' : 'EPSV';
  }

  get proven(): boolean {
    return this.#proven;
  }

  prove(): void {
    if (this.#passive === 'epsv?') this.#passive = 'epsv';
    this.#proven = true;
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
    return new Promise((opened, failed) => control.transport.openData(port, use, isClear(endpoint), { opened, failed }));
  }

  async #openPassive(line: string, use: DataUse | undefined): Promise<Channel> {
    const { control } = this.#context;
    const unproven = this.#passive === 'epsv?';
    const port = await this.#passivePort(line);
    try {
      const data = await this.#connect(port, use);
      this.prove();
      return new OpenChannel(data);
    } catch (error) {
      if (error instanceof CancelledError || control.failure !== undefined) throw error;
      if (!unproven || this.#passive === 'pasv') throw unreachablePort(control.where, port, error);
      this.#passive = 'pasv';
      return this.#openPassive(line, use);
    }
  }

  /** Servers that spread files over machines must know what will be asked before they name a port (draft-dd-pret). */
  foretell(line: string): void {
    if (this.#foretelling) void this.#context.control.ride(`PRET ${line}`);
  }

  async #passivePort(line: string): Promise<number> {
    this.foretell(line);
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
      this.foretell(line);
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
    return awaitedChannel(listener, clock, endpoint.timeoutMs);
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

function portIn(following: Running | undefined): number | undefined {
  const reply = following?.reply;
  return reply?.code === 229 ? extendedPassivePort(reply.lines.join(' ')) : undefined;
}
