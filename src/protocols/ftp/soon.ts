// Commands that are in no hurry: they leave in one segment with whatever their session sends next, and so cost no round trip.
import { AppError } from '../../core/errors.ts';
import type { Reply } from '../wire/reply.ts';
import type { Attributes } from './attributes.ts';
import type { FtpControl } from './control.ts';
import { unexpectedReply } from './errors.ts';
import type { PathFacts } from './facts.ts';
import type { CurrentFolder } from './folder.ts';
import type { Hashes } from './hash.ts';
import type { FolderLister } from './list.ts';
import type { FtpEntry } from './listing/entry.ts';
import { sendable } from './paths.ts';
import { Reading, type Ride } from './running.ts';

/** What a file is asked, and given. */
export interface Equipment {
  readonly size?: boolean | undefined;
  readonly hash?: boolean | undefined;
  /** Epoch milliseconds. */
  readonly modifiedAt?: number | undefined;
  readonly mode?: number | undefined;
}

/** What the server said to each thing wanted; undefined also where it cannot say or do it. */
export interface Equipped {
  size?: number | undefined;
  hash?: string | undefined;
  /** False: not in the way that works best; setModified() knows others. */
  timeKept?: boolean;
  modeSet?: boolean;
}

/**
 * Each answers like its namesake of FtpClient, once the session has sent something else or flush() was called. May be called while
 * another operation runs. An answer that fails for whatever reason may be asked for again in the ordinary way.
 */
export interface Soon {
  /** All that `wanted` asks of one file, with one answer; rejects with the first refusal. */
  equip(path: string, wanted: Equipment): Promise<Equipped>;
  size(path: string): Promise<number | undefined>;
  modified(path: string): Promise<number | undefined>;
  hash(path: string): Promise<string | undefined>;
  /** What lies in a folder, where the server has proven that it tells so; undefined when only FtpClient.list() can tell. */
  entries(path: string): Promise<readonly FtpEntry[] | undefined>;
  /** Kind, size and time; undefined when there is no such file, or, without MLST, when it is no file. */
  facts(path: string): Promise<Omit<FtpEntry, 'name'> | undefined>;
  /** False: the server did not do it. */
  chmod(path: string, mode: number): Promise<boolean>;
  rename(from: string, to: string): Promise<void>;
  makeFolder(path: string): Promise<void>;
  removeFolder(path: string): Promise<void>;
  remove(path: string): Promise<void>;
}

export interface SoonParts {
  readonly control: FtpControl;
  readonly folder: CurrentFolder;
  readonly attributes: Attributes;
  readonly hashes: Hashes;
  readonly facts: PathFacts;
  readonly lister: FolderLister;
}

export function commandsSoon({ control, folder, attributes, hashes, facts, lister }: SoonParts): Soon {
  const demand = (line: string) => (answer: Reply) => {
    if (answer.code < 400 ? !DONE.has(answer.code) : OUT_OF_STEP.has(answer.code)) control.trust.lose();
    if (!DONE.has(answer.code)) throw unexpectedReply(control.where, line, answer);
  };
  const at = (path: string) => {
    const named = folder.named(sendable(path));
    if (named === undefined) throw new AppError('folder-left', `"${path}" is relative to a folder that was left`);
    return named;
  };
  const done = (line: string) => control.rideRead(line, demand(line));
  const answer = <T>(ask: (ride: Ride, told: (value: T) => void) => void) =>
    new Promise<T>((resolve, reject) => ask((line, read) => control.rideFor(line, new Reading(read, ignore, reject)), resolve));
  return {
    equip: (path, { size, hash, modifiedAt, mode }) =>
      new Promise((resolve, reject) => {
        const [named, equipped] = [at(path), {} as Equipped];
        let due = 0;
        const answered = () => {
          due -= 1;
          if (due === 0) resolve(equipped);
        };
        const ride: Ride = (line, read) => {
          due += 1;
          control.rideFor(line, new Reading(read, answered, reject));
        };
        if (size === true) attributes.sizeSoon(named, ride, told => (equipped.size = told));
        if (hash === true) hashes.hashSoon(named, ride, told => (equipped.hash = told));
        if (mode !== undefined) attributes.chmodSoon(named, mode, ride, told => (equipped.modeSet = told));
        if (modifiedAt !== undefined) attributes.setModifiedSoon(named, modifiedAt, ride, told => (equipped.timeKept = told));
        if (due === 0) resolve(equipped);
      }),
    size: path => answer((ride, told) => attributes.sizeSoon(at(path), ride, told)),
    modified: path => answer((ride, told) => attributes.modifiedSoon(at(path), ride, told)),
    chmod: (path, mode) => answer((ride, told) => attributes.chmodSoon(at(path), mode, ride, told)),
    hash: path => answer((ride, told) => hashes.hashSoon(at(path), ride, told)),
    entries: path => lister.soon(path),
    facts: async path => facts.soon(at(path)),
    makeFolder: async path => done(`MKD ${at(path)}`),
    removeFolder: async path => done(`RMD ${at(path)}`),
    remove: async path => done(`DELE ${at(path)}`),
    rename: (from, to) =>
      new Promise((resolve, reject) => {
        const [first, second] = [`RNFR ${at(from)}`, `RNTO ${at(to)}`];
        let heard: Reply | undefined;
        const named = (reply: Reply) => {
          heard = reply;
          if (reply.code !== 350) throw unexpectedReply(control.where, first, reply);
        };
        control.rideFor(first, new Reading(named, ignore, reject));
        const instead = () => (heard?.code === 350 ? undefined : heard);
        control.rideFor(second, new Reading(demand(second), resolve, reject), { instead });
      }),
  };
}

function ignore(): void {}

/** Another yes may be the answer to another command, when the server lost one: it is not believed. */
const DONE = new Set([200, 226, 250, 257]);

/** The server lost a command, or its place among others. */
const OUT_OF_STEP = new Set([500, 502, 503]);
