// What every SASL mechanism is to its driver (RFC 4422): octets to say first, an answer to each challenge, and a last word on the outcome.

/** One try at signing in. Without I/O; used once. */
export interface Exchange {
  /** What may go with the AUTH command itself; undefined where the server speaks first. */
  readonly initial: Buffer | undefined;
  /**
   * The answer to a challenge; undefined when the mechanism has no more to say, and the exchange is cancelled.
   * Throws AppError when the server cannot be trusted with an answer.
   */
  answer(challenge: Buffer): Buffer | undefined;
  /** The server says yes. Throws AppError `server-unproven` when it owes a proof. */
  accepted(): void;
  /** Why the server will refuse, where a mechanism has a place for it (RFC 7628 section 3.2.2). */
  readonly reason: string | undefined;
}

export type PasswordMechanism = 'SCRAM-SHA-256' | 'PLAIN' | 'LOGIN' | 'CRAM-MD5';
export type TokenMechanism = 'OAUTHBEARER' | 'XOAUTH2';
export type Mechanism = PasswordMechanism | TokenMechanism;
