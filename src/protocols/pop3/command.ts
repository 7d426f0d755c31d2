// POP3 commands as values, and the bytes they become.
import { assert } from '../../core/assert.ts';
import type { Secret } from '../../core/secret.ts';
import { type Command, encodeCommand } from '../wire/command.ts';

export type Pop3Command =
  | { readonly verb: 'CAPA' | 'STLS' | 'UTF8' | 'STAT' | 'LIST' | 'UIDL' | 'RSET' | 'NOOP' | 'QUIT' }
  | { readonly verb: 'USER'; readonly name: string }
  | { readonly verb: 'PASS'; readonly password: Secret }
  | { readonly verb: 'APOP'; readonly name: string; readonly digest: string }
  | { readonly verb: 'AUTH'; readonly mechanism: string; readonly initial?: Secret }
  | { readonly verb: 'RETR' | 'DELE'; readonly number: number }
  /** LIST and UIDL of one message: their answer is one line. */
  | { readonly verb: 'LIST-ONE' | 'UIDL-ONE'; readonly number: number }
  | { readonly verb: 'TOP'; readonly number: number; readonly lines: number };

export type Verb = Pop3Command['verb'];

/** Throws MisuseError for anything that would not be exactly one line, and for numbers that are none. */
export function encodePop3(command: Pop3Command): Command {
  switch (command.verb) {
    case 'USER':
      return encodeCommand(`USER ${command.name}`);
    case 'PASS':
      return encodeCommand(`PASS ${command.password.reveal()}`, { shown: 'PASS ****' });
    case 'APOP':
      return encodeCommand(`APOP ${command.name} ${command.digest}`, { shown: `APOP ${command.name} ****` });
    case 'AUTH':
      return command.initial === undefined
        ? encodeCommand(`AUTH ${command.mechanism}`)
        : encodeCommand(`AUTH ${command.mechanism} ${command.initial.reveal()}`, { shown: `AUTH ${command.mechanism} ****` });
    case 'RETR':
    case 'DELE':
      return encodeCommand(`${command.verb} ${messageNumber(command.number)}`);
    case 'LIST-ONE':
    case 'UIDL-ONE':
      return encodeCommand(`${command.verb.slice(0, 4)} ${messageNumber(command.number)}`);
    case 'TOP':
      assert(Number.isSafeInteger(command.lines) && command.lines >= 0, `TOP with ${command.lines} lines`);
      return encodeCommand(`TOP ${messageNumber(command.number)} ${command.lines}`);
    default:
      return encodeCommand(command.verb);
  }
}

function messageNumber(number: number): number {
  assert(Number.isSafeInteger(number) && number >= 1, `${number} is no message number`);
  return number;
}
