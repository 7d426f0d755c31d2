// One transfer from its command to its end: done only when the data has ended and the server has said 226 or 250, in either order.
//
//   begin ── RETR/STOR sent, TLS on the data connection ──► moving ── data ended, final reply yes ──► finished
//     │                                                       ├── final reply no ──► data reset, the server's words thrown
//     └── refused (550, 425, …) ──► data reset                ├── data cut ──► final reply awaited, the better cause thrown
//                                                             └── given up ──► ABOR, data reset, both replies and that of a NOOP (some
//                                                                 servers send three) awaited, else session closed
import type { Clock, Timer } from '../../core/clock.ts';
import { AppError, BrokenSessionError, CancelledError, MisuseError, RefusedError } from '../../core/errors.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { DataTransport, DataUse, Reader } from '../net/transport.ts';
import type { Reply } from '../wire/reply.ts';
import { type Begun, type Channel, isClear, isOutOfStep } from './channel.ts';
import type { FtpControl } from './control.ts';
import type { DataChannels } from './data.ts';
import { isPositive, refused } from './errors.ts';
import { ABORT_MS, UPLOAD_TAIL_BYTES_MAX, UPLOAD_TAIL_BYTES_PER_SECOND_MIN } from './limits.ts';
import type { Running, Taker } from './running.ts';

export interface TransferContext {
  readonly control: FtpControl;
  readonly channels: DataChannels;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
}

/**
 * Opens the data connection and sends the command, in one segment where that is safe. `use`: what the data connection is for, if it stays
 * clear. Throws RefusedError when the server refuses early.
 */
export async function beginTransfer(context: TransferContext, line: string, offset = 0, use?: DataUse): Promise<Transfer> {
  if (context.channels.mayFold(offset))
    return new Promise((resolve, failed) =>
      context.channels.openWith(line, use, { opened: begun => resolve(new Transfer(context, begun)), failed }),
    );
  const channel = await context.channels.open(line, use);
  try {
    await context.channels.restart(offset);
    return new Transfer(context, { channel, running: context.control.beginNext(line), folded: false });
  } catch (error) {
    channel.discard(error as Error);
    throw error;
  }
}

/** Large pieces are cut, so that the deadline of a write is one of a known size. */
const WRITE_BYTES_MAX = 512 * 1024;

export class Transfer implements Taker {
  readonly #context: TransferContext;
  readonly #channel: Channel;
  readonly #running: Running;
  /** The command left together with the one before it. */
  readonly #folded: boolean;
  #data: DataTransport | undefined;
  #sentAll = false;
  /** All that came; undefined while it comes. */
  #receivedBytes: number | undefined;
  /** It began at byte 0. */
  #whole = false;
  /** Told once the final reply is there, or never will be; and its deadline. */
  #done: ((error?: Error) => void) | undefined;
  #due: Timer | undefined;

  constructor(context: TransferContext, { channel, running, folded }: Begun) {
    this.#context = context;
    this.#channel = channel;
    this.#running = running;
    this.#folded = folded;
    if (isClear(context.endpoint)) this.#data = channel.data;
    running.tell(this);
  }

  /** True when no reply is outstanding: the session may be used for the next command, or is dead. */
  get settled(): boolean {
    return this.#running.reply !== undefined || this.#context.control.failure !== undefined;
  }

  get connected(): boolean {
    return this.#data !== undefined;
  }

  /** The data connection, under TLS where it must be. The handshake waits for no reply: some servers send 150 only after it. */
  async connect(): Promise<void> {
    if (this.connected) return;
    const { endpoint } = this.#context;
    const data = this.#channel.data ?? (await this.#channel.connect());
    this.#data = data;
    if (isClear(endpoint)) return;
    await this.#within(data, data.startTls());
  }

  /** The final reply, once it is there. */
  get reply(): Reply | undefined {
    return this.#running.reply;
  }

  /** The next bytes, or undefined at the end of the data. */
  read(): Promise<Buffer | undefined> {
    const data = this.#open();
    return this.#within(data, data.read());
  }

  /** The same for a reader, who is not told before this returns; the deadline is the reader's to cancel. */
  readFor(reader: Reader): Timer {
    const { control, endpoint } = this.#context;
    const data = this.#open();
    const deadline = control.watchData(data, this.#running.shown, endpoint.timeoutMs);
    data.readFor(reader);
    return deadline;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const data = this.#open();
    for (let at = 0; at < bytes.length; at += WRITE_BYTES_MAX) {
      const piece = bytes.subarray(at, at + WRITE_BYTES_MAX);
      const ms = this.#context.endpoint.timeoutMs + (piece.length / UPLOAD_TAIL_BYTES_PER_SECOND_MIN) * 1_000;
      await this.#within(data, data.write(piece), ms);
    }
  }

  /**
   * After the last byte was read: closes the data connection (ProFTPD waits for that) and waits for the server's yes. `done` is told when it
   * is there, or of the error that goes to cause().
   */
  received(bytes: number, whole: boolean, done: (error?: Error) => void): void {
    const { channels, endpoint } = this.#context;
    this.#open().close();
    if (whole) channels.follow('download');
    this.#receivedBytes = bytes;
    this.#whole = whole;
    this.#awaitYes(endpoint.timeoutMs, done);
  }

  /**
   * After the last byte, or all but `last`, was written: ends the data orderly (close_notify, FIN) and waits for the server's yes. `done` is
   * told when it is there, or of the error that goes to cause().
   */
  sent(bytes: number, last: Uint8Array | undefined, done: (error?: Error) => void): void {
    const { channels, control, endpoint } = this.#context;
    const data = this.#open();
    const tailMs = (Math.min(bytes, UPLOAD_TAIL_BYTES_MAX) / UPLOAD_TAIL_BYTES_PER_SECOND_MIN) * 1_000;
    const ms = endpoint.timeoutMs + tailMs;
    this.#sentAll = true;
    const leaving = control.watchData(data, this.#running.shown, ms);
    data.finish(last, error => {
      leaving.cancel();
      if (error !== undefined) return done(error);
      channels.follow('upload');
      this.#awaitYes(ms, done);
    });
  }

  /** No closure: V8 keeps one that is assigned to a field, and the sockets it leads to, until it collects everything. */
  #awaitYes(ms: number, done: (error?: Error) => void): void {
    const { control } = this.#context;
    this.#due = control.watch(this.#running.shown, ms);
    this.#done = done;
    if (this.settled) this.#replied(control.failure);
  }

  #replied(failure?: Error): void {
    const done = this.#done;
    if (done === undefined) return;
    this.#done = undefined;
    this.#due?.cancel();
    const error = this.#outcome(failure);
    if (error === undefined) this.#data?.close();
    else if (this.#receivedBytes !== undefined) this.#context.control.trust.lingersNot();
    done(error);
  }

  #outcome(failure: Error | undefined): Error | undefined {
    const { reply, shown } = this.#running;
    if (reply === undefined) return failure;
    if (!isPositive(reply)) return refused(this.#context.control.where, shown, reply);
    return this.#whole ? this.#shortage(this.#receivedBytes ?? 0) : undefined;
  }

  /** The error to throw for `error`: the server's own refusal says more than a broken data connection. Leaves the session settled. */
  async cause(error: unknown): Promise<unknown> {
    const { control } = this.#context;
    if (this.#data !== undefined) this.#data.reset();
    if (error instanceof RefusedError) return error;
    if (error instanceof BrokenSessionError && error.code === 'timed-out') control.close(error);
    if (control.failure !== undefined) return error instanceof AppError ? error : control.failure;
    try {
      await this.#yes(this.#context.endpoint.timeoutMs);
      return error;
    } catch (refusal) {
      return refusal;
    }
  }

  /** Gives the transfer up so that the server cannot take it for complete: ABOR, then a reset. Never throws. */
  async abandon(): Promise<void> {
    const { control, endpoint } = this.#context;
    if (this.settled) return this.#channel.discard();
    const reason = new CancelledError(`"${this.#running.shown}" was given up`);
    const ms = Math.min(ABORT_MS, endpoint.timeoutMs);
    try {
      if (!control.transfers) {
        // Its data may be here before the replies to commands that left with it.
        this.#channel.discard(reason);
        while (!this.settled && !control.transfers) await control.within('ABOR', control.nextReply(), ms);
        if (this.settled) return;
      }
      const aborted = control.abort();
      this.#channel.discard(reason);
      await control.within('ABOR', aborted, ms);
      const { code } = await control.within('NOOP', control.exchange('NOOP'), ms);
      if (code >= 300) throw new BrokenSessionError('protocol-broken', `${control.where} mixed up its replies to ABOR`);
    } catch (error) {
      control.close(error as Error);
    }
  }

  #open(): DataTransport {
    if (this.#data === undefined) throw new MisuseError('the data connection is not open');
    return this.#data;
  }

  #within<T>(data: DataTransport, step: Promise<T>, ms?: number): Promise<T> {
    return this.#context.control.dataWithin(data, this.#running.shown, step, ms);
  }

  async #yes(ms: number): Promise<Reply> {
    const { control } = this.#context;
    const reply = await control.within(this.#running.shown, this.#running.final, ms);
    if (isPositive(reply)) return reply;
    throw refused(control.where, this.#running.shown, reply);
  }

  /** The final reply: a no ends the data at once; a yes to an upload that still runs means that the server stopped listening. */
  take(reply: Reply): void {
    const { control } = this.#context;
    if (this.#folded && (isOutOfStep(reply) || this.#hasMissed(reply))) control.trust.lose();
    if (!isPositive(reply)) this.#channel.discard(refused(control.where, this.#running.shown, reply));
    else if (!this.#sentAll && isUpload(this.#running.shown))
      this.#channel.discard(endedEarly(control.where, this.#running.shown));
    this.#replied();
  }

  fail(error: Error): void {
    this.#channel.discard(error);
    this.#replied(error);
  }

  /** Twisted looks for the data connection when the command comes, which may be too early by a moment. */
  #hasMissed({ code }: Reply): boolean {
    return code === 426 && this.#running.started === undefined;
  }

  /** Servers that announce the size in 150 let us notice a download whose end was forged or lost. */
  #shortage(bytes: number): BrokenSessionError | undefined {
    const { started } = this.#running;
    const announced = started === undefined ? undefined : /\((\d{1,15}) bytes\)/i.exec(started.lines.join(' '))?.[1];
    if (announced === undefined || bytes >= Number(announced)) return undefined;
    return new BrokenSessionError(
      'download-short',
      `${this.#context.control.where}: "${this.#running.shown}" announced ${announced} bytes and sent ${bytes}`,
      { hint: 'The file changed meanwhile or the connection was tampered with; trying again usually helps.' },
    );
  }
}

function isUpload(line: string): boolean {
  return line.startsWith('STOR ') || line.startsWith('APPE ');
}

function endedEarly(where: string, shown: string): BrokenSessionError {
  return new BrokenSessionError('transfer-cut', `${where} ended "${shown}" before everything was sent`);
}
