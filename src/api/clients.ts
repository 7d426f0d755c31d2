// The three protocol clients for programs: one call from a URL to a signed-in session, with the checks and messages of the commands.
import type { OneOff } from '../app/oneoff/oneoff.ts';
import { resolveTarget } from '../app/oneoff/target.ts';
import { workspace } from '../app/workspace.ts';
import { type Clock, systemClock } from '../core/clock.ts';
import { Redactor, Secret } from '../core/secret.ts';
import { connectFtp, type FtpClient as FtpSession } from '../protocols/ftp/index.ts';
import { dial } from '../protocols/net/dial.ts';
import type { Endpoint, Protocol } from '../protocols/net/endpoint.ts';
import { connectPop3, type Pop3Client as Pop3Session } from '../protocols/pop3/index.ts';
import { connectSmtp, type SmtpClient as SmtpSession } from '../protocols/smtp/index.ts';
import type { Transcript } from '../protocols/wire/command.ts';

export interface ConnectOptions {
  /** Else POSTRIDER_PASSWORD, or the secret that connections.yaml names; nobody is asked. */
  readonly password?: string;
  /** The folder of the connections.yaml that knows `@name`; default POSTRIDER_JOBS, then `./jobs`. */
  readonly jobs?: string;
  /** Aborting closes the connection at once, now and later. */
  readonly signal?: AbortSignal;
  /** Sees every line of the dialogue, secrets masked: `>` what we said, `<` what the server said. */
  readonly transcript?: Transcript;
  /** Hears what a person should know, such as a password that goes out in clear text (`?tls=none`). */
  readonly warn?: (message: string) => void;
  readonly clock?: Clock;
}

/** A session of FTP (RFC 959, 2228, 2389, 2428, 3659, 4217). One operation at a time; a broken session is done for. */
export type FtpClient = FtpSession;
/** A session of POP3 (RFC 1939, 2449, 2595). What delete() marks is gone only when quit() has resolved. */
export type Pop3Client = Pop3Session;
/** A session of SMTP submission (RFC 5321, 3207, 4954). send() tells what became of each recipient. */
export type SmtpClient = SmtpSession;

/**
 * `connect(server)` takes `ftp://user@host` (TLS demanded), `ftps://` (TLS from the first byte) or `@name` of connections.yaml; `?tls=none`,
 * `?ca=FILE` and the other settings of a connection as in commands. Throws AppError with a `code` for each thing that can go wrong.
 */
export const FtpClient = {
  connect(server: string, options: ConnectOptions = {}): Promise<FtpClient> {
    return open(server, 'ftp', options, connectFtp);
  },
};

/** As FtpClient, with `pop3s://user@host` or `pop3://`. */
export const Pop3Client = {
  connect(server: string, options: ConnectOptions = {}): Promise<Pop3Client> {
    return open(server, 'pop3', options, connectPop3);
  },
};

/** As FtpClient, with `smtp://user@host` or `smtps://`. */
export const SmtpClient = {
  connect(server: string, options: ConnectOptions = {}): Promise<SmtpClient> {
    return open(server, 'smtp', options, connectSmtp);
  },
};

interface Shared {
  readonly dial: typeof dial;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly transcript: Transcript | undefined;
}

async function open<T>(
  server: string,
  type: Protocol,
  options: ConnectOptions,
  connect: (endpoint: Endpoint, shared: Shared) => Promise<T>,
): Promise<T> {
  const {
    password,
    jobs,
    signal = new AbortController().signal,
    warn = () => undefined,
    clock = systemClock,
    transcript,
  } = options;
  const one: OneOff = {
    ...{ workspace: workspace({ jobs }), clock, signal, redactor: new Redactor(), say: warn, transcript, interactive: false },
    passwordGiven: password === undefined ? undefined : async () => new Secret(password),
  };
  const { endpoint } = await resolveTarget(server, type, one);
  return connect(endpoint, { dial, clock, signal, transcript });
}
