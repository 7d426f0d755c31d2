// Counts round trips without a clock: a peer is taken to answer at once, and every byte to travel for half a trip, during which whoever
// asked does what else there is to do. What is read can be no earlier than one trip after what was last sent; connecting and each TLS handshake take one.
import { nextTurn } from '../../src/core/clock.ts';
import type { Dial } from '../../src/protocols/net/dial.ts';
import type { ControlTransport, DataTaker, DataTransport, DataUse, Transport } from '../../src/protocols/net/transport.ts';

/** Where the peer answers each line that it is sent. */
export interface Answers {
  /** The last line of an answer. */
  readonly final: RegExp;
  /** A line that says that the answer will come when what is transferred has ended. */
  readonly preliminary: RegExp;
}

export const FTP_ANSWERS: Answers = { final: /^[2-5]\d\d(?: |$)/, preliminary: /^1\d\d(?: |$)/ };

/** One connection and what was opened for it. */
interface Line {
  /** When something was last sent. */
  sent: number;
  /** When each line was sent that is not answered yet. */
  readonly asked: number[];
  /** The oldest of them has begun a transfer. */
  transferring: boolean;
  /** The beginning of a line of an answer. */
  partial: string;
}

type Watched = Transport & Pick<DataTransport, 'readFor'>;

export class RoundTrips {
  /** Round trips so far. */
  count = 0;
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
    const watched = this.#watched(inner, line, this.#answers);
    return Object.assign(watched, {
      post: (bytes: Uint8Array) => void watched.write(bytes).catch(() => undefined),
      openData: (port: number, use: DataUse | undefined, clear: boolean, taker: DataTaker) => {
        line.sent = this.count;
        const opened = (data: DataTransport) => {
          this.#at(line.sent + 1);
          taker.opened(this.#data(data, line));
        };
        inner.openData(port, use, clear, { opened, failed: error => taker.failed(error) });
      },
      listenData: () => inner.listenData(),
    });
  }

  #data(inner: DataTransport, line: Line): DataTransport {
    return Object.assign(this.#watched(inner, line), {
      finish: (last: Uint8Array | undefined, done: (error?: Error) => void) => {
        line.sent = this.count;
        inner.finish(last, done);
      },
      reset: (reason?: Error) => inner.reset(reason),
    });
  }

  #watched<T extends Transport | DataTransport>(inner: T, line: Line, answers?: Answers): Watched {
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
        if (answers !== undefined) await ownWorkDone();
        if (answers === undefined || chunk === undefined) counter.#at(line.sent + 1);
        else counter.#answered(line, answers, chunk.toString('latin1'));
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
        if (answers !== undefined) for (const byte of bytes) if (byte === 0x0a) line.asked.push(counter.count);
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

  #answered(line: Line, { final, preliminary }: Answers, text: string): void {
    const lines = (line.partial + text).split('\r\n');
    line.partial = lines.pop() ?? '';
    for (const said of lines) {
      if (preliminary.test(said)) line.transferring = true;
      if (!final.test(said)) continue;
      const asked = line.asked.shift() ?? this.count - 1;
      this.#at(1 + (line.transferring ? line.sent : asked));
      line.transferring = false;
    }
  }

  #at(when: number): void {
    this.count = Math.max(this.count, when);
  }
}

/** Turns of the event loop: over a distance, what one does oneself is done before an answer comes, however quick the machine is. */
const OWN_TURNS = 20;

async function ownWorkDone(): Promise<void> {
  for (let turn = 0; turn < OWN_TURNS; turn++) await nextTurn();
}
