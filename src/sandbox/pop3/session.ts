// What one POP3 connection remembers: who is asking, the maildrop as it was at sign-in, and what is marked as deleted.
import type { Connection } from '../connection.ts';
import type { MailboxStore, StoredMessage } from '../mailbox.ts';
import { Refusal } from '../refusal.ts';
import type { ServiceOptions } from '../service-options.ts';

export class Pop3Session {
  readonly connection: Connection;
  readonly options: ServiceOptions;
  readonly mailbox: MailboxStore;
  /** Shown in the greeting, for APOP. */
  readonly timestamp: string;
  user: string | undefined;
  failedSignIns = 0;
  closing = false;
  #messages: readonly StoredMessage[] = [];
  readonly #deleted = new Set<number>();
  #unlock: (() => void) | undefined;

  constructor(connection: Connection, options: ServiceOptions, mailbox: MailboxStore, timestamp: string) {
    this.connection = connection;
    this.options = options;
    this.mailbox = mailbox;
    this.timestamp = timestamp;
  }

  /** TRANSACTION state: the maildrop is locked and numbered. */
  get signedIn(): boolean {
    return this.#unlock !== undefined;
  }

  /** Passwords may be said here. */
  get mayTakePasswords(): boolean {
    return this.connection.secure || this.options.allowClear === true;
  }

  async openMaildrop(): Promise<void> {
    const unlock = this.mailbox.lock();
    if (unlock === undefined) throw new Refusal('-ERR [IN-USE] another session has this mailbox');
    this.#unlock = unlock;
    this.#messages = await this.mailbox.list();
  }

  /** Messages that are not marked, with their numbers. */
  present(): readonly { readonly number: number; readonly message: StoredMessage }[] {
    return this.#messages
      .map((message, index) => ({ number: index + 1, message }))
      .filter(({ number }) => !this.#deleted.has(number));
  }

  message(word: string): { readonly number: number; readonly message: StoredMessage } {
    const number = /^\d{1,9}$/.test(word) ? Number(word) : 0;
    const message = this.#messages[number - 1];
    if (message === undefined || this.#deleted.has(number)) throw new Refusal('-ERR no such message');
    return { number, message };
  }

  mark(number: number): void {
    this.#deleted.add(number);
  }

  unmarkAll(): void {
    this.#deleted.clear();
  }

  /** UPDATE state (RFC 1939 section 6): only here does anything go away. */
  async update(): Promise<void> {
    for (const number of this.#deleted) {
      const message = this.#messages[number - 1];
      if (message !== undefined) await this.mailbox.remove(message.uid);
    }
  }

  /** Ends the session, with or without an UPDATE before. */
  release(): void {
    this.#unlock?.();
    this.#unlock = undefined;
  }
}

/** One row of the command table. */
export interface Pop3Command {
  /** When the command may be said. */
  readonly state: 'authorization' | 'transaction' | 'any';
  /** How many arguments it takes. */
  readonly words: readonly [min: number, max: number];
  /** Returns the reply; '' when it was sent already. */
  readonly run: (session: Pop3Session, words: readonly string[]) => Promise<string> | string;
}

export type Pop3Commands = Readonly<Record<string, Pop3Command>>;
