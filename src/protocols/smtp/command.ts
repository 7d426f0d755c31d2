// Every command that our client knows, made into bytes in one place (RFC 5321 section 4.1.1, RFC 3207, RFC 4954).
import { MisuseError } from '../../core/errors.ts';
import { type Command, encodeCommand } from '../wire/command.ts';
import { formatAddress, type SmtpAddress } from './address.ts';

export type SmtpCommand =
  | { readonly verb: 'EHLO' | 'HELO'; readonly name: string }
  | { readonly verb: 'STARTTLS' | 'DATA' | 'RSET' | 'NOOP' | 'QUIT' }
  /** `initial` is base64 and secret. */
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial?: string }
  /** The answer to a challenge of AUTH, base64 and secret; `*` gives up. */
  | { readonly verb: 'RESPONSE'; readonly text: string }
  /** undefined is the null sender. */
  | { readonly verb: 'MAIL'; readonly from: SmtpAddress | undefined; readonly parameters: readonly string[] }
  /** undefined is a recipient that no server can take: for tests of a server. */
  | { readonly verb: 'RCPT'; readonly to: SmtpAddress | undefined; readonly parameters?: readonly string[] }

  /** The whole message follows in so many octets (RFC 3030 section 2). */
  | { readonly verb: 'BDAT'; readonly bytes: number };

export type Verb = SmtpCommand['verb'];

export const DATA: SmtpCommand = { verb: 'DATA' };

/** Of envelopes, which are looked at more than once: without secrets, and the same whatever the protocol. */
const ENCODED = new WeakMap<SmtpCommand, Command>();

/** Throws MisuseError for any control character, whatever field it came in. */
export function encode(command: SmtpCommand, lmtp = false): Command {
  if (command.verb !== 'MAIL' && command.verb !== 'RCPT' && command !== DATA) return encodeAnew(command, lmtp);
  const known = ENCODED.get(command);
  if (known !== undefined) return known;
  const encoded = encodeAnew(command, lmtp);
  ENCODED.set(command, encoded);
  return encoded;
}

function encodeAnew(command: SmtpCommand, lmtp: boolean): Command {
  const { line, shown } = lmtp && command.verb === 'EHLO' ? plain(`LHLO ${command.name}`) : lineOf(command);
  if (/[\x00-\x1f\x7f]/.test(line)) throw new MisuseError(`a control character in ${JSON.stringify(shown.slice(0, 120))}`);
  return encodeCommand(line, { shown });
}

function lineOf(command: SmtpCommand): { readonly line: string; readonly shown: string } {
  switch (command.verb) {
    case 'EHLO':
    case 'HELO':
      return plain(`${command.verb} ${command.name}`);
    case 'AUTH': {
      const line = `AUTH ${command.mechanism}`;
      return command.initial === undefined ? plain(line) : { line: `${line} ${command.initial}`, shown: `${line} ****` };
    }
    case 'RESPONSE':
      return { line: command.text, shown: '****' };
    case 'MAIL': {
      return plain([`MAIL FROM:${path(command.from)}`, ...command.parameters].join(' '));
    }
    case 'RCPT':
      return plain([`RCPT TO:${path(command.to)}`, ...(command.parameters ?? [])].join(' '));
    case 'BDAT':
      return plain(`BDAT ${command.bytes} LAST`);
    default:
      return plain(command.verb);
  }
}

function path(address: SmtpAddress | undefined): string {
  return address === undefined ? '<>' : `<${formatAddress(address)}>`;
}

function plain(line: string) {
  return { line, shown: line };
}
