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
  readonly shown?: string;
  /** Turns the text into bytes; default UTF-8. */
  readonly encode?: (text: string) => Buffer;
}

const LF = 0x0a;
const CR = 0x0d;
const NUL = 0x00;

/** Throws MisuseError when the encoded line holds CR, LF or NUL or is longer than COMMAND_BYTES_MAX. */
export function encodeCommand(line: string, options: CommandOptions = {}): Command {
  const body = options.encode?.(line) ?? Buffer.from(line, 'utf8');
  const shown = options.shown ?? line;
  if (body.includes(CR) || body.includes(LF) || body.includes(NUL)) {
    throw new MisuseError(`a command must not contain a line end or NUL: ${JSON.stringify(shown.slice(0, 120))}`);
  }
  if (body.length > COMMAND_BYTES_MAX)
    throw new MisuseError(`the command is longer than ${COMMAND_BYTES_MAX} bytes: ${shown.slice(0, 80)}…`);
  return { bytes: Buffer.concat([body, Buffer.from('\r\n')]), shown };
}
