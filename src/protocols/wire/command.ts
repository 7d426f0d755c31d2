// The one place where a command becomes bytes: nothing that could end a line or start another command gets through.
import { MisuseError } from '../../core/errors.ts';
import { COMMAND_BYTES_MAX } from './limits.ts';

export interface Command {
  /** What goes to the server, CRLF included. */
  readonly bytes: Buffer;
  /** What logs, transcripts and errors show: secrets masked. */
  readonly shown: string;
}

export interface CommandOptions {
  /** The safe text when the line holds a secret: `PASS ****`. Default: the line itself. */
  readonly shown?: string | undefined;
  /** Turns the text into bytes; default UTF-8. */
  readonly encode?: ((text: string) => Buffer) | undefined;
}

const LINE_END_OR_NUL = /[\r\n\0]/;
const CRLF = Buffer.from('\r\n');

/** Throws MisuseError when the encoded line holds CR, LF or NUL or is longer than COMMAND_BYTES_MAX. */
export function encodeCommand(line: string, { encode, shown = line }: CommandOptions = {}): Command {
  // In UTF-8 these octets are these characters and nothing else; an encoding of the caller may make them out of others.
  const bytes = encode === undefined ? Buffer.from(`${line}\r\n`) : Buffer.concat([encode(line), CRLF]);
  if (LINE_END_OR_NUL.test(encode === undefined ? line : bytes.toString('latin1', 0, bytes.length - CRLF.length))) {
    throw new MisuseError(`a command must not contain a line end or NUL: ${JSON.stringify(shown.slice(0, 120))}`);
  }
  if (bytes.length - CRLF.length > COMMAND_BYTES_MAX)
    throw new MisuseError(`the command is longer than ${COMMAND_BYTES_MAX} bytes: ${shown.slice(0, 80)}…`);
  return { bytes, shown };
}
