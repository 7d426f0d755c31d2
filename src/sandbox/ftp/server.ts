// The sandbox's FTP server: reads commands strictly one after the other and answers each with what its table row says.
//
//   greeting ─► clear ──AUTH TLS──► secure           (RFC 4217 section 4; on the implicit port secure from the start)
//   clear or secure ──USER──► named ──PASS──► signed in      (RFC 959 section 5.4; a password in clear only with allowClear)
//   signed in ──REST n──► transfer at n   ──RNFR──► RNTO     (each for the next command alone)
//   signed in ──EPSV PASV EPRT PORT──► data prepared ──RETR STOR APPE LIST NLST MLSD──► 150, data, 226
import type { Connection } from '../connection.ts';
import { Refusal } from '../refusal.ts';
import { type Service, startService } from '../service.ts';
import type { ServiceOptions } from '../service-options.ts';
import { fileCommands } from './file-commands.ts';
import { type FtpCommands, FtpSession } from './session.ts';
import { settingCommands } from './setting-commands.ts';
import { signInCommands } from './sign-in-commands.ts';
import { replyTo, Site } from './site.ts';
import { TRANSFERS, transferCommands } from './transfer-commands.ts';

export interface FtpServerOptions extends ServiceOptions {
  /** The folder that clients see as `/`; made when missing. */
  readonly siteDir: string;
}

const LINE_BYTES_MAX = 8_192;

const COMMANDS: FtpCommands = { ...signInCommands, ...settingCommands, ...fileCommands };

/** Commands that leave the restart point of REST alone. */
const KEEPS_RESTART = new Set(['REST', 'EPSV', 'PASV', 'EPRT', 'PORT', 'NOOP']);

export async function startFtpServer(options: FtpServerOptions): Promise<Service> {
  const site = await Site.open(options.siteDir);
  return startService('ftp', options, connection => converse(new FtpSession(connection, options, site)));
}

async function converse(session: FtpSession): Promise<void> {
  const { connection } = session;
  const { instead } = await connection.at('greeting');
  await connection.reply(instead ?? '220 postrider sandbox FTP server ready.');
  if (instead !== undefined && !instead.startsWith('220')) return;
  try {
    while (!session.closing) {
      const line = await nextCommand(connection);
      if (line === undefined) return;
      const reply = line instanceof Refusal ? line.reply : await answer(session, line);
      if (reply !== '') await connection.reply(reply);
      if (reply.startsWith('421')) return;
    }
  } finally {
    session.close();
  }
}

async function nextCommand(connection: Connection): Promise<string | Refusal | undefined> {
  try {
    return await connection.line(LINE_BYTES_MAX, shown, decodeCommand);
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
}

function shown(line: string): string {
  return /^PASS\b/i.test(line) ? 'PASS ****' : line;
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const IAC = 0xff;

/** Telnet commands before ABOR (IP, Synch) are dropped (RFC 959 section 4.1.3); what is left must be UTF-8 (RFC 2640). */
function decodeCommand(line: Buffer): string {
  let start = 0;
  while (line[start] === IAC) start += 2;
  if (line[start] === 0xf2) start += 1;
  try {
    return utf8.decode(line.subarray(start));
  } catch {
    throw new Refusal('501 Names are UTF-8 here.');
  }
}

/** One command from its line to its final reply; '' when the reply was sent already. */
async function answer(session: FtpSession, line: string): Promise<string> {
  const space = line.indexOf(' ');
  const verb = (space === -1 ? line : line.slice(0, space)).toUpperCase();
  const argument = space === -1 ? '' : line.slice(space + 1);
  const { instead, later } = await session.connection.at(verb, TRANSFERS.has(verb));
  try {
    if (instead !== undefined) {
      if (TRANSFERS.has(verb)) session.dropData();
      return instead;
    }
    const command = COMMANDS[verb] ?? transferCommands(later)[verb];
    if (command === undefined) return `500 Unknown command ${verb.slice(0, 20)}.`;
    if (command.signedIn && !session.signedIn) return '530 Sign in first.';
    if (command.argument === 'required' && argument === '') return `501 ${verb} needs an argument.`;
    if (command.argument === 'none' && argument !== '') return `501 ${verb} takes no argument.`;
    return await command.run(session, argument);
  } catch (error) {
    const reply = replyTo(error);
    if (reply === undefined) throw error;
    return reply;
  } finally {
    if (!KEEPS_RESTART.has(verb)) session.restAt = 0;
    if (verb !== 'RNFR') session.renameFrom = undefined;
  }
}
