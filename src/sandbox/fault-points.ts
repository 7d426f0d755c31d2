// The named points at which a fault rule can strike: the commands of each server, and the moments between them.

export type ServerName = 'ftp' | 'pop3' | 'smtp';

export const SERVER_NAMES: readonly ServerName[] = ['ftp', 'pop3', 'smtp'];

/** Points that every server has: the TCP connection, the TLS handshake, the greeting. */
const COMMON = ['connect', 'tls', 'greeting'] as const;

/** `150` and `226`: before a transfer's first and last reply. */
const FTP = `data 150 226 USER PASS AUTH PBSZ PROT CCC FEAT OPTS SYST PWD XPWD CWD XCWD CDUP XCUP TYPE MODE STRU EPSV PASV EPRT PORT MLSD MLST
  LIST NLST SIZE MDTM MFMT REST RETR STOR APPE ALLO DELE MKD XMKD RMD XRMD RNFR RNTO SITE ABOR NOOP STAT HELP CLNT QUIT`;
const POP3 = 'CAPA STLS USER PASS APOP AUTH STAT LIST UIDL TOP RETR DELE RSET NOOP QUIT';
/** `dot`: after the final dot, before the reply. */
const SMTP = 'dot EHLO HELO STARTTLS AUTH MAIL RCPT DATA RSET NOOP VRFY HELP QUIT';

const POINTS: Readonly<Record<ServerName, readonly string[]>> = {
  ftp: [...COMMON, ...FTP.split(/\s+/)],
  pop3: [...COMMON, ...POP3.split(' ')],
  smtp: [...COMMON, ...SMTP.split(' ')],
};

/** Every point of a server; of all of them for `*`. */
export function pointsOf(server: ServerName | '*'): readonly string[] {
  return server === '*' ? [...new Set(SERVER_NAMES.flatMap(name => POINTS[name]))] : POINTS[server];
}

/** The point as the table spells it, whatever its case; undefined when the server has none of that name. */
export function knownPoint(server: ServerName | '*', word: string): string | undefined {
  if (word === '*') return word;
  return pointsOf(server).find(point => point.toLowerCase() === word.toLowerCase());
}
