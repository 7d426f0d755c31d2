// A server that takes sign-ins under TLS only, asked in clear text: its words alone tell it from a wrong password.
import { AppError, RefusedError } from '../../core/errors.ts';

/** vsftpd 530, ProFTPD 550, Pure-FTPd 421 (also full), FileZilla 503; Postfix 530, any SMTP server 538 (RFC 4954); Dovecot [AUTH]. */
const TLS_WANTED = /^538|\b((start)?tls|ssl|use auth)\b|encrypt|clear ?text/i;

const HINT = 'The server takes sign-ins under TLS only: leave `tls: none` out (in a URL ?tls=none).';

/** Why a sign-in in clear text has failed, or that the server wants TLS when it says so. */
export function orTlsWanted(error: unknown): unknown {
  if (!(error instanceof RefusedError)) return error;
  const { replyCode, replyText } = error.refusal;
  return TLS_WANTED.test(`${replyCode} ${replyText}`)
    ? new RefusedError('tls-required', error.message, error.refusal, { hint: HINT })
    : error;
}

/** The server offers no sign-in as long as the connection is in clear. */
export function tlsRequired(where: string): AppError {
  return new AppError('tls-required', `${where} offers sign-in under TLS only`, { hint: HINT });
}
