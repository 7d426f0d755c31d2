// What a sandbox server says instead of doing what was asked; thrown anywhere in a command, sent by the command loop.
import { AppError } from '../core/errors.ts';

export class Refusal extends AppError {
  /** The whole reply line, without CRLF. */
  readonly reply: string;

  constructor(reply: string) {
    super('sandbox-refusal', reply);
    this.reply = reply;
  }
}
