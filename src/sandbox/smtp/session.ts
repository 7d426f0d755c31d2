// What one SMTP connection remembers: the client's name, its sign-in, and the mail transaction under way.
import type { Connection } from '../connection.ts';
import type { MailboxStore } from '../mailbox.ts';
import type { ServiceOptions } from '../service-options.ts';
import type { Sender } from './envelope.ts';

export class SmtpSession {
  readonly connection: Connection;
  readonly options: ServiceOptions;
  readonly mailbox: MailboxStore;
  /** Said in EHLO or HELO. */
  clientName: string | undefined;
  extended = false;
  signedIn = false;
  failedSignIns = 0;
  sender: Sender | undefined;
  recipients: string[] = [];
  closing = false;

  constructor(connection: Connection, options: ServiceOptions, mailbox: MailboxStore) {
    this.connection = connection;
    this.options = options;
    this.mailbox = mailbox;
  }

  get mayTakePasswords(): boolean {
    return this.connection.secure || this.options.allowClear === true;
  }

  /** Ends the mail transaction, as RSET, EHLO and a finished DATA do (RFC 5321 section 4.1.4). */
  reset(): void {
    this.sender = undefined;
    this.recipients = [];
  }
}

/** One row of the command table; the reply is '' when it was sent already. */
export interface SmtpCommand {
  /** Refused with 503 before EHLO or HELO. */
  readonly greeted: boolean;
  readonly argument: 'none' | 'optional' | 'required';
  readonly run: (session: SmtpSession, argument: string) => Promise<string> | string;
}

export type SmtpCommands = Readonly<Record<string, SmtpCommand>>;
