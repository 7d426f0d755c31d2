// Counts round trips without a clock: a peer is taken to answer at once, and every byte to travel for half a trip. What is read can be
// no earlier than one trip after what was last sent; connecting and each TLS handshake take one.
import type { Dial } from '../../src/protocols/net/dial.ts';
import type { ControlTransport, DataTransport, DataUse, Transport } from '../../src/protocols/net/transport.ts';

export class RoundTrips {
  /** Round trips so far. */
  count = 0;
  #sent = 0;

  readonly over =
    (dial: Dial): Dial =>
    async (endpoint, options) => {
      const transport = await dial(endpoint, options);
      this.count += 2;
      return this.#control(transport);
    };

  #control(inner: ControlTransport): ControlTransport {
    return Object.assign(this.#watched(inner), {
      openData: async (port: number, use?: DataUse) => {
        this.#sent = this.count;
        const data = await inner.openData(port, use);
        this.#heard();
        return this.#data(data);
      },
      listenData: () => inner.listenData(),
    });
  }

  #data(inner: DataTransport): DataTransport {
    return Object.assign(this.#watched(inner), { reset: (reason?: Error) => inner.reset(reason) });
  }

  #watched(inner: Transport): Transport {
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
        counter.#heard();
        return chunk;
      },
      write(bytes) {
        counter.#sent = counter.count;
        return inner.write(bytes);
      },
      async startTls() {
        counter.#sent = counter.count;
        await inner.startTls();
        counter.#heard();
      },
      end(last) {
        counter.#sent = counter.count;
        return inner.end(last);
      },
      close: reason => inner.close(reason),
    };
  }

  #heard(): void {
    this.count = Math.max(this.count, this.#sent + 1);
  }
}
