// The current folder: listing goes into the listed folder, and whoever uses a relative path afterwards must not notice.
import { posix } from 'node:path';
import type { Reply } from '../wire/reply.ts';
import type { FtpControl } from './control.ts';
import { isPositive, refused, unexpectedReply } from './errors.ts';
import { isAbsolute, quotedPath, sendable } from './paths.ts';

export class CurrentFolder {
  readonly #control: FtpControl;
  /** What relative paths mean to the caller; undefined until somebody needs to know. */
  #home: string | undefined;
  #strayed = false;

  constructor(control: FtpControl) {
    this.#control = control;
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
    return path;
  }

  async change(path: string): Promise<void> {
    await this.settle(path);
    await this.#enter(path, {});
    this.#home = undefined;
    this.#strayed = false;
  }

  /** Makes `path` the server's current folder for a moment. Throws RefusedError `path-missing` when there is no such folder. */
  async visit(path: string): Promise<void> {
    sendable(path);
    const asked = this.#home === undefined ? this.#control.ride('PWD').then(reply => this.#read(reply)) : undefined;
    asked?.catch(() => undefined);
    await this.settle(path);
    await this.#enter(path, { code: 'path-missing', hint: 'Check that the folder exists and that the user may enter it.' });
    this.#strayed = true;
    await asked;
  }

  /** The same folder named from the root; undefined when that is not known. */
  absolute(path: string): string | undefined {
    if (isAbsolute(path)) return path;
    if (this.#home === undefined || !isAbsolute(this.#home) || path.split('/').includes('..')) return undefined;
    return posix.join(this.#home, path).replace(/(.)\/$/, '$1');
  }

  /** True when `path` means the same to the server as to the caller, with no command before it. */
  means(path: string): boolean {
    return !this.#strayed || isAbsolute(path);
  }

  /** Call it before a command that takes `path`: a relative one means the caller's folder again. */
  async settle(path: string): Promise<void> {
    if (!this.#strayed || isAbsolute(path) || this.#home === undefined) return;
    await this.#enter(this.#home, {});
    this.#strayed = false;
  }

  /** `better` names the refusal of a folder that is not there (550); other refusals keep their meaning. */
  async #enter(path: string, better: { readonly code?: string; readonly hint?: string }): Promise<void> {
    const line = `CWD ${sendable(path)}`;
    const reply = await this.#control.exchange(line);
    if (isPositive(reply)) return;
    if (reply.code < 400) throw unexpectedReply(this.#control.where, line, reply);
    throw refused(this.#control.where, line, reply, reply.code === 550 || reply.code === 501 ? better : {});
  }
}
