// Which commands a user may send by hand: all but those whose effects the client itself must control.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { sendable } from './paths.ts';

/** Transfers need a data connection; the rest would change what later commands mean. */
const OWNED = new Set(
  'RETR STOR STOU APPE LIST NLST MLSD PASV EPSV PORT EPRT REST ABOR AUTH CCC PBSZ PROT REIN QUIT TYPE MODE STRU USER PASS ACCT CWD XCWD CDUP XCUP RNFR RNTO'.split(
    ' ',
  ),
);

/** The line to send and how it is shown. Throws AppError `quote-refused`. */
export function quotable(line: string): { readonly line: string; readonly shown: string } {
  const verb = /^\S*/.exec(sendable(line))?.[0].toUpperCase() ?? '';
  if (verb === '' || OWNED.has(verb)) {
    throw new AppError('quote-refused', `"${printable(verb)}" cannot be sent by hand`, {
      hint: 'Use the command of postrider that does it; a raw command would confuse the session.',
    });
  }
  return { line, shown: /^SITE\s+PSWD\s/i.test(line) ? 'SITE PSWD ****' : line };
}
