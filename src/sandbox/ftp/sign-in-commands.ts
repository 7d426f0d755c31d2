// Who is there and how the connection is protected: USER, PASS, AUTH, PBSZ, PROT, CCC, QUIT.
import { FAILED_SIGN_INS_MAX, rightPassword } from '../credentials.ts';
import { Refusal } from '../refusal.ts';
import type { FtpCommands, FtpSession } from './session.ts';

export const signInCommands: FtpCommands = {
  USER: { signedIn: false, argument: 'required', run: giveUser },
  PASS: { signedIn: false, argument: 'optional', run: givePassword },
  AUTH: { signedIn: false, argument: 'required', run: startTls },
  PBSZ: { signedIn: false, argument: 'required', run: setBufferSize },
  PROT: { signedIn: false, argument: 'required', run: setProtection },
  CCC: { signedIn: true, argument: 'none', run: () => '534 The control connection stays protected.' },
  QUIT: { signedIn: false, argument: 'none', run: quit },
};

function giveUser(session: FtpSession, name: string): string {
  demandProtection(session);
  session.signOut();
  session.user = name;
  return '331 Password required.';
}

function givePassword(session: FtpSession, password: string): string {
  demandProtection(session);
  if (session.signedIn) return '503 Already signed in.';
  if (session.user === undefined) return '503 USER first.';
  const { user } = session;
  session.user = undefined;
  if (rightPassword(session.options, user, password)) {
    session.user = user;
    session.signedIn = true;
    return '230 Signed in.';
  }
  session.failedSignIns += 1;
  session.closing = session.failedSignIns >= FAILED_SIGN_INS_MAX;
  return session.closing ? '421 Too many wrong passwords.' : '530 Wrong user or password.';
}

/** A password in clear is refused before it is asked for (RFC 4217 section 12.1 leaves it to the server: 534 or 530). */
function demandProtection(session: FtpSession): void {
  if (session.connection.secure || session.options.allowClear === true) return;
  throw new Refusal('530 TLS is required here; send AUTH TLS first.');
}

/** RFC 4217 section 4: 234, then the handshake; everything said before is forgotten. */
async function startTls(session: FtpSession, mechanism: string): Promise<string> {
  const { connection, options } = session;
  if (!/^(TLS|TLS-C|SSL)$/i.test(mechanism)) return '504 Only AUTH TLS is known here.';
  if (options.tls === undefined) return '502 TLS is not offered here.';
  if (connection.secure) return '503 TLS is already on.';
  session.signOut();
  session.dropData();
  session.bufferSized = false;
  session.privateData = false;
  await connection.reply('234 Start TLS.');
  await connection.startTls(options.tls);
  return '';
}

function setBufferSize(session: FtpSession, size: string): string {
  if (!session.connection.secure) return '503 AUTH TLS first.';
  if (!/^\d{1,10}$/.test(size)) return '501 PBSZ takes a number.';
  session.bufferSized = true;
  return '200 PBSZ=0';
}

function setProtection(session: FtpSession, level: string): string {
  if (!session.bufferSized) return '503 PBSZ first.';
  switch (level.toUpperCase()) {
    case 'C':
      session.privateData = false;
      return '200 Data is sent in clear.';
    case 'P':
      session.privateData = true;
      return '200 Data is protected.';
    case 'S':
    case 'E':
      return '536 TLS knows only C and P.';
    default:
      return '504 Unknown protection level.';
  }
}

function quit(session: FtpSession): string {
  session.closing = true;
  return '221 Goodbye.';
}
