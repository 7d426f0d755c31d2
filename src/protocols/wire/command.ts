// The one place where a line becomes a command: nothing that could end it or start another gets through.
import { MisuseError } from '../../core/errors.ts';
import { COMMAND_BYTES_MAX } from './limits.ts';

export interface Command {
  /** What goes to the server, CRLF included: one character for each octet (Latin-1). */
  readonly octets: string;
  /** What logs, transcripts and errors show: secrets masked. */
  readonly shown: string;
}

/** Told every line of a dialogue in its safe form: `>` what we said, `<` what the server said; never the octets of files and mails. */
export type Transcript = (direction: '>' | '<', shown: string) => void;

/** Above Latin-1 there are characters whose lower octet is one of the others. */
const UNSENDABLE = /[\0\r\n\u0100-\uffff]/;

/** Throws MisuseError when a line of octets holds CR, LF or NUL or is longer than COMMAND_BYTES_MAX. */
export function commandOf(octets: string, shown: string): Command {
  if (UNSENDABLE.test(octets)) {
    throw new MisuseError(`a command must not contain a line end or NUL: ${JSON.stringify(shown.slice(0, 120))}`);
  }
  if (octets.length > COMMAND_BYTES_MAX)
    throw new MisuseError(`the command is longer than ${COMMAND_BYTES_MAX} bytes: ${shown.slice(0, 80)}…`);
  return { octets: `${octets}\r\n`, shown };
}

/** The same for a line of text, in UTF-8. `shown`: the safe text when it holds a secret, `PASS ****`. */
export function encodeCommand(line: string, { shown = line }: { readonly shown?: string | undefined } = {}): Command {
  return commandOf(Buffer.from(line).toString('latin1'), shown);
}

/** For those that write bytes. */
export function bytesOf({ octets }: Command): Buffer {
  return Buffer.from(octets, 'latin1');
}
