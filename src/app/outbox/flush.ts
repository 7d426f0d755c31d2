// Sends what waits in the outbox: one session a connection, each letter's outcome written down as it comes.
import type { Clock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { systemRandom } from '../../core/random.ts';
import { Redactor } from '../../core/secret.ts';
import { isWaiting, type Letter } from '../../mail/outbox.ts';
import { dial } from '../../protocols/net/dial.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import { connectSmtp, type SmtpClient } from '../../protocols/smtp/index.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { type PostOffice, post, putOff, record, waitingOf } from '../../steps/smtp-post.ts';
import type { StepOutbox } from '../../steps/step.ts';
import type { Store } from '../../stores/store.ts';
import { tokensOf } from '../accounts.ts';
import { endpointResolver } from '../endpoints.ts';
import { jobByName } from '../jobs.ts';
import { secretsOf } from '../secrets.ts';
import type { Workspace } from '../workspace.ts';
import { stepOutbox } from './sender.ts';

export interface FlushRequest {
  readonly store: Store;
  readonly workspace: Workspace;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  /** One line for people, secrets masked by the caller's own redactor if it has one; ours are masked already. */
  readonly say: (line: string) => void;
}

/** At once at most; the rest is due at the next look. */
const LETTERS_MAX = 1_000;

/**
 * For the scheduler: tries every letter that is due now and gives back when to look again (epoch milliseconds; undefined: when
 * something new is put in). Rejects only when the store fails or `signal` aborts.
 */
export async function sendDueMails(request: FlushRequest): Promise<number | undefined> {
  const { store, clock } = request;
  await flush(await store.outbox.due(clock.now(), LETTERS_MAX), request);
  return store.outbox.nextDue();
}

/** Tries these letters now, due or not; gives them back as they are then. */
export async function flush(letters: readonly Letter[], request: FlushRequest): Promise<readonly Letter[]> {
  const groups = Map.groupBy(letters, ({ file, connection }) => JSON.stringify([file, connection]));
  for (const group of groups.values()) await new Round(request).deliver(group);
  const after = await Promise.all(letters.map(({ id }) => request.store.outbox.letter(id)));
  return after.filter(letter => letter !== undefined);
}

/** The letters for one connection of one job file. */
class Round {
  readonly #request: FlushRequest;
  readonly #outbox: StepOutbox;
  readonly #office: PostOffice;
  readonly #redactor = new Redactor();
  #client: SmtpClient | undefined;
  /** Why no session can be had: the account is left alone then, not tried again for each letter. */
  #hopeless: Error | undefined;

  constructor(request: FlushRequest) {
    const { store, workspace, clock } = request;
    this.#request = request;
    this.#outbox = stepOutbox(store, workspace.host, clock, this.#redactor);
    this.#office = { letters: this.#outbox.letters, clock, random: systemRandom };
  }

  async deliver(letters: readonly Letter[]): Promise<void> {
    const { signal } = this.#request;
    for (const { id } of letters) {
      signal.throwIfAborted();
      const letter = await this.#office.letters.claim(id, this.#outbox.sender(), this.#outbox.isAlive);
      if (letter === undefined) continue;
      try {
        if (waitingOf(letter).length > 0) await this.#deliverOne(letter);
      } finally {
        await this.#office.letters.release(id);
      }
    }
    await this.#client?.quit();
  }

  async #deliverOne(letter: Letter): Promise<void> {
    const { signal } = this.#request;
    try {
      const results = await post(letter, await this.#session(letter), this.#office);
      this.#say(letter, await record(letter, results, this.#office));
    } catch (error) {
      // A letter that post() could not send has its outcome; one that found no session is put off here.
      if (this.#hopeless === error) await putOff(letter, error as Error, this.#office);
      signal.throwIfAborted();
      if (!(error instanceof AppError) || error.code.startsWith('store-')) throw error;
      this.#request.say(this.#redactor.redact(`${letter.id} waits: ${error.message}`));
    }
  }

  async #session(letter: Letter): Promise<SmtpClient> {
    if (this.#hopeless !== undefined) throw this.#hopeless;
    if (this.#client?.usable) return this.#client;
    const { clock, signal } = this.#request;
    try {
      this.#client = await connectSmtp(await this.#endpoint(letter), { dial, clock, signal });
      return this.#client;
    } catch (error) {
      this.#hopeless = error as Error;
      throw error;
    }
  }

  async #endpoint({ file, connection }: Letter): Promise<Endpoint> {
    const { workspace } = this.#request;
    const { job } = await jobByName(file, workspace);
    const { resolve: resolveSecret } = secretsOf(workspace);
    const env = publicEnvironment(workspace.env);
    const redactor = this.#redactor;
    const tokens = (account: string) => tokensOf(account, workspace, redactor);
    const outside = { job, resolveSecret, tokensOf: tokens, redactor, vars: job.vars, env, runId: 'outbox' };
    const resolver = endpointResolver(outside);
    return resolver(connection, (_level, message) => this.#request.say(message));
  }

  #say({ id, deliveries: before }: Letter, { deliveries }: Letter): void {
    const tried = deliveries.filter(({ recipient }) => before.some(old => old.recipient === recipient && isWaiting(old)));
    for (const { recipient, status, reply } of tried)
      this.#request.say(this.#redactor.redact(`${id} to ${recipient}: ${status}${reply === undefined ? '' : ` (${reply})`}`));
  }
}
