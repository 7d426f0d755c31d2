// Size, time and mode of one path: SIZE and MDTM (RFC 3659), MFMT and MFF (draft-somers-ftp-mfxx), and the older ways to set a time.
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import { isPositive, isUnsupported, refused } from './errors.ts';
import type { FtpFeatures } from './features.ts';
import { sendable } from './paths.ts';
import type { Ride } from './running.ts';
import { formatTime, parseTime } from './time.ts';

/** `SITE UTIME` with the time first (Pure-FTPd), and with three times and UTC behind the name (Serv-U and others). */
type TimeSetter = 'MFMT' | 'MFF' | 'MDTM' | 'SITE UTIME' | 'SITE UTIME UTC';

export class Attributes {
  readonly #control: FtpControl;
  /** Ways to set a time that may still work, best first. */
  #setters: readonly TimeSetter[];
  /** What the server says when it keeps a time that was set, and how often it was seen to: then its word is enough. */
  #proof: { readonly setter?: TimeSetter; readonly words?: string; readonly times: number } = { times: 0 };

  constructor(control: FtpControl, features: FtpFeatures) {
    this.#control = control;
    const mff = /\bmodify\b/i.test(features.all.get('MFF') ?? '');
    this.#setters = [
      ...(features.mfmt ? (['MFMT'] as const) : []),
      ...(mff ? (['MFF'] as const) : []),
      ...(features.mdtm && !features.mfmt ? (['MDTM'] as const) : []),
      'SITE UTIME',
      'SITE UTIME UTC',
    ];
  }

  /** Undefined when the server does not offer SIZE. Throws RefusedError `path-refused` when there is no such file. */
  async size(path: string): Promise<number | undefined> {
    return sizeIn(await this.#ask(`SIZE ${sendable(path)}`));
  }

  /** Milliseconds since the epoch; undefined when the server does not offer MDTM. Throws RefusedError `path-refused` as size() does. */
  async modified(path: string): Promise<number | undefined> {
    return parseTime((await this.#ask(`MDTM ${sendable(path)}`)) ?? '')?.at;
  }

  /** False when the server has no way that works, or keeps another time. Old ways are believed only after MDTM shows the new time. */
  async setModified(path: string, at: number): Promise<boolean> {
    sendable(path);
    for (const setter of this.#setters) {
      const reply = await this.#control.exchange(setTimeLine(setter, path, at));
      if (isPositive(reply) && SURE.has(setter)) return keeps(reply, at);
      if (isPositive(reply) && (await this.#shows(path, at))) {
        this.#setters = [setter, ...this.#setters.filter(other => other !== setter)];
        return true;
      }
      if (reply.code >= 400 && reply.code < 500) throw refused(this.#control.where, setTimeLine(setter, path, at), reply);
      if (isPositive(reply) || isUnsupported(reply)) this.#setters = this.#setters.filter(other => other !== setter);
    }
    return false;
  }

  /** Like setModified(), but with the next command, and only in the way that works best. Not told when there is none. */
  setModifiedSoon(path: string, at: number, ride: Ride, told: (kept: boolean) => void): void {
    const [setter] = this.#setters;
    if (setter === undefined) return;
    const line = setTimeLine(setter, path, at);
    if (SURE.has(setter)) return ride(line, reply => told(TIME_SET.has(reply.code) && keeps(reply, at)));
    const { words } = this.#proof;
    if (words !== undefined && this.#proof.setter === setter && this.#proof.times >= PROOFS_MIN)
      return ride(line, reply => told(wordsOf(reply) === words));
    let set: Reply | undefined;
    ride(line, reply => {
      set = reply;
    });
    ride(`MDTM ${path}`, shown => {
      const kept = set !== undefined && TIME_SET.has(set.code) && keeps(set, at) && sameSecond(timeIn(shown), at);
      if (kept) this.#learn(setter, set as Reply, at);
      told(kept);
    });
  }

  /** A time set was seen to be kept. One that FAT keeps proves nothing. */
  #learn(setter: TimeSetter, reply: Reply, at: number): void {
    if (Math.floor(at / 1_000) % 2 === 0) return;
    const words = wordsOf(reply);
    const times = this.#proof.setter === setter && this.#proof.words === words ? this.#proof.times + 1 : 1;
    this.#proof = { setter, words, times };
  }

  sizeSoon(path: string, ride: Ride, told: (size: number | undefined) => void): void {
    ride(`SIZE ${path}`, reply => told(this.sizeFrom(path, reply)));
  }

  modifiedSoon(path: string, ride: Ride, told: (modified: number | undefined) => void): void {
    ride(`MDTM ${path}`, reply => told(this.modifiedFrom(path, reply)));
  }

  /** What a reply to SIZE says. Throws RefusedError as size() does. */
  sizeFrom(path: string, reply: Reply): number | undefined {
    return sizeIn(this.#answer(`SIZE ${path}`, reply));
  }

  /** What a reply to MDTM says. Throws RefusedError as modified() does. */
  modifiedFrom(path: string, reply: Reply): number | undefined {
    return parseTime(this.#answer(`MDTM ${path}`, reply) ?? '')?.at;
  }

  /** False when the server cannot, or will not, change the mode. */
  async chmod(path: string, mode: number): Promise<boolean> {
    const line = chmodLine(sendable(path), mode);
    const reply = await this.#control.exchange(line);
    if (reply.code >= 400 && reply.code < 500) throw refused(this.#control.where, line, reply);
    return isPositive(reply);
  }

  chmodSoon(path: string, mode: number, ride: Ride, told: (done: boolean) => void): void {
    ride(chmodLine(path, mode), reply => told(isPositive(reply)));
  }

  async #shows(path: string, at: number): Promise<boolean> {
    return sameSecond(await this.modified(path), at);
  }

  /** The text of a 213 reply; undefined when the server does not offer the command. Throws RefusedError about the path itself. */
  async #ask(line: string): Promise<string | undefined> {
    return this.#answer(line, await this.#control.exchange(line));
  }

  #answer(line: string, reply: Reply): string | undefined {
    if (reply.code === 213) return reply.lines.at(-1);
    if (reply.code >= 400 && !isUnsupported(reply)) throw refused(this.#control.where, line, reply);
    return undefined;
  }
}

/** Any other yes may be the answer to another command. */
const TIME_SET = new Set([200, 213, 250, 253]);

function sizeIn(text: string | undefined): number | undefined {
  const match = /^\s*(\d{1,16})\s*$/.exec(text ?? '');
  const size = Number(match?.[1]);
  return match !== null && Number.isSafeInteger(size) ? size : undefined;
}

function timeIn(reply: Reply): number | undefined {
  return reply.code === 213 ? parseTime(reply.lines.at(-1) ?? '')?.at : undefined;
}

/** So often in a row the same words, each time true. */
const PROOFS_MIN = 2;

function wordsOf(reply: Reply): string {
  return `${reply.code} ${reply.lines.join('\n')}`;
}

function sameSecond(seen: number | undefined, at: number): boolean {
  return seen !== undefined && Math.floor(seen / 1_000) === Math.floor(at / 1_000);
}

function chmodLine(path: string, mode: number): string {
  return `SITE CHMOD ${(mode & 0o7777).toString(8).padStart(3, '0')} ${path}`;
}

/** Their reply tells the time that was really set. */
const SURE: ReadonlySet<TimeSetter> = new Set(['MFMT', 'MFF']);

/** FAT keeps two seconds. */
const KEPT_WITHIN_MS = 2_000;

/** False when the reply names another time than was asked for: `213 Modify=20260102030405; name`. */
function keeps(reply: Reply, at: number): boolean {
  const told = /\bmodify=(\d{14}(?:\.\d+)?);/i.exec(reply.lines.at(-1) ?? '')?.[1];
  const time = told === undefined ? undefined : parseTime(told);
  return time === undefined || Math.abs(time.at - at) <= KEPT_WITHIN_MS;
}

/** vsftpd sets a time by an MDTM with two arguments. */
function setTimeLine(setter: TimeSetter, path: string, at: number): string {
  const time = formatTime(at);
  if (setter === 'MFF') return `MFF Modify=${time}; ${path}`;
  if (setter === 'SITE UTIME UTC') return `SITE UTIME ${path} ${time} ${time} ${time} UTC`;
  return `${setter} ${time} ${path}`;
}
