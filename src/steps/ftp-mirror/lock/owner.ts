// Who holds a lock, as the name of a folder: host, machine, process, run, and when it last gave a sign of life.
import { createHash } from 'node:crypto';
import { readlinkSync } from 'node:fs';
import { type Random, randomHex } from '../../../core/random.ts';
import { bootId, isRunning } from '../../../files/processes.ts';

export interface Owner {
  /** For people. */
  readonly host: string;
  /** The same for processes that can see each other. */
  readonly machine: string;
  readonly pid: number;
  readonly token: string;
}

export interface Stamp extends Owner {
  /** Epoch seconds on the owner's clock. */
  readonly at: number;
  /** The owner went in good order, and left something unfinished. */
  readonly left: boolean;
}

const HOST_LENGTH_MAX = 40;

/** Tokens of locks that this process holds. */
const held = new Set<string>();

export function newOwner(host: string, random: Random): Owner {
  const name = host.replace(/[^A-Za-z0-9-]+/g, '-').slice(0, HOST_LENGTH_MAX) || 'host';
  const owner = { host: name, machine: machineOf(host), pid: process.pid, token: randomHex(random, 4) };
  held.add(owner.token);
  return owner;
}

/** The process lives on and no longer holds it. */
export function forget({ token }: Owner): void {
  held.delete(token);
}

export function stampName({ host, machine, pid, token }: Owner, at: number, left = false): string {
  return [host, machine, pid, token, at, ...(left ? ['left'] : [])].join('.');
}

/** Undefined for what is no stamp of ours. */
export function parseStamp(name: string): Stamp | undefined {
  const match = /^([A-Za-z0-9-]{1,40})\.([0-9a-f]{8})\.(\d{1,10})\.([0-9a-f]{8})\.(\d{1,12})(\.left)?$/.exec(name);
  if (match === null) return undefined;
  const [, host = '', machine = '', pid, token = '', at, left] = match;
  return { host, machine, pid: Number(pid), token, at: Number(at), left: left !== undefined };
}

/** Only what this machine can know for sure: its own processes. */
export function isGone({ machine, pid, token }: Stamp, self: Owner): boolean {
  if (machine !== self.machine) return false;
  return pid === self.pid ? !held.has(token) : !isRunning(pid);
}

/** Host names repeat among containers; boot and process namespace tell them apart where the system shows them. */
function machineOf(host: string): string {
  return createHash('sha256').update(`${host}\n${bootId()}\n${processSpace()}`).digest('hex').slice(0, 8);
}

function processSpace(): string {
  try {
    return readlinkSync('/proc/self/ns/pid');
  } catch {
    return '';
  }
}
