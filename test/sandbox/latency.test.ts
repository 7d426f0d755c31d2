import { describe, expect, it } from 'vitest';
import type { Clock } from '../../src/core/clock.ts';
import { systemClock } from '../../src/core/clock.ts';
import type { ServerTransport } from '../../src/protocols/net/listener.ts';
import { withLatency } from '../../src/sandbox/latency.ts';
import { playground } from './playground.ts';

/** Time that passes only when it is told to. */
function handClock(): Clock & { pass(ms: number): Promise<void> } {
  let now = 0;
  const timers: { at: number; fire: () => void }[] = [];
  return {
    ...systemClock,
    now: () => now,
    elapsed: () => now,
    after: (ms, fire) => {
      const timer = { at: now + ms, fire };
      timers.push(timer);
      return { cancel: () => timers.splice(timers.indexOf(timer) >>> 0, 1) };
    },
    pass: async ms => {
      await settle();
      now += ms;
      for (const timer of timers.filter(({ at }) => at <= now)) {
        timers.splice(timers.indexOf(timer), 1);
        timer.fire();
      }
      await settle();
    },
  };
}

const settle = () => new Promise<void>(resolve => setImmediate(resolve));

class FakeTransport implements ServerTransport {
  readonly secure = false;
  readonly local = { address: '127.0.0.1', port: 1 };
  readonly remote = { address: '127.0.0.1', port: 2 };
  readonly done: string[] = [];
  readonly waiting: (Buffer | undefined)[] = [];
  #wake: (() => void) | undefined;

  arrive(chunk: string | undefined): void {
    this.waiting.push(chunk === undefined ? undefined : Buffer.from(chunk));
    this.#wake?.();
  }

  async read(): Promise<Buffer | undefined> {
    while (this.waiting.length === 0) {
      await new Promise<void>(resolve => {
        this.#wake = resolve;
      });
    }
    return this.waiting.shift();
  }

  async write(bytes: Uint8Array): Promise<void> {
    this.done.push(Buffer.from(bytes).toString());
  }

  async startTls(): Promise<void> {}

  async startTlsServer(): Promise<void> {
    this.done.push('TLS');
  }

  async end(): Promise<void> {
    this.done.push('END');
  }

  reset(): void {
    this.close();
  }

  close(): void {
    this.done.push('CLOSE');
  }
}

describe('latency', () => {
  it('delays every chunk by half, both ways, in order', async () => {
    const clock = handClock();
    const inner = new FakeTransport();
    const transport = withLatency(inner, clock, 100);
    await transport.write(Buffer.from('a'));
    await clock.pass(20);
    await transport.write(Buffer.from('b'));
    void transport.end();
    await clock.pass(29);
    expect(inner.done).toEqual([]);
    await clock.pass(1);
    expect(inner.done).toEqual(['a']);
    await clock.pass(20);
    expect(inner.done).toEqual(['a', 'b', 'END']);
    inner.arrive('one');
    inner.arrive('two');
    inner.arrive(undefined);
    const read: unknown[] = [];
    const reading = (async () => {
      for (let chunk = await transport.read(); chunk !== undefined; chunk = await transport.read()) read.push(chunk.toString());
      read.push('end');
    })();
    await clock.pass(49);
    expect(read).toEqual([]);
    await clock.pass(1);
    await reading;
    expect(read).toEqual(['one', 'two', 'end']);
    expect(await transport.read()).toBeUndefined();
  });

  it('starts TLS in the turn in which the last bytes leave, and not over unread clear text', async () => {
    const clock = handClock();
    const inner = new FakeTransport();
    const transport = withLatency(inner, clock, 100);
    await transport.write(Buffer.from('220 go'));
    const started = transport.startTlsServer({});
    await clock.pass(50);
    await started;
    expect(inner.done).toEqual(['220 go', 'TLS']);
    inner.arrive('EHLO');
    await settle();
    await expect(transport.startTlsServer({})).rejects.toMatchObject({ code: 'plaintext-injected' });
  });

  it('drops what is under way when the connection is closed', async () => {
    const clock = handClock();
    const inner = new FakeTransport();
    const transport = withLatency(inner, clock, 100);
    await transport.write(Buffer.from('lost'));
    transport.close();
    await clock.pass(100);
    expect(inner.done).toEqual(['CLOSE']);
  });

  it('is nothing at all when it is 0', () => {
    const inner = new FakeTransport();
    expect(withLatency(inner, handClock(), 0)).toBe(inner);
  });

  it('leaves dialogue and TLS of a real server whole', async () => {
    const place = await playground([], { latencyMs: 4 });
    const client = await place.client('ftp');
    expect(await client.say('AUTH TLS')).toMatch(/^234/);
    await client.startTls(place.sandbox.caFile);
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^230/);
    await place.close();
  });
});
