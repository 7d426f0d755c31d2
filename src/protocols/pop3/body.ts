// The octets of one message on their way in; what nobody wants is read and thrown away, within a limit.
import { BrokenSessionError } from '../../core/errors.ts';
import type { Conversation } from './conversation.ts';
import { DISCARD_BYTES_MAX } from './limits.ts';

const HEAD_BYTES = 4;

export interface BodyOptions {
  /** Each chunk is valid until the next is asked for; its memory is used again at once. Default: it may be kept. */
  readonly lent?: boolean;
}

export class MessageBody implements AsyncIterable<Buffer> {
  readonly #talk: Conversation;
  readonly #verb: 'RETR' | 'TOP';
  readonly #lent: boolean;
  #complete = false;
  #bytes = 0;
  #head = '';
  #firstLineBytes = 0;
  #firstLineEnded = false;

  constructor(talk: Conversation, verb: 'RETR' | 'TOP', options: BodyOptions = {}) {
    this.#lent = options.lent ?? false;
    this.#talk = talk;
    this.#verb = verb;
  }

  /** Goes on where an earlier iteration stopped. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Buffer> {
    while (!this.#complete) {
      const chunk = await this.#talk.chunk(this.#verb, this.#lent);
      if (chunk === undefined) this.#complete = true;
      else {
        this.#bytes += chunk.length;
        if (this.#head.length < HEAD_BYTES) this.#head += chunk.toString('latin1', 0, HEAD_BYTES - this.#head.length);
        if (!this.#firstLineEnded) this.#countFirstLine(chunk);
        yield chunk;
      }
    }
  }

  /** Octets so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** It begins as the status line of a reply does, and as no header. */
  get beginsLikeReply(): boolean {
    return /^(?:\+OK|-ERR)/i.test(this.#head);
  }

  /** With its line end. */
  get firstLineBytes(): number {
    return this.#firstLineBytes;
  }

  /** Reads to the end of the message; closes the connection when that is too far away. */
  async discard(): Promise<void> {
    let bytes = 0;
    for await (const chunk of this) {
      bytes += chunk.length;
      if (bytes > DISCARD_BYTES_MAX) throw this.#talk.fail(tooMuch());
    }
  }

  #countFirstLine(chunk: Buffer): void {
    const end = chunk.indexOf('\n');
    this.#firstLineEnded = end !== -1;
    this.#firstLineBytes += end === -1 ? chunk.length : end + 1;
  }
}

function tooMuch(): BrokenSessionError {
  return new BrokenSessionError(
    'message-abandoned',
    `more than ${DISCARD_BYTES_MAX} bytes of an unwanted message were still to come`,
  );
}
