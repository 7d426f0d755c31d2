// A POP3 session without I/O: commands in, bytes out; bytes in, events out. Replies are matched to commands strictly in order.
//
//   state          may be sent                                       left by
//   greeting       nothing                                           +OK → authorization, -ERR → closed      RFC 1939 section 3
//   authorization  CAPA STLS UTF8 USER PASS APOP AUTH QUIT           PASS, APOP, AUTH +OK → transaction      RFC 1939 section 4, 2595, 5034, 6856
//   transaction    CAPA STAT LIST UIDL TOP RETR DELE RSET NOOP QUIT  QUIT sent → update                      RFC 1939 section 5
//   update         nothing                                           the reply to QUIT → closed              RFC 1939 section 6
//   closed         nothing                                           -
//   broken         nothing                                           -  (an unexpected byte: nothing that follows has a meaning)
//
//   reading: status line ──+OK of CAPA LIST UIDL──► lines ──CRLF.CRLF──► status line
//            status line ──+OK of RETR TOP──► data ──CRLF.CRLF──► status line
import { BrokenSessionError, MisuseError } from '../../core/errors.ts';
import type { Secret } from '../../core/secret.ts';
import { printable, shorten } from '../../core/text.ts';
import { type Command, encodeCommand } from '../wire/command.ts';
import { DotUnstuffer } from '../wire/dots.ts';
import { REPLY_LINE_BYTES_MAX } from '../wire/limits.ts';
import { type Lines, ReceiveBuffer } from '../wire/receive-buffer.ts';
import { encodePop3, type Pop3Command, type Verb } from './command.ts';
import { CAPABILITY_LINES_MAX, LISTING_BYTES_MAX, LISTING_ENTRIES_MAX, LISTING_LINE_BYTES_MAX } from './limits.ts';
import { parseChallenge, parseResponse, type Response } from './response.ts';

export type Pop3State = 'greeting' | 'authorization' | 'transaction' | 'update' | 'closed' | 'broken';

export type Pop3Event =
  | { readonly type: 'greeting'; readonly response: Response }
  | { readonly type: 'reply'; readonly verb: Verb; readonly response: Response }
  /** AUTH asks for more; answer with respond(). */
  | { readonly type: 'challenge'; readonly text: string }
  /** Lines of CAPA, LIST or UIDL: together, as an object for each would fill the memory. */
  | { readonly type: 'lines'; readonly lines: Lines }
  /** Octets of RETR or TOP, un-stuffed. */
  | { readonly type: 'data'; readonly chunk: Buffer }
  /** CRLF.CRLF has come: the lines or data since the reply are complete. */
  | { readonly type: 'end'; readonly verb: Verb }
  /** Always the last event. */
  | { readonly type: 'broken'; readonly error: BrokenSessionError };

const ALLOWED: Readonly<Record<Pop3State, ReadonlySet<Verb>>> = {
  greeting: new Set(),
  authorization: new Set<Verb>(['CAPA', 'STLS', 'UTF8', 'USER', 'PASS', 'APOP', 'AUTH', 'QUIT']),
  transaction: new Set<Verb>([
    'CAPA',
    'STAT',
    'LIST',
    'UIDL',
    'LIST-ONE',
    'UIDL-ONE',
    'TOP',
    'RETR',
    'DELE',
    'RSET',
    'NOOP',
    'QUIT',
  ]),
  update: new Set(),
  closed: new Set(),
  broken: new Set(),
};

const LINE_COUNT_MAX: Partial<Readonly<Record<Verb, number>>> = {
  CAPA: CAPABILITY_LINES_MAX,
  LIST: LISTING_ENTRIES_MAX,
  UIDL: LISTING_ENTRIES_MAX,
};

/** Of what comes at once, between the dots that go: a mail of nothing but dots would be an event for each. */
const SLICES_MAX = 16;

interface MultiLine {
  readonly verb: Verb;
  readonly unstuffer: DotUnstuffer;
  /** Present when the answer is read by lines. */
  readonly lines: ReceiveBuffer | undefined;
  readonly linesMax: number;
  count: number;
  bytes: number;
}

export class Pop3Session {
  #state: Pop3State = 'greeting';
  readonly #input = new ReceiveBuffer();
  readonly #outstanding: Verb[] = [];
  #multi: MultiLine | undefined;
  #challenged = false;

  get state(): Pop3State {
    return this.#state;
  }

  /** Throws MisuseError when the state does not allow the command. */
  send(command: Pop3Command): Command {
    if (!ALLOWED[this.#state].has(command.verb)) throw new MisuseError(`${command.verb} in state ${this.#state}`);
    const encoded = encodePop3(command);
    this.#outstanding.push(command.verb);
    if (command.verb === 'QUIT') this.#state = 'update';
    return encoded;
  }

  /** The answer to a challenge, base64; undefined cancels the exchange (RFC 5034 section 4). */
  respond(response: Secret | undefined): Command {
    if (!this.#challenged) throw new MisuseError('no challenge waits for an answer');
    this.#challenged = false;
    return response === undefined ? encodeCommand('*') : encodeCommand(response.reveal(), { shown: '****' });
  }

  /** The same events whatever the chunks, except that data may be cut differently. Never throws. */
  receive(bytes: Buffer): Pop3Event[] {
    const events: Pop3Event[] = [];
    if (this.#state === 'broken' || this.#state === 'closed') return events;
    try {
      let rest: Buffer | undefined = bytes;
      while (rest !== undefined && rest.length > 0) {
        rest = this.#multi === undefined ? this.#takeStatus(rest, events) : this.#takeMulti(this.#multi, rest, events);
      }
    } catch (error) {
      this.#state = 'broken';
      events.push({ type: 'broken', error: asBroken(error) });
    }
    return events;
  }

  #takeStatus(bytes: Buffer, events: Pop3Event[]): Buffer | undefined {
    this.#input.push(bytes);
    const line = this.#input.takeLine(REPLY_LINE_BYTES_MAX);
    if (line === undefined) return undefined;
    this.#status(line, events);
    if (this.#state === 'closed') return undefined;
    return this.#input.takeAll();
  }

  #status(line: Buffer, events: Pop3Event[]): void {
    const verb = this.#outstanding[0];
    const response = parseResponse(line);
    if (this.#state === 'greeting') {
      if (response === undefined) throw notPop3(line);
      this.#state = response.ok ? 'authorization' : 'closed';
      events.push({ type: 'greeting', response });
      return;
    }
    if (verb === undefined || this.#challenged) throw unasked(line, response);
    const challenge = verb === 'AUTH' ? parseChallenge(line) : undefined;
    if (challenge !== undefined) {
      this.#challenged = true;
      events.push({ type: 'challenge', text: challenge });
      return;
    }
    if (response === undefined) throw notPop3(line);
    this.#outstanding.shift();
    events.push({ type: 'reply', verb, response });
    this.#answered(verb, response);
  }

  #answered(verb: Verb, response: Response): void {
    if (verb === 'QUIT') this.#state = 'closed';
    if (!response.ok) return;
    switch (verb) {
      case 'PASS':
      case 'APOP':
      case 'AUTH':
        this.#state = this.#state === 'authorization' ? 'transaction' : this.#state;
        return;
      case 'STLS':
        if (this.#input.length > 0) throw injected();
        return;
      case 'CAPA':
      case 'LIST':
      case 'UIDL':
      case 'RETR':
      case 'TOP':
        this.#multi = multiLine(verb);
    }
  }

  #takeMulti(multi: MultiLine, bytes: Buffer, events: Pop3Event[]): Buffer | undefined {
    const { data, rest } = multi.unstuffer.push(bytes);
    for (const chunk of data.length > SLICES_MAX ? [Buffer.concat(data)] : data) {
      if (multi.lines === undefined) events.push({ type: 'data', chunk });
      else this.#takeLines(multi, multi.lines, chunk, events);
    }
    if (rest === undefined) return undefined;
    this.#multi = undefined;
    events.push({ type: 'end', verb: multi.verb });
    return rest;
  }

  #takeLines(multi: MultiLine, lines: ReceiveBuffer, chunk: Buffer, events: Pop3Event[]): void {
    multi.bytes += chunk.length;
    if (multi.bytes > LISTING_BYTES_MAX) throw endless(multi.verb, `${LISTING_BYTES_MAX} bytes`);
    lines.push(chunk);
    for (;;) {
      const left = multi.linesMax - multi.count;
      const some = lines.takeLines(LISTING_LINE_BYTES_MAX, Math.max(1, left));
      if (some === undefined) return;
      if (left === 0) throw endless(multi.verb, `${multi.linesMax} lines`);
      multi.count += some.count;
      events.push({ type: 'lines', lines: some });
    }
  }
}

function multiLine(verb: Verb): MultiLine {
  const linesMax = LINE_COUNT_MAX[verb];
  const lines = linesMax === undefined ? undefined : new ReceiveBuffer();
  return { verb, unstuffer: new DotUnstuffer(), lines, linesMax: linesMax ?? 0, count: 0, bytes: 0 };
}

function asBroken(error: unknown): BrokenSessionError {
  if (error instanceof BrokenSessionError) return error;
  throw error;
}

function notPop3(line: Buffer): BrokenSessionError {
  return new BrokenSessionError('protocol-broken', `the server sent no POP3 reply but “${excerpt(line)}”`, {
    hint: 'Check that host and port belong to a POP3 server.',
  });
}

function unasked(line: Buffer, response: Response | undefined): BrokenSessionError {
  if (response?.ok === false) {
    return new BrokenSessionError('server-closed', `the server ended the session: ${printable(shorten(response.text, 200))}`);
  }
  return new BrokenSessionError('protocol-broken', `the server spoke without being asked: “${excerpt(line)}”`, {
    hint: 'The session is not trusted any more; nothing was deleted in it.',
  });
}

function injected(): BrokenSessionError {
  return new BrokenSessionError(
    'plaintext-injected',
    'bytes arrived before the TLS handshake: somebody may be tampering with the connection',
    { retry: 'never', hint: 'Do not trust this network; use `tls: implicit` where the server offers it.' },
  );
}

function endless(verb: Verb, most: string): BrokenSessionError {
  return new BrokenSessionError('listing-too-long', `the server’s answer to ${verb} has more than ${most}`, { retry: 'never' });
}

function excerpt(line: Buffer): string {
  return printable(shorten(line.toString('latin1', 0, 400), 80));
}
