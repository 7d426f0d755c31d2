// The current folder: listing goes into the listed folder, and whoever uses a relative path afterwards must not notice.
import { posix } from 'node:path';
import type { Endpoint } from '../net/endpoint.ts';
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import { isPositive, refused, unexpectedReply } from './errors.ts';
import { isAbsolute, quotedPath, sendable } from './paths.ts';

interface Better {
  readonly code?: string;
  readonly hint?: string;
}

interface Foreseen {
  readonly path: string;
  readonly line: string;
  readonly shown: Promise<string>;
  readonly entered: Promise<Reply>;
}

const MISSING: Better = { code: 'path-missing', hint: 'Check that the folder exists and that the user may enter it.' };

/** Where a sign-in leads, whichever session found it out: the others need not ask. */
const homes = new WeakMap<Endpoint, string>();

export class CurrentFolder {
  readonly #control: FtpControl;
  readonly #endpoint: Endpoint;
  /** What relative paths mean to the caller; undefined until somebody needs to know. */
  #home: string | undefined;
  /** The caller's folder is where the sign-in led. */
  #unchanged = true;
  #strayed = false;
  /** A visit that is under way already. */
  #foreseen: Foreseen | undefined;

  constructor(control: FtpControl, endpoint: Endpoint) {
    this.#control = control;
    this.#endpoint = endpoint;
    this.#home = homes.get(endpoint);
  }

  /** PWD (RFC 959 section 4.1.3). */
  async show(): Promise<string> {
    if (this.#strayed && this.#home !== undefined) return this.#home;
    return this.#read(await this.#control.exchange('PWD'));
  }

  #read(reply: Reply): string {
    const path = reply.code === 257 ? quotedPath(reply.lines.join('\n')) : undefined;
    if (path === undefined) throw unexpectedReply(this.#control.where, 'PWD', reply);
    this.#home = path;
    if (this.#unchanged) homes.set(this.#endpoint, path);
    return path;
  }

  /** The commands of the next visit leave with the next command. */
  foresee(path: string): void {
    const line = `CWD ${sendable(path)}`;
    const shown = this.#control.ride('PWD').then(reply => this.#read(reply));
    shown.catch(() => undefined);
    this.#foreseen = { path, line, shown, entered: this.#control.ride(line) };
    this.#strayed = true;
  }

  async change(path: string): Promise<void> {
    await this.settle(path);
    await this.#enter(path, {});
    this.#home = undefined;
    this.#unchanged = false;
    this.#strayed = false;
  }

  /** Makes `path` the server's current folder for a moment. Throws RefusedError `path-missing` when there is no such folder. */
  async visit(path: string): Promise<void> {
    sendable(path);
    const foreseen = this.#foreseen;
    this.#foreseen = undefined;
    if (foreseen?.path === path) {
      this.#assertEntered(foreseen.line, await foreseen.entered, MISSING);
      return void (await foreseen.shown);
    }
    await foreseen?.shown;
    const asked = this.#home === undefined ? this.#control.ride('PWD').then(reply => this.#read(reply)) : undefined;
    asked?.catch(() => undefined);
    const named = this.named(path);
    if (named === undefined) await this.settle(path);
    await this.#enter(named ?? path, MISSING);
    this.#strayed = true;
    await asked;
  }

  /** The same folder named from the root; undefined when that is not known. */
  absolute(path: string): string | undefined {
    if (isAbsolute(path)) return path;
    if (this.#home === undefined || !isAbsolute(this.#home) || path.split('/').includes('..')) return undefined;
    return posix.join(this.#home, path).replace(/(.)\/$/, '$1');
  }

  /** What the server must be told to understand `path` as the caller does, with no command before it; undefined when that is not known. */
  named(path: string): string | undefined {
    return this.#strayed ? this.absolute(path) : path;
  }

  /** True when `path` does not mean to the server what it means to the caller. */
  strayed(path: string): boolean {
    return this.#strayed && !isAbsolute(path);
  }

  /** Call it before a command that takes `path`: a relative one means the caller's folder again. */
  async settle(path: string): Promise<void> {
    if (!this.strayed(path)) return;
    await this.#foreseen?.shown;
    this.#foreseen = undefined;
    if (this.#home === undefined) return;
    await this.#enter(this.#home, {});
    this.#strayed = false;
  }

  /** `better` names the refusal of a folder that is not there (550); other refusals keep their meaning. */
  async #enter(path: string, better: Better): Promise<void> {
    const line = `CWD ${sendable(path)}`;
    this.#assertEntered(line, await this.#control.exchange(line), better);
  }

  #assertEntered(line: string, reply: Reply, better: Better): void {
    if (isPositive(reply)) return;
    if (reply.code < 400) throw unexpectedReply(this.#control.where, line, reply);
    throw refused(this.#control.where, line, reply, reply.code === 550 || reply.code === 501 ? better : {});
  }
}
