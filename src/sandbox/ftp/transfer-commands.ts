// Everything that moves over a data connection: RETR, STOR, APPE, LIST, NLST, MLSD; and ABOR.
import { type FileHandle, open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { fromCrlf, toCrlf } from '../../protocols/wire/text-lines.ts';
import type { FaultRule } from '../faults.ts';
import { Refusal } from '../refusal.ts';
import { DataCut, DataStream } from './data-channel.ts';
import { factLine, readEntries, unixLine } from './listing.ts';
import type { FtpCommands, FtpSession } from './session.ts';
import { replyTo } from './site.ts';

const READ_BYTES = 64 * 1024;
/** As long as a command line may be; see server.ts. */
const INTERRUPT_BYTES_MAX = 8_192;

/** Verbs whose faults count bytes of the data connection. */
export const TRANSFERS: ReadonlySet<string> = new Set(['RETR', 'STOR', 'APPE', 'LIST', 'NLST', 'MLSD']);

/** The table needs the byte-counting rules that struck at the verb: they go on to the data. */
export function transferCommands(rules: readonly FaultRule[]): FtpCommands {
  const row = (argument: 'optional' | 'required', run: (session: FtpSession, argument: string) => Promise<Payload>) => ({
    signedIn: true,
    argument,
    run: async (session: FtpSession, text: string) => transfer(session, rules, () => run(session, text)),
  });
  return {
    RETR: row('required', retrieve),
    STOR: row('required', (session, path) => store(session, path, 'STOR')),
    APPE: row('required', (session, path) => store(session, path, 'APPE')),
    LIST: row('optional', list),
    NLST: row('optional', listNames),
    MLSD: row('optional', listFacts),
    ABOR: { signedIn: true, argument: 'none', run: abort },
  };
}

/** What goes over the data connection, prepared before 150 is said: whatever can be refused is refused earlier. */
interface Payload {
  readonly what: string;
  run(data: DataStream): Promise<void>;
  /** Called in any case, after run() or instead of it. */
  release(): Promise<void>;
}

async function transfer(session: FtpSession, verbRules: readonly FaultRule[], prepare: () => Promise<Payload>): Promise<string> {
  const { connection } = session;
  session.demandData();
  const dataRules = connection.strike('data');
  const instead = insteadOfOpening(dataRules);
  if (instead !== undefined) {
    session.dropData();
    return instead;
  }
  const payload = await prepare();
  try {
    const prepared = session.takeData();
    const beginning = await connection.saying('150', `150 ${payload.what}`);
    if (beginning !== undefined) await connection.reply(beginning);
    const work = async () => {
      const transport = await prepared.open();
      try {
        const stream = new DataStream(transport, [...verbRules, ...dataRules], ms => connection.pause(ms));
        await payload.run(stream);
        await stream.end();
        return (await connection.saying('226', '226 Transfer complete.')) ?? '';
      } catch (error) {
        transport.close();
        throw error;
      } finally {
        session.letGo(transport);
      }
    };
    return await interruptible(session, work, () => prepared.close()).catch((error: unknown) => {
      prepared.close();
      throw error;
    });
  } catch (error) {
    if (error instanceof DataCut && error.withControl) connection.close();
    return replyTo(error) ?? '426 Connection closed; transfer aborted.';
  } finally {
    session.dropData();
    await payload.release();
  }
}

/** Commands queue while the transfer runs; ABOR alone, next in line, ends it (RFC 959 section 4.1.3). So does a cut. */
async function interruptible(session: FtpSession, work: () => Promise<string>, stop: () => void): Promise<string> {
  let over = false;
  const stopEarly = (wanted: boolean) => {
    if (wanted && !over) stop();
  };
  session.connection.interruption(INTERRUPT_BYTES_MAX, line => /ABOR$/i.test(line)).then(stopEarly, () => stopEarly(true));
  try {
    return await work();
  } finally {
    over = true;
  }
}

function insteadOfOpening(rules: readonly FaultRule[]): string | undefined {
  for (const { action, afterBytes } of rules) {
    if (afterBytes !== undefined) continue;
    if (action.kind === 'reply') return action.text;
    if (action.kind === 'refuse') return '425 Refused by a fault rule.';
    if (action.kind === 'full') return '452 No space left on device.';
  }
  return undefined;
}

async function retrieve(session: FtpSession, path: string): Promise<Payload> {
  const file = await open(await session.site.content(session.site.virtual(session.cwd, path)), 'r');
  try {
    const stats = await file.stat();
    if (!stats.isFile()) throw new Refusal('550 Not a plain file.');
    if (session.restAt > stats.size) throw new Refusal('554 REST lies beyond the end of the file.');
  } catch (error) {
    await file.close();
    throw error;
  }
  const from = session.restAt;
  const convert = session.type === 'A' ? toCrlf() : undefined;
  return {
    what: `Sending ${basename(path)}.`,
    run: async data => {
      for await (const chunk of readFrom(file, from)) await data.write(convert?.(chunk) ?? chunk);
    },
    release: () => file.close(),
  };
}

async function* readFrom(file: FileHandle, from: number): AsyncGenerator<Buffer> {
  for (let position = from; ; ) {
    const { bytesRead, buffer } = await file.read(Buffer.allocUnsafe(READ_BYTES), 0, READ_BYTES, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    yield buffer.subarray(0, bytesRead);
  }
}

/** STOR after REST n writes from there on and keeps what lies behind, as vsftpd does; n beyond the end is refused. */
async function store(session: FtpSession, path: string, verb: 'STOR' | 'APPE'): Promise<Payload> {
  const virtual = session.site.virtual(session.cwd, path);
  const target = await session.site.content(virtual);
  const exists = await stat(target).catch(() => undefined);
  if (virtual === '/' || (exists !== undefined && !exists.isFile())) throw new Refusal('550 Not a plain file.');
  const length = exists?.size ?? 0;
  if (verb === 'STOR' && session.restAt > length) throw new Refusal('554 REST lies beyond the end of the file.');
  const from = verb === 'APPE' ? length : session.restAt;
  const file = await open(target, from === 0 && verb === 'STOR' ? 'w' : exists === undefined ? 'w' : 'r+');
  const convert = session.type === 'A' ? fromCrlf() : undefined;
  return {
    what: `Ready for ${basename(path)}.`,
    run: async data => {
      let position = from;
      for await (const chunk of data.chunks()) position += await writeAll(file, convert?.push(chunk) ?? chunk, position);
      if (convert !== undefined) await writeAll(file, convert.finish(), position);
    },
    release: () => file.close(),
  };
}

async function writeAll(file: FileHandle, bytes: Buffer, position: number): Promise<number> {
  for (let done = 0; done < bytes.length; ) {
    done += (await file.write(bytes, done, bytes.length - done, position + done)).bytesWritten;
  }
  return bytes.length;
}

async function list(session: FtpSession, argument: string): Promise<Payload> {
  const path = argument.replace(/^(-\S*\s*)+/, '');
  const real = await session.site.content(session.site.virtual(session.cwd, path));
  const stats = await stat(real);
  const entries = stats.isDirectory() ? await readEntries(session.site, real) : [{ name: path, stats }];
  return linesPayload(entries.map(entry => unixLine(entry, session.options.clock.now())));
}

async function listNames(session: FtpSession, argument: string): Promise<Payload> {
  const path = argument.replace(/^(-\S*\s*)+/, '');
  const real = await session.site.content(session.site.virtual(session.cwd, path));
  if (!(await stat(real)).isDirectory()) return linesPayload([path]);
  const prefix = path === '' || path.endsWith('/') ? path : `${path}/`;
  return linesPayload((await readEntries(session.site, real)).map(({ name }) => `${prefix}${name}`));
}

/** RFC 3659 section 7.2: a folder only (501 for anything else), itself and its parent included. */
async function listFacts(session: FtpSession, path: string): Promise<Payload> {
  const virtual = session.site.virtual(session.cwd, path);
  const real = await session.site.content(virtual);
  const stats = await stat(real);
  if (!stats.isDirectory()) throw new Refusal('501 MLSD is for folders.');
  const entries = await readEntries(session.site, real);
  const own = factLine({ name: '.', stats }, session.facts, 'cdir');
  return linesPayload([own, ...entries.map(entry => factLine(entry, session.facts))]);
}

function linesPayload(lines: readonly string[]): Payload {
  return {
    what: 'Here comes the listing.',
    run: async data => {
      if (lines.length > 0) await data.write(Buffer.from(`${lines.join('\r\n')}\r\n`, 'utf8'));
    },
    release: () => Promise.resolve(),
  };
}

function abort(session: FtpSession): string {
  session.dropData();
  return '226 No transfer is running.';
}
