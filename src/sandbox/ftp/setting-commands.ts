// How the session behaves, and where data connections go: FEAT, OPTS, TYPE, MODE, STRU, EPSV, PASV, EPRT, PORT, REST and small talk.
import { Refusal } from '../refusal.ts';
import { FACTS, type Fact } from './listing.ts';
import type { FtpCommands, FtpSession } from './session.ts';

const HELP = `214-Commands here:
 USER PASS AUTH PBSZ PROT QUIT FEAT OPTS SYST PWD CWD CDUP TYPE MODE STRU EPSV PASV EPRT PORT
 MLSD MLST LIST NLST SIZE MDTM MFMT REST RETR STOR APPE DELE MKD RMD RNFR RNTO SITE ABOR NOOP STAT HELP
214 End.`;

/** Ports below are never dialled (RFC 2577 section 3). */
const ACTIVE_PORT_MIN = 1_024;

export const settingCommands: FtpCommands = {
  FEAT: { signedIn: false, argument: 'none', run: features },
  OPTS: { signedIn: false, argument: 'required', run: setOption },
  SYST: { signedIn: false, argument: 'none', run: () => '215 UNIX Type: L8' },
  HELP: { signedIn: false, argument: 'optional', run: () => HELP },
  NOOP: { signedIn: false, argument: 'optional', run: () => '200 OK.' },
  CLNT: { signedIn: false, argument: 'required', run: () => '200 OK.' },
  ALLO: { signedIn: true, argument: 'required', run: () => '202 No need to allocate.' },
  TYPE: { signedIn: true, argument: 'required', run: setType },
  MODE: { signedIn: true, argument: 'required', run: (_, mode) => onlyOne(mode, 'S', '200 Mode is stream.') },
  STRU: { signedIn: true, argument: 'required', run: (_, structure) => onlyOne(structure, 'F', '200 Structure is file.') },
  EPSV: { signedIn: true, argument: 'optional', run: extendedPassive },
  PASV: { signedIn: true, argument: 'none', run: passive },
  EPRT: { signedIn: true, argument: 'required', run: extendedPort },
  PORT: { signedIn: true, argument: 'required', run: port },
  REST: { signedIn: true, argument: 'required', run: restart },
};

function features(session: FtpSession): string {
  const tls = session.options.tls === undefined ? [] : ['AUTH TLS', 'PBSZ', 'PROT'];
  const facts = FACTS.map(fact => `${factName(fact)}${session.facts.has(fact) ? '*' : ''};`).join('');
  const lines = [...tls, 'EPRT', 'EPSV', 'MDTM', 'MFMT', `MLST ${facts}`, 'REST STREAM', 'SIZE', 'TVFS', 'UTF8'];
  return `211-Features:\n${lines.map(line => ` ${line}\n`).join('')}211 End.`;
}

function setOption(session: FtpSession, argument: string): string {
  const [name = '', value = ''] = splitOnce(argument);
  if (/^UTF-?8$/i.test(name)) return /^(ON)?$/i.test(value) ? '200 Names are UTF-8.' : '501 Names are always UTF-8 here.';
  if (!/^MLST$/i.test(name)) return '501 No such option.';
  const wanted = new Set(value.toLowerCase().split(';'));
  session.facts = new Set(FACTS.filter(fact => wanted.has(fact)));
  return `200 MLST OPTS ${[...session.facts].map(fact => `${factName(fact)};`).join('')}`.trimEnd();
}

function factName(fact: Fact): string {
  return fact === 'unix.mode' ? 'UNIX.mode' : fact;
}

function setType(session: FtpSession, argument: string): string {
  const type = argument.toUpperCase();
  if (type === 'I' || type === 'L 8') session.type = 'I';
  else if (type === 'A' || type === 'A N') session.type = 'A';
  else return '504 Types: A, I.';
  return `200 Type is ${session.type}.`;
}

function onlyOne(given: string, known: string, reply: string): string {
  return given.toUpperCase() === known ? reply : `504 Only ${known} is known here.`;
}

async function extendedPassive(session: FtpSession, argument: string): Promise<string> {
  if (/^ALL$/i.test(argument)) {
    session.onlyEpsv = true;
    return '200 From now on only EPSV.';
  }
  const family = session.connection.local.address.includes(':') ? '2' : '1';
  if (argument !== '' && argument !== family) {
    return /^\d+$/.test(argument) ? `522 Network protocol not supported, use (${family})` : '501 EPSV takes 1, 2 or ALL.';
  }
  return `229 Entering Extended Passive Mode (|||${await session.prepareListening()}|)`;
}

async function passive(session: FtpSession): Promise<string> {
  refuseAfterEpsvAll(session);
  const { address } = session.connection.local;
  if (address.includes(':')) return '522 PASV knows only IPv4; use EPSV.';
  const number = await session.prepareListening();
  return `227 Entering Passive Mode (${address.replaceAll('.', ',')},${number >> 8},${number & 0xff}).`;
}

function extendedPort(session: FtpSession, argument: string): string {
  refuseAfterEpsvAll(session);
  const delimiter = argument[0] ?? '';
  const [, family = '', address = '', number = '', last, ...more] = argument.split(delimiter);
  if (last !== '' || more.length > 0 || !/^\d{1,5}$/.test(number)) return '501 EPRT takes |1|address|port|.';
  if (family !== '1' && family !== '2') return '522 Network protocol not supported, use (1,2)';
  return dialBack(session, address, Number(number));
}

function port(session: FtpSession, argument: string): string {
  refuseAfterEpsvAll(session);
  const numbers = argument.split(',').map(part => (/^\d{1,3}$/.test(part) ? Number(part) : 256));
  if (numbers.length !== 6 || numbers.some(number => number > 255)) return '501 PORT takes h1,h2,h3,h4,p1,p2.';
  return dialBack(session, numbers.slice(0, 4).join('.'), (numbers[4] ?? 0) * 256 + (numbers[5] ?? 0));
}

function dialBack(session: FtpSession, address: string, number: number): string {
  if (address !== session.connection.remote.address) return '501 Only your own address is dialled.';
  if (number < ACTIVE_PORT_MIN || number > 65_535) return '501 That port is not dialled.';
  session.prepareDialing(number);
  return '200 OK.';
}

function refuseAfterEpsvAll(session: FtpSession): void {
  if (session.onlyEpsv) throw new Refusal('503 EPSV ALL was said.');
}

/** RFC 3659 section 5: for the very next transfer; counted in bytes, so only for TYPE I. */
function restart(session: FtpSession, argument: string): string {
  if (!/^\d{1,15}$/.test(argument)) return '501 REST takes a number of bytes.';
  if (session.type !== 'I' && Number(argument) > 0) return '504 REST needs TYPE I.';
  session.restAt = Number(argument);
  return `350 Restarting at ${session.restAt}.`;
}

/** `name rest` at the first space. */
function splitOnce(text: string): [string, string] {
  const space = text.indexOf(' ');
  return space === -1 ? [text, ''] : [text.slice(0, space), text.slice(space + 1)];
}
