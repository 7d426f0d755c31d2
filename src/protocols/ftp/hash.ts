// Checksums made by the server: HASH (draft-bryan-ftpext-hash-02), and the older XSHA512, XSHA256, XSHA1, XMD5 and XCRC.
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import { isPositive, isUnsupported, refused } from './errors.ts';
import type { FtpFeatures } from './features.ts';
import { HASH_BYTES_PER_SECOND_MIN } from './limits.ts';
import { sendable } from './paths.ts';
import type { Ride } from './running.ts';

export type HashAlgorithm = 'sha256' | 'sha512' | 'sha1' | 'md5' | 'crc32';

interface Way {
  readonly algorithm: HashAlgorithm;
  readonly command: string;
  /** To be sent once before the command: the server's HASH starts with another algorithm. */
  readonly select?: string;
}

/** The best first. Names as HASH lists them, and the commands of old. */
const KNOWN: readonly (readonly [algorithm: HashAlgorithm, hashName: string, commands: readonly string[], digits: number])[] = [
  ['sha256', 'SHA-256', ['XSHA256'], 64],
  ['sha512', 'SHA-512', ['XSHA512'], 128],
  ['sha1', 'SHA-1', ['XSHA1', 'XSHA'], 40],
  ['md5', 'MD5', ['XMD5'], 32],
  ['crc32', 'CRC32', ['XCRC'], 8],
];

export class Hashes {
  readonly #control: FtpControl;
  readonly #way: Way | undefined;
  #selected = false;

  constructor(control: FtpControl, features: FtpFeatures) {
    this.#control = control;
    this.#way = bestWay(features);
  }

  /** What hash() tells; undefined when the server makes no checksums. */
  get algorithm(): HashAlgorithm | undefined {
    return this.#way?.algorithm;
  }

  /**
   * Hexadecimal, lower case; undefined when the server cannot say it of this path. `bytes` is the size of the file: a large one is
   * given more time. Throws RefusedError when there is no such file.
   */
  async hash(path: string, bytes = 0): Promise<string | undefined> {
    const line = this.#line(path);
    if (line === undefined) return undefined;
    if (!this.#selected && this.#way?.select !== undefined) await this.#control.exchange(this.#way.select);
    this.#selected = true;
    return this.#read(line, await this.#control.exchange(line, undefined, (bytes / HASH_BYTES_PER_SECOND_MIN) * 1_000));
  }

  /** Like hash(), but with the next command. */
  hashSoon(path: string, ride: Ride, told: (hash: string | undefined) => void): void {
    const line = this.#line(path);
    if (line === undefined) return told(undefined);
    if (!this.#selected && this.#way?.select !== undefined) ride(this.#way.select, () => undefined);
    this.#selected = true;
    ride(line, reply => told(this.#read(line, reply)));
  }

  /** The X commands take further words after the name, so theirs is quoted; one with a quote inside they cannot be told. */
  #line(path: string): string | undefined {
    if (this.#way === undefined) return undefined;
    const { command } = this.#way;
    if (command === 'HASH') return `HASH ${sendable(path)}`;
    return path.includes('"') ? undefined : `${command} "${sendable(path)}"`;
  }

  #read(line: string, reply: Reply): string | undefined {
    if (isPositive(reply)) return this.#way === undefined ? undefined : hashIn(reply, this.#way.algorithm);
    if (isUnsupported(reply)) return undefined;
    throw refused(this.#control.where, line, reply);
  }
}

function bestWay({ all }: FtpFeatures): Way | undefined {
  const offered = (all.get('HASH') ?? '').toUpperCase().split(';');
  for (const [algorithm, name, commands] of KNOWN) {
    if (offered.includes(`${name}*`)) return { algorithm, command: 'HASH' };
    if (offered.includes(name)) return { algorithm, command: 'HASH', select: `OPTS HASH ${name}` };
    const command = commands.find(word => all.has(word));
    if (command !== undefined) return { algorithm, command };
  }
  return undefined;
}

/** `SHA-256 0-49 6ae8…c0 name`, or the digits alone; proftpd says before that it is computing. Another algorithm's is none. */
function hashIn(reply: Reply, algorithm: HashAlgorithm): string | undefined {
  const match = /^\s*(?:([A-Za-z0-9-]+)\s+\d+-\d+\s+)?([0-9a-fA-F]+)(?=\s|$)/.exec(reply.lines.at(-1) ?? '');
  const [, name, hash] = match ?? [];
  const known = KNOWN.find(([wanted]) => wanted === algorithm);
  if (hash === undefined || known === undefined) return undefined;
  const [, hashName, , digits] = known;
  if (name !== undefined && name.toUpperCase() !== hashName) return undefined;
  const whole = algorithm === 'crc32' ? hash.padStart(digits, '0') : hash;
  return whole.length === digits ? whole.toLowerCase() : undefined;
}
