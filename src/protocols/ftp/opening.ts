// A passive data connection, from the question for its port until it is there, while its transfer command is already on its way.
//
//   asked ── 229, 227 ──► connecting ── there ──► opened
//     │                       └── not to be had ──► the refusal of the transfer explains it, if one comes soon; else session closed
//     ├── 4xx, and the transfer refused as well ──► asked again, PORT_TRIES times in all
//     └── anything else ──► session closed, and the server trusted no more
import type { Timer } from '../../core/clock.ts';
import { BrokenSessionError, CancelledError } from '../../core/errors.ts';
import type { DataTaker, DataTransport, DataUse } from '../net/transport.ts';
import type { Reply } from '../wire/reply.ts';
import { type Begun, type DataContext, isClear, isOutOfStep, OpenChannel, unreachablePort } from './channel.ts';
import { refused, replyText } from './errors.ts';
import { REFUSAL_MS } from './limits.ts';
import { extendedPassivePort, passivePort } from './passive.ts';
import type { Running, Taker } from './running.ts';

/** Who wants the channel. None of these must throw. */
export interface BegunTaker {
  opened(begun: Begun): void;
  failed(error: unknown): void;
}

/** What is known of the server's passive mode. */
export interface PassiveMode {
  readonly command: 'EPSV' | 'PASV';
  /** A connection was made. */
  readonly proven: boolean;
  prove(): void;
  /** Says which transfer comes, to a server that must know. */
  foretell(line: string): void;
}

/** How often a port is asked for that the server could not spare. */
const PORT_TRIES = 4;

/**
 * The command has its own reply whatever becomes of the connection, so a connection that fails is only its cause: the session ends when no
 * refusal explains it. A server that has no port free for a moment (ProFTPD: 425 Address already in use) refuses both, and is asked again.
 */
export class Opening implements Taker, DataTaker {
  readonly #context: DataContext;
  readonly #mode: PassiveMode;
  readonly #line: string;
  readonly #use: DataUse | undefined;
  readonly #taker: BegunTaker;
  #running!: Running;
  #command: PassiveMode['command'] = 'EPSV';
  #deadline: Timer | undefined;
  #tries = 0;
  #port = 0;

  constructor(context: DataContext, mode: PassiveMode, line: string, use: DataUse | undefined, taker: BegunTaker) {
    this.#context = context;
    this.#mode = mode;
    this.#line = line;
    this.#use = use;
    this.#taker = taker;
  }

  /** `port`: where it is known already, and only the command leaves. */
  begin(port: number | undefined): void {
    try {
      if (port === undefined) return this.#ask();
      this.#running = this.#context.control.begin(this.#line);
      this.#connect(port);
    } catch (error) {
      this.#taker.failed(error);
    }
  }

  #ask(): void {
    const { control } = this.#context;
    this.#tries += 1;
    this.#command = this.#mode.command;
    this.#mode.foretell(this.#line);
    this.#running = control.beginBoth(this.#command, this, this.#line);
    this.#deadline = control.watch(this.#command);
  }

  /** The reply that names the port. */
  take(reply: Reply): void {
    this.#deadline?.cancel();
    const text = reply.lines.join(' ');
    const port = reply.code === 229 ? extendedPassivePort(text) : reply.code === 227 ? passivePort(text) : undefined;
    if (port !== undefined) this.#connect(port);
    else this.#portless(reply).catch(error => this.#taker.failed(error));
  }

  fail(error: Error): void {
    this.#deadline?.cancel();
    this.#taker.failed(error);
  }

  #connect(port: number): void {
    const { control, endpoint } = this.#context;
    this.#port = port;
    control.transport.openData(port, this.#use, isClear(endpoint), this);
  }

  opened(data: DataTransport): void {
    this.#mode.prove();
    this.#taker.opened({ channel: new OpenChannel(data), running: this.#running, folded: this.#tries > 0 });
  }

  failed(error: Error): void {
    this.#unreachable(error).catch(cause => this.#taker.failed(cause));
  }

  async #portless(reply: Reply): Promise<void> {
    const { control } = this.#context;
    if (reply.code >= 400 && reply.code < 500) {
      const final = await this.#final();
      if (final.code >= 400 && this.#tries < PORT_TRIES) {
        if (control.crowded) await control.flush();
        return this.#ask();
      }
      if (final.code >= 400) throw refused(control.where, this.#command, reply);
    }
    control.trust.lose();
    const answer = `${control.where} answered ${this.#command} with ${replyText(reply)}`;
    const error = new BrokenSessionError('protocol-unexpected', answer);
    control.close(error);
    throw error;
  }

  async #unreachable(error: Error): Promise<never> {
    const { control } = this.#context;
    if (error instanceof CancelledError || control.failure !== undefined) throw error;
    if (!this.#mode.proven) control.trust.portFailed();
    const final = await this.#final().catch(() => undefined);
    if (this.#tries > 0 && final !== undefined && isOutOfStep(final)) control.trust.lose();
    if (final !== undefined && final.code >= 400 && final.code !== 425) throw refused(control.where, this.#line, final);
    const broken = unreachablePort(control.where, this.#port, error);
    control.close(broken);
    throw broken;
  }

  /** What the transfer ends with, if it ends soon. */
  #final(): Promise<Reply> {
    const { control, endpoint } = this.#context;
    return control.within(this.#line, this.#running.final, Math.min(REFUSAL_MS, endpoint.timeoutMs));
  }
}
