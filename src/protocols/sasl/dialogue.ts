// Drives an exchange over the AUTH command of POP3 (RFC 5034) or SMTP (RFC 4954): base64, the initial response or its late form, cancelling.
import { BrokenSessionError } from '../../core/errors.ts';
import { Secret } from '../../core/secret.ts';
import type { Exchange } from './exchange.ts';

/** No mechanism of ours takes more. */
const CHALLENGES_MAX = 4;

/** RFC 5034 section 4: what a mechanism may need. */
export const CHALLENGE_CHARS_MAX = 12_288;

/** What the server made of a line: it asks for more (base64), or it has decided. */
export type Turn<Verdict> = { readonly challenge: string } | { readonly accepted: boolean; readonly verdict: Verdict };

/** How the protocol carries the lines. */
export interface AuthLines<Verdict> {
  /** `initial` is base64, `=` when it is empty. */
  auth(initial: Secret | undefined): Promise<Turn<Verdict>>;
  /** Base64; undefined is `*`, which cancels. */
  respond(answer: Secret | undefined): Promise<Turn<Verdict>>;
}

export interface Outcome<Verdict> {
  readonly accepted: boolean;
  readonly verdict: Verdict;
  /** What the server said about its refusal inside the exchange. */
  readonly reason: string | undefined;
}

/**
 * An initial response of more than `initialCharsMax` waits for the server’s empty challenge: the two-step form, which Microsoft’s
 * servers ask for. Throws what the exchange throws about a server that is not to be trusted; the connection is to be closed then.
 */
export async function authenticate<Verdict>(
  exchange: Exchange,
  lines: AuthLines<Verdict>,
  initialCharsMax: number,
): Promise<Outcome<Verdict>> {
  const { initial } = exchange;
  const encoded = initial === undefined ? undefined : encode(initial);
  let late = encoded !== undefined && encoded.reveal().length > initialCharsMax ? encoded : undefined;
  let turn = await lines.auth(late === undefined ? emptyAsEquals(encoded) : undefined);
  let cancelled = false;
  for (let count = 1; 'challenge' in turn; count++) {
    if (cancelled) throw new BrokenSessionError('protocol-broken', 'the server goes on asking after the sign-in was cancelled');
    const answer = late ?? answerTo(turn.challenge, exchange, count);
    late = undefined;
    cancelled = answer === undefined;
    turn = await lines.respond(answer);
  }
  const accepted = turn.accepted && !cancelled;
  if (accepted) exchange.accepted();
  return { accepted, verdict: turn.verdict, reason: exchange.reason };
}

function answerTo(challenge: string, exchange: Exchange, count: number): Secret | undefined {
  if (count > CHALLENGES_MAX || challenge.length > CHALLENGE_CHARS_MAX) return undefined;
  const answer = exchange.answer(Buffer.from(challenge, 'base64'));
  return answer === undefined ? undefined : encode(answer);
}

function encode(octets: Buffer): Secret {
  return new Secret(octets.toString('base64'));
}

function emptyAsEquals(encoded: Secret | undefined): Secret | undefined {
  return encoded?.reveal() === '' ? new Secret('=') : encoded;
}
