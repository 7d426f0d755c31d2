// The answers to STAT, LIST and UIDL as numbers and names (RFC 1939 sections 5 and 7).
import { BrokenSessionError } from '../../core/errors.ts';
import { printable, shorten } from '../../core/text.ts';
import { decodeText } from '../wire/reply.ts';
import { NumberedSizes, NumberedUids, type UidMap } from './numbered.ts';

export interface Stat {
  readonly count: number;
  readonly bytes: number;
}

export interface Listing extends Stat {
  /** Message number → size as the server tells it: near the truth, not always exact. In the order of the server. */
  readonly sizes: ReadonlyMap<number, number>;
  /** Message number → unique id; undefined when the server has no UIDL. Ids may repeat and numbers may be missing. */
  readonly uids: UidMap | undefined;
  /** Messages that were asked for while the listing came, in that order. */
  readonly asked: readonly number[];
}

/** `text` is what follows `+OK` (RFC 1939 section 5); bytes are octets as the server counts them. Throws `protocol-broken`. */
export function parseStat(text: string): Stat {
  const match = /^\s*(\d{1,20})\s+(\d{1,20})(?:\s|$)/.exec(text);
  if (match === null) throw unreadable('STAT', text);
  return { count: bounded(match[1]), bytes: bounded(match[2]) };
}

/** Collects LIST lines. */
export class SizeList {
  readonly sizes = new NumberedSizes();

  take(line: Buffer): void {
    const text = decodeText(line);
    const match = /^\s*(\d{1,10})\s+(\d{1,20})(?:\s|$)/.exec(text);
    if (match === null) throw unreadable('LIST', text);
    addOnce('LIST', this.sizes, Number(match[1]), bounded(match[2]));
  }
}

/** Collects UIDL lines. Runs of spaces are tolerated; a number without an id counts as not listed. */
export class UidList {
  readonly uids = new NumberedUids();

  /** The entry, if the line has one. */
  take(line: Buffer): readonly [number: number, uid: string] | undefined {
    const text = decodeText(line);
    const match = /^\s*(\d{1,10})(?:[ \t]+(.*))?$/s.exec(text);
    if (match === null) throw unreadable('UIDL', text);
    const uid = (match[2] ?? '').trim();
    if (uid === '') return undefined;
    const number = Number(match[1]);
    addOnce('UIDL', this.uids, number, uid);
    return [number, uid];
  }
}

/** A number told twice makes every later command ambiguous: which message would be deleted? */
function addOnce<V>(command: string, map: Numbers<V>, number: number, value: V): void {
  const known = map.get(number);
  if (number < 1 || (known !== undefined && known !== value)) {
    throw new BrokenSessionError(
      'protocol-broken',
      `the server’s answer to ${command} lists message ${number} twice or wrongly`,
      {
        retry: 'later',
      },
    );
  }
  if (known === undefined) map.set(number, value);
}

interface Numbers<V> {
  get(number: number): V | undefined;
  set(number: number, value: V): void;
}

/** Sizes beyond 2^53 are nonsense, but no reason to stop. */
function bounded(digits: string | undefined): number {
  return Math.min(Number(digits), Number.MAX_SAFE_INTEGER);
}

function unreadable(command: string, text: string): BrokenSessionError {
  return new BrokenSessionError(
    'protocol-broken',
    `the server’s answer to ${command} cannot be read: “${printable(shorten(text, 80))}”`,
  );
}
