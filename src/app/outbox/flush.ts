// Sends what waits in the outbox: one session a connection, each letter's outcome written down as it comes.
import type { Clock } from '../../core/clock.ts';
import { systemRandom } from '../../core/random.ts';
import { Redactor } from '../../core/secret.ts';
import { isWaiting, type Letter } from '../../mail/outbox.ts';
import { dial } from '../../protocols/net/dial.ts';
import { addressOf, type Endpoint } from '../../protocols/net/endpoint.ts';
import { connectSmtp, type SendResult, type SmtpClient, sendPooled } from '../../protocols/smtp/index.ts';
import { publicEnvironment } from '../../secrets/environment.ts';
import { type LetterMail, loadedMailOf, type PostOffice, putOff, record, waitingOf } from '../../steps/smtp-post.ts';
import type { StepOutbox } from '../../steps/step.ts';
import type { Store } from '../../stores/store.ts';
import { endpointResolver } from '../endpoints.ts';
import { jobByName } from '../jobs.ts';
import { tokensOf } from '../secrets/accounts.ts';
import { secretsOf } from '../secrets/secrets.ts';
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

/** So many are worth finding out first whether their server takes whole mails in a window: five round trips. */
const BATCH_MAILS_MIN = 20;

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

  constructor(request: FlushRequest) {
    const { store, workspace, clock } = request;
    this.#request = request;
    this.#outbox = stepOutbox(store, workspace.host, clock, this.#redactor);
    this.#office = { letters: this.#outbox.letters, clock, random: systemRandom };
  }

  async deliver(letters: readonly Letter[]): Promise<void> {
    const queue = [...letters];
    const settled: Promise<void>[] = [];
    try {
      const endpoint = await this.#endpoint(letters[0] as Letter);
      const { mailsPerSecond, maxConnections = 1 } = endpoint;
      await sendPooled(this.#claimed(queue, settled), ({ letter }, outcome) => this.#follow(settled, letter, outcome), {
        connect: () => this.#connect(endpoint, letters.length),
        clock: this.#request.clock,
        connections: Math.min(maxConnections, letters.length),
        ...(mailsPerSecond === undefined ? {} : { mailsPerSecond }),
      });
    } catch (error) {
      this.#request.signal.throwIfAborted();
      // The account is left alone then, not tried again for each letter.
      await this.#putAllOff(queue, error as Error);
    } finally {
      await Promise.all(settled);
    }
  }

  /** Whatever is not somebody else's, one after the other as a session takes them. */
  async *#claimed(queue: Letter[], settled: Promise<void>[]): AsyncGenerator<LetterMail> {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const letter = await this.#claim(next.id);
      if (letter === undefined) continue;
      const mail = await loadedMailOf(letter, this.#office).catch((error: Error) => error);
      if (mail instanceof Error) this.#follow(settled, letter, mail);
      else yield mail;
    }
  }

  async #claim(id: string): Promise<Letter | undefined> {
    const { letters } = this.#office;
    const letter = await letters.claim(id, this.#outbox.sender(), this.#outbox.isAlive);
    if (letter === undefined || waitingOf(letter).length > 0) return letter;
    await letters.release(id);
    return undefined;
  }

  async #putAllOff(letters: readonly Letter[], reason: Error): Promise<void> {
    for (const { id } of letters) {
      const letter = await this.#claim(id);
      if (letter !== undefined) await this.#settle(letter, reason);
    }
  }

  /** Written down while other letters are on their way; what cannot be is said at the end. */
  #follow(settled: Promise<void>[], letter: Letter, outcome: SendResult | Error): void {
    const work = this.#settle(letter, outcome);
    work.catch(() => undefined);
    settled.push(work);
  }

  async #settle(letter: Letter, outcome: SendResult | Error): Promise<void> {
    try {
      const after =
        outcome instanceof Error
          ? await putOff(letter, outcome, this.#office)
          : await record(letter, outcome.recipients, this.#office);
      this.#say(letter, after);
    } finally {
      await this.#office.letters.release(letter.id);
    }
  }

  #connect(endpoint: Endpoint, mails: number): Promise<SmtpClient> {
    const { clock, signal } = this.#request;
    signal.throwIfAborted();
    const memory = this.#outbox.servers(addressOf(endpoint));
    return connectSmtp(endpoint, { dial, clock, signal, memory, batch: mails >= BATCH_MAILS_MIN });
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
