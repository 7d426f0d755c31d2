// Counts round trips without a clock: a peer is taken to answer at once, and every byte to travel for half a trip, during which whoever
// asked does what else there is to do. What is read can be no earlier than one trip after what was last sent; connecting and each TLS handshake take one.
import { type Clock, nextTurn, systemClock } from '../../src/core/clock.ts';
import type { Dial } from '../../src/protocols/net/dial.ts';
import type { ControlTransport, DataTaker, DataTransport, DataUse, Transport } from '../../src/protocols/net/transport.ts';

/** Milliseconds to another continent and back. */
const TRIP_MS = 100;

/** Where the peer answers each line that it is sent. */
export interface Answers {
  /** The last line of an answer. */
  readonly final: RegExp;
  /** A line that says that the answer will come when what is transferred has ended. */
  readonly preliminary: RegExp;
}

export const FTP_ANSWERS: Answers = { final: /^[2-5]\d\d(?: |$)/, preliminary: /^1\d\d(?: |$)/ };

interface Sending {
  /** When something was last sent. */
  sent: number;
}

/** A connection on which there are answers. */
interface Line extends Sending {
  /** When each line was sent that is not answered yet. */
  readonly asked: number[];
  /** The oldest of them has begun a transfer. */
  transferring: boolean;
  /** What was opened last for it. */
  data?: DataLine;
  /** The beginning of a line of an answer. */
  partial: string;
}

interface DataLine extends Sending {
  /** When the transfer was asked for; undefined: not yet when the connection was made. */
  readonly asked: number | undefined;
}

type Watched = Transport & Pick<DataTransport, 'readFor'>;

export class RoundTrips {
  /** Round trips so far. */
  count = 0;
  /** Goes by the count: how far away a server is taken to be is the same on an idle machine and on a busy one. */
  readonly clock: Clock = { ...systemClock, elapsed: () => this.count * TRIP_MS };
  readonly #answers: Answers | undefined;

  /** With `answers` each is dated by the line it answers, however many others were sent since; without, by what was sent last. */
  constructor(answers?: Answers) {
    this.#answers = answers;
  }

  readonly over =
    (dial: Dial): Dial =>
    async (endpoint, options) => {
      const began = this.count;
      const transport = await dial(endpoint, options);
      this.#at(began + 2);
      return this.#control(transport);
    };

  #control(inner: ControlTransport): ControlTransport {
    const line: Line = { sent: this.count, asked: [], transferring: false, partial: '' };
    const watched = this.#watched(inner, line, chunk => this.#said(line, chunk));
    const send = watched.write;
    const write = (bytes: Uint8Array) => {
      if (this.#answers !== undefined) for (const byte of bytes) if (byte === 0x0a) line.asked.push(this.count);
      return send(bytes);
    };
    return Object.assign(watched, {
      write,
      post: (octets: string) => void write(Buffer.from(octets, 'latin1')).catch(() => undefined),
      openData: (port: number, use: DataUse | undefined, clear: boolean, taker: DataTaker) => {
        const data: DataLine = { sent: this.count, asked: line.asked[0] };
        line.data = data;
        const opened = (transport: DataTransport) => {
          this.#at(data.sent + 1);
          taker.opened(this.#data(transport, data, line));
        };
        inner.openData(port, use, clear, { opened, failed: error => taker.failed(error) });
      },
      listenData: () => inner.listenData(),
    });
  }

  #data(inner: DataTransport, line: DataLine, control: Line): DataTransport {
    const read = async () => this.#at(1 + Math.max(line.sent, line.asked ?? control.sent));
    return Object.assign(this.#watched(inner, line, read), {
      finish: (last: Uint8Array | undefined, done: (error?: Error) => void) => {
        line.sent = this.count;
        inner.finish(last, done);
      },
      reset: (reason?: Error) => inner.reset(reason),
    });
  }

  /** `read` dates what was read before it is passed on. */
  #watched(inner: Transport, line: Sending, read: (chunk: Buffer | undefined) => Promise<void>): Watched {
    const counter = this;
    return {
      get secure() {
        return inner.secure;
      },
      get local() {
        return inner.local;
      },
      get remote() {
        return inner.remote;
      },
      async read() {
        const chunk = await inner.read();
        await read(chunk);
        return chunk;
      },
      readFor(reader) {
        void this.read().then(
          chunk => reader.take(chunk),
          error => reader.fail(error),
        );
      },
      write(bytes) {
        line.sent = counter.count;
        return inner.write(bytes);
      },
      async startTls() {
        line.sent = counter.count;
        await inner.startTls();
        counter.#at(line.sent + 1);
      },
      end(last) {
        line.sent = counter.count;
        return inner.end(last);
      },
      close: reason => inner.close(reason),
    };
  }

  async #said(line: Line, chunk: Buffer | undefined): Promise<void> {
    if (this.#answers === undefined) return this.#at(line.sent + 1);
    await ownWorkDone();
    if (chunk === undefined) this.#at(line.sent + 1);
    else this.#answered(line, this.#answers, chunk.toString('latin1'));
  }

  #answered(line: Line, { final, preliminary }: Answers, text: string): void {
    const lines = (line.partial + text).split('\r\n');
    line.partial = lines.pop() ?? '';
    for (const said of lines) {
      if (preliminary.test(said)) line.transferring = true;
      if (!final.test(said)) continue;
      const asked = line.asked.shift() ?? this.count - 1;
      this.#at(1 + Math.max(asked, line.transferring ? (line.data?.sent ?? line.sent) : 0));
      line.transferring = false;
    }
  }

  #at(when: number): void {
    this.count = Math.max(this.count, when);
  }
}

/** Turns of the event loop without anything left in a thread after which one's own work is taken for done. */
const OWN_TURNS = 20;

/** Over a distance, what one does oneself is done before an answer comes, however busy the machine: reading a local folder in threads, too. */
async function ownWorkDone(): Promise<void> {
  for (let quiet = 0; quiet < OWN_TURNS; quiet = hasWorkInThreads() ? 0 : quiet + 1) await nextTurn();
}

function hasWorkInThreads(): boolean {
  return process.getActiveResourcesInfo().some(resource => resource.startsWith('FSReq'));
}
