// The server of a connection: how to reach it, what is known of its provider, and whether it can follow commands that go ahead of replies.
import { BrokenSessionError } from '../../core/errors.ts';
import { addressOf, type Endpoint } from '../../protocols/net/endpoint.ts';
import { connectPop3, type Pop3Client, type Window } from '../../protocols/pop3/index.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import type { StepContext } from '../step.ts';
import { explained, type Provider, providerOf } from './providers.ts';

/** Ledger, with the server's address: until when (epoch milliseconds) it is spoken to one command at a time. */
const ONE_AT_A_TIME = 'one-at-a-time-until';
const ONE_AT_A_TIME_MS = 7 * 86_400_000;

export interface ServerOptions {
  readonly window?: Partial<Window>;
  readonly transcript?: Transcript | undefined;
}

export class Server {
  readonly provider: Provider;
  readonly #context: StepContext;
  readonly #endpoint: Endpoint;
  readonly #key: string;
  readonly #options: ServerOptions;
  #ahead: Promise<Pop3Client> | undefined;
  #last: Pop3Client | undefined;

  constructor(context: StepContext, endpoint: Endpoint, options: ServerOptions = {}) {
    this.#options = options;
    this.provider = providerOf(endpoint);
    this.#context = context;
    this.#endpoint = endpoint;
    this.#key = `${ONE_AT_A_TIME} ${addressOf(endpoint)}`;
  }

  /** Begins the sign-in that the next connect() waits for. */
  connectAhead(): void {
    this.#ahead = this.#open();
    this.#ahead.catch(() => undefined);
  }

  async connect(): Promise<Pop3Client> {
    const ahead = this.#ahead;
    this.#ahead = undefined;
    this.#last = await (ahead ?? this.#open());
    return this.#last;
  }

  /** Nothing is to be done there after all. Throws the reason. */
  async leave(reason: unknown): Promise<never> {
    const client = await this.#ahead?.catch(() => undefined);
    client?.close();
    throw reason;
  }

  /**
   * Whether the last session may have ended because the server lost a command: a mismatch or silence while commands went ahead.
   * It gets one command at a time then, for a while.
   */
  async gotLost(error: unknown): Promise<boolean> {
    const suspicious = error instanceof BrokenSessionError && (error.code === 'protocol-broken' || error.code === 'timed-out');
    const client = this.#last;
    this.#last = undefined;
    if (!suspicious || client?.capabilities.pipelining !== true || !(await this.#mayPipeline())) return false;
    await this.#context.ledger.put(this.#key, this.#context.clock.now() + ONE_AT_A_TIME_MS);
    return true;
  }

  async #open(): Promise<Pop3Client> {
    const { dial, clock, signal } = this.#context;
    try {
      const pipelining = await this.#mayPipeline();
      return await connectPop3(this.#endpoint, { dial, clock, signal, pipelining, ...this.#options });
    } catch (error) {
      throw explained(error, this.provider);
    }
  }

  async #mayPipeline(): Promise<boolean> {
    const until = await this.#context.ledger.get(this.#key);
    return typeof until !== 'number' || until <= this.#context.clock.now();
  }
}
