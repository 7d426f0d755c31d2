// An FTP server in memory behind the client's interface: it can lack abilities, be cut at the N-th operation, and tells what is visible.
import { nextTurn } from '../../../src/core/clock.ts';
import { BrokenSessionError, CancelledError, RefusedError } from '../../../src/core/errors.ts';
import { textToWire } from '../../../src/protocols/ftp/ascii.ts';
import type { Equipment, Equipped, FtpClient, FtpEntry, Source } from '../../../src/protocols/ftp/index.ts';
import { makeDigest } from '../../../src/steps/ftp-mirror/digest.ts';
import type { Connect } from '../../../src/steps/ftp-mirror/workshop.ts';

export interface FakeFile {
  data: Buffer;
  modifiedAt: number;
  mode?: number;
}

export interface FakeOptions {
  distanceMs?: number;
  setsTimes?: boolean;
  tellsTimes?: boolean;
  tellsSizes?: boolean;
  renamesOver?: boolean;
  /** False: only files, as where folders belong to somebody else. */
  renamesFolders?: boolean;
  /** Listings show no name that begins with a dot. */
  hidesDots?: boolean;
  restarts?: boolean;
  appends?: boolean;
  /** Rounds listed times down, as LIST does. */
  precisionMs?: number;
  /** Lists times as clocks there show them, as many servers' LIST does: that much ahead of UTC at that time. */
  zoneMs?: (at: number) => number;
  sessionsMax?: number;
  /** Names that differ only in case are one, as on Windows. */
  foldsCase?: boolean;
  chunkBytes?: number;
  /** The checksums that it makes; none without. */
  hashes?: FtpClient['hashing'];
  /** How it stores lines that come as text: LF alone (Unix), or as they come. */
  lineEnds?: 'lf' | 'crlf';
  /** As of a server nearby. */
  listsExactly?: boolean;
  /** False: it does not say that names are UTF-8. */
  utf8?: boolean;
  /** Under which path it stores what it is told. */
  stores?: (path: string) => string;
  /** False: facts() tells files only, as by SIZE and MDTM. */
  mlst?: boolean;
}

export class FakeServer {
  readonly files = new Map<string, FakeFile>();
  readonly folders = new Set<string>(['/']);
  readonly others = new Map<string, FtpEntry>();
  readonly extra = new Map<string, FtpEntry[]>();
  readonly log: string[] = [];
  options: FakeOptions;
  now = 1_900_000_000_000;
  operations = 0;
  /** 1-based: the operation at which the session breaks. */
  breakAt = 0;
  /** From breakAt on nothing works any more, as if our process had died. */
  dead = false;
  killAtBreak = false;
  /** Called before every operation. */
  before: (what: string) => void = () => undefined;
  /** Called after every change of what is visible. */
  changed: () => void = () => undefined;
  open = 0;
  openMost = 0;
  /** Folders whose content was asked for together with that of others. */
  askedTogether = 0;
  logins = 0;
  refuse: (what: string) => RefusedError | undefined = () => undefined;
  chmods = true;
  /** Called with the signal of every session that is opened. */
  opening: (signal: AbortSignal | undefined) => Promise<void> | undefined = () => undefined;

  constructor(options: FakeOptions = {}) {
    this.options = options;
  }

  put(path: string, data: string | Buffer, modifiedAt = 1_700_000_000_000): this {
    this.mkdirs(path.slice(0, path.lastIndexOf('/')) || '/');
    this.files.set(path, { data: Buffer.from(data), modifiedAt });
    return this;
  }

  mkdirs(path: string): this {
    const names = path.split('/').filter(Boolean);
    for (let n = 1; n <= names.length; n++) this.folders.add(`/${names.slice(0, n).join('/')}`);
    return this;
  }

  /** Contents below a root, temporary files left out. */
  content(root: string): Record<string, string> {
    const rows = [...this.files].filter(([path]) => path.startsWith(`${root}/`.replace('//', '/')));
    const visible = rows.filter(([path]) => !path.includes('.postrider-'));
    return Object.fromEntries(
      visible.map(([path, file]) => [path.slice(root === '/' ? 1 : root.length + 1), file.data.toString()]).sort(),
    );
  }

  temps(): string[] {
    return [...this.files.keys(), ...this.folders].filter(path => /\.postrider-(?!lock)/.test(path));
  }

  readonly connect: Connect = async (_endpoint, { signal }) => {
    this.step('connect');
    await this.opening(signal);
    if (this.open >= (this.options.sessionsMax ?? Infinity)) throw refusedError('too-many-connections', '421', 'later');
    this.open += 1;
    this.logins += 1;
    this.openMost = Math.max(this.openMost, this.open);
    return new FakeClient(this, signal);
  };

  /** The path under which the server keeps what the client calls `path`. */
  at(path: string): string {
    const full = absolute(this.options.stores?.(path) ?? path);
    if (this.options.foldsCase !== true) return full;
    let found = '';
    for (const name of full.split('/').filter(Boolean)) {
      const wanted = `${found}/${name}`;
      found = [...this.folders, ...this.files.keys()].find(key => key.toLowerCase() === wanted.toLowerCase()) ?? wanted;
    }
    return found || '/';
  }

  step(what: string): void {
    this.operations += 1;
    this.log.push(what);
    this.before(what);
    if (this.operations === this.breakAt) {
      if (this.killAtBreak) this.dead = true;
      throw new BrokenSessionError('connection-cut', `cut at ${what}`);
    }
    if (this.dead) throw new BrokenSessionError('connection-cut', 'the network is gone');
    const refusal = this.refuse(what);
    if (refusal !== undefined) throw refusal;
  }
}

export function refusedError(code: string, replyCode: string, retry: 'never' | 'later' = 'never'): RefusedError {
  return new RefusedError(code, `the server refused: ${replyCode}`, { command: 'X', replyCode, replyText: 'no' }, { retry });
}

class FakeClient implements Partial<FtpClient> {
  readonly #server: FakeServer;
  readonly #signal: AbortSignal | undefined;

  get listsExactly(): boolean {
    return this.#server.options.listsExactly ?? false;
  }

  get distanceMs(): number {
    return this.#server.options.distanceMs ?? 0;
  }

  usable = true;
  #reason: Error | undefined;

  constructor(server: FakeServer, signal: AbortSignal | undefined) {
    this.#server = server;
    this.#signal = signal;
    signal?.addEventListener('abort', () => this.close(new CancelledError()));
  }

  get features(): FtpClient['features'] {
    const { mlst, utf8 } = this.#server.options;
    return { mlst: mlst !== false, utf8: utf8 !== false } as FtpClient['features'];
  }

  readonly pipelines = true;
  readonly #riders: (() => Promise<void>)[] = [];
  #draining = false;

  get riding(): boolean {
    return this.#riders.length > 0;
  }

  async flush(): Promise<void> {
    await this.#drain();
    this.#check();
  }

  /** In the order in which they were asked: a rider does not wait for those behind it. */
  async #drain(): Promise<void> {
    if (this.#draining) return;
    this.#draining = true;
    while (this.#riders.length > 0) await this.#riders.shift()?.();
    this.#draining = false;
  }

  #ride<T>(work: () => Promise<T>): Promise<T> {
    if (!this.usable) return work();
    return new Promise((resolve, reject) => {
      this.#riders.push(() => work().then(resolve, reject));
    });
  }

  hurry(): void {}

  readonly soon: FtpClient['soon'] = {
    equip: (path, wanted) => this.#equip(path, wanted),
    entries: async () => {
      this.#server.askedTogether += 1;
      return undefined;
    },
    size: path => this.#ride(() => this.size(path)),
    modified: path => this.#ride(() => this.modified(path)),
    chmod: (path, mode) => this.#ride(() => this.chmod(path, mode)),
    hash: path => this.#ride(() => this.hash(path)),
    facts: path => this.#ride(() => this.facts(path)),
    rename: (from, to) => this.#ride(() => this.rename(from, to)),
    makeFolder: path => this.#ride(() => this.makeFolder(path)),
    removeFolder: path => this.#ride(() => this.removeFolder(path)),
    remove: path => this.#ride(() => this.remove(path)),
  };

  async #equip(path: string, wanted: Equipment): Promise<Equipped> {
    const { modifiedAt, mode } = wanted;
    if (wanted.size !== true && wanted.hash !== true && modifiedAt === undefined && mode === undefined) return {};
    const [size, hash, modeSet, timeKept] = await Promise.all([
      wanted.size === true ? this.soon.size(path) : undefined,
      wanted.hash === true ? this.soon.hash(path) : undefined,
      mode === undefined ? undefined : this.soon.chmod(path, mode),
      modifiedAt === undefined ? undefined : this.#ride(() => this.setModified(path, modifiedAt)),
    ]);
    return { size, hash, ...(timeKept === undefined ? {} : { timeKept }), ...(modeSet === undefined ? {} : { modeSet }) };
  }

  async #do<T>(what: string, work: () => T): Promise<T> {
    await nextTurn();
    await this.#drain();
    this.#check();
    try {
      this.#server.step(what);
      return work();
    } catch (error) {
      if (error instanceof BrokenSessionError) this.close(error);
      throw error;
    }
  }

  #check(): void {
    if (this.#signal?.aborted) throw new CancelledError();
    if (!this.usable) throw this.#reason ?? new BrokenSessionError('closed', 'closed');
  }

  async listTogether(paths: readonly string[]): Promise<readonly undefined[]> {
    return paths.map(() => undefined);
  }

  list(path: string) {
    return this.#do(`LIST ${path}`, () => {
      const at = this.#server.at(path);
      if (!this.#server.folders.has(at)) throw refusedError('path-missing', '550');
      const { options, files, folders, others, extra } = this.#server;
      const entries: FtpEntry[] = [];
      const inside = (full: string) => full !== '/' && (full.slice(0, full.lastIndexOf('/')) || '/') === at;
      const name = (full: string) => full.slice(full.lastIndexOf('/') + 1);
      const precisionMs = options.precisionMs ?? 1000;
      for (const [full, file] of files) {
        if (!inside(full)) continue;
        const shown = file.modifiedAt + (options.zoneMs?.(file.modifiedAt) ?? 0);
        const modifiedAt = Math.floor(shown / precisionMs) * precisionMs;
        entries.push({ name: name(full), type: 'file', size: file.data.length, modifiedAt, precisionMs });
      }
      for (const full of folders) if (inside(full)) entries.push({ name: name(full), type: 'folder' });
      for (const [full, entry] of others) if (inside(full)) entries.push({ ...entry, name: name(full) });
      return [...entries, ...(extra.get(at) ?? [])].filter(entry => options.hidesDots !== true || !entry.name.startsWith('.'));
    });
  }

  async *download(path: string, { offset = 0, ascii }: { offset?: number; ascii?: boolean } = {}): AsyncIterable<Buffer> {
    const stored = await this.#do(`RETR ${path}@${offset}`, () => this.#file(path).data);
    const data = ascii === true ? Buffer.from(stored.toString('latin1').replaceAll('\r\n', '\n'), 'latin1') : stored;
    if (offset > 0 && this.#server.options.restarts === false) throw refusedError('command-unsupported', '502');
    const step = this.#server.options.chunkBytes ?? 4;
    for (let at = offset; at < data.length; at += step) {
      await this.#do(`data ${path}`, () => undefined);
      yield Buffer.from(data.subarray(at, at + step));
    }
    await this.#do(`226 ${path}`, () => undefined);
  }

  async receive(path: string, take: (chunk: Buffer) => void | Promise<void>, options: { offset?: number; ascii?: boolean } = {}) {
    let bytes = 0;
    for await (const chunk of this.download(path, options)) {
      bytes += chunk.length;
      await take(chunk);
    }
    return bytes;
  }

  async upload(path: string, given: Source, { offset = 0, ascii }: { offset?: number; ascii?: boolean } = {}): Promise<number> {
    const source = given instanceof Uint8Array ? only(given) : given;
    await this.#do(`STOR ${path}@${offset}`, () => this.#parent(path));
    if (offset > 0 && this.#server.options.restarts === false) throw refusedError('command-unsupported', '502');
    const old = this.#server.files.get(this.#server.at(path))?.data ?? Buffer.alloc(0);
    if (offset > old.length) throw refusedError('server-refused', '554');
    const sent = await this.#store(path, old.subarray(0, offset), ascii === true ? textToWire(source) : source);
    if (ascii === true && this.#server.options.lineEnds !== 'crlf') {
      const file = this.#file(path);
      file.data = Buffer.from(file.data.toString('latin1').replaceAll('\r\n', '\n'), 'latin1');
    }
    return sent;
  }

  async append(path: string, source: AsyncIterable<Uint8Array>): Promise<number> {
    await this.#do(`APPE ${path}`, () => this.#parent(path));
    if (this.#server.options.appends === false) throw refusedError('command-unsupported', '502');
    return this.#store(path, this.#server.files.get(this.#server.at(path))?.data ?? Buffer.alloc(0), source);
  }

  async #store(path: string, start: Buffer, source: AsyncIterable<Uint8Array>): Promise<number> {
    const file: FakeFile = { data: start, modifiedAt: this.#server.now };
    this.#server.files.set(this.#server.at(path), file);
    this.#server.changed();
    let bytes = 0;
    for await (const chunk of source) {
      await this.#do(`data ${path}`, () => {
        file.data = Buffer.concat([file.data, chunk.subarray(0, 1)]);
      });
      this.#server.changed();
      file.data = Buffer.concat([file.data, chunk.subarray(1)]);
      bytes += chunk.length;
      this.#server.changed();
    }
    await this.#do(`226 ${path}`, () => undefined);
    return bytes;
  }

  size(path: string) {
    return this.#do(`SIZE ${path}`, () =>
      this.#server.options.tellsSizes === false ? undefined : this.#server.files.get(this.#server.at(path))?.data.length,
    );
  }

  modified(path: string) {
    return this.#do(`MDTM ${path}`, () => {
      const file = this.#server.files.get(this.#server.at(path));
      if (file === undefined || this.#server.options.tellsTimes === false) return undefined;
      return Math.floor(file.modifiedAt / 1000) * 1000;
    });
  }

  setModified(path: string, epochMs: number) {
    return this.#do(`MFMT ${path}`, () => {
      if (this.#server.options.setsTimes === false) return false;
      this.#file(path).modifiedAt = Math.floor(epochMs / 1000) * 1000;
      return true;
    });
  }

  facts(path: string): ReturnType<FtpClient['soon']['facts']> {
    return this.#do(`MLST ${path}`, () => {
      const { options, files, folders, others } = this.#server;
      const at = this.#server.at(path);
      const file = files.get(at);
      if (file !== undefined) {
        const time =
          options.tellsTimes === false ? {} : { modifiedAt: Math.floor(file.modifiedAt / 1000) * 1000, precisionMs: 1000 };
        return { type: 'file', ...time, ...(options.tellsSizes === false ? {} : { size: file.data.length }) };
      }
      if (options.mlst === false) return undefined;
      return folders.has(at) ? { type: 'folder' } : others.get(at);
    });
  }

  get hashing(): FtpClient['hashing'] {
    return this.#server.options.hashes;
  }

  hash(path: string) {
    return this.#do(`HASH ${path}`, () => {
      const digest = this.hashing === undefined ? undefined : makeDigest(this.hashing);
      digest?.update(this.#file(path).data);
      return digest?.hex();
    });
  }

  chmod(path: string, mode: number) {
    return this.#do(`CHMOD ${path}`, () => {
      const file = this.#server.files.get(this.#server.at(path));
      if (file !== undefined && this.#server.chmods) file.mode = mode;
      return this.#server.chmods;
    });
  }

  makeFolder(path: string) {
    return this.#do(`MKD ${path}`, () => {
      this.#parent(path);
      if (this.#server.folders.has(this.#server.at(path)) || this.#server.files.has(this.#server.at(path)))
        throw refusedError('path-refused', '550');
      this.#server.folders.add(this.#server.at(path));
    });
  }

  removeFolder(path: string) {
    return this.#do(`RMD ${path}`, () => {
      const at = this.#server.at(path);
      const full = [...this.#server.files.keys(), ...this.#server.folders, ...this.#server.others.keys()];
      if (!this.#server.folders.has(at) || full.some(other => other.startsWith(`${at}/`)))
        throw refusedError('path-refused', '550');
      this.#server.folders.delete(at);
    });
  }

  remove(path: string) {
    return this.#do(`DELE ${path}`, () => {
      this.#file(path);
      this.#server.files.delete(this.#server.at(path));
      this.#server.changed();
    });
  }

  rename(from: string, to: string) {
    return this.#do(`RNTO ${to}`, () => {
      const target = this.#server.at(to);
      if (this.#server.folders.has(this.#server.at(from))) return this.#renameFolder(this.#server.at(from), target);
      const file = this.#file(from);
      if (this.#server.folders.has(target)) throw refusedError('path-refused', '550');
      if (this.#server.files.has(target) && this.#server.options.renamesOver === false) throw refusedError('path-refused', '550');
      this.#parent(to);
      this.#server.files.delete(this.#server.at(from));
      this.#server.files.set(target, file);
      this.#server.changed();
    });
  }

  #renameFolder(from: string, to: string) {
    const { folders, files, options } = this.#server;
    const isTaken = [...files.keys(), ...folders].some(path => path === to || path.startsWith(`${to}/`));
    if (isTaken || options.renamesFolders === false) throw refusedError('path-refused', '550');
    this.#parent(to);
    const moved = (path: string) => to + path.slice(from.length);
    for (const path of [...folders])
      if (path === from || path.startsWith(`${from}/`)) folders.delete(path) && folders.add(moved(path));
    for (const [path, file] of [...files]) if (path.startsWith(`${from}/`)) files.delete(path) && files.set(moved(path), file);
    this.#server.changed();
  }

  absolute(path: string) {
    return absolute(path);
  }

  currentFolder() {
    return this.#do('PWD', () => '/');
  }

  async quit(): Promise<void> {
    await this.flush().catch(() => undefined);
    this.close();
  }

  close(reason?: Error): void {
    if (!this.usable) return;
    this.usable = false;
    this.#reason = reason;
    for (const rider of this.#riders.splice(0)) void rider();
    this.#server.open -= 1;
  }

  #file(path: string): FakeFile {
    const file = this.#server.files.get(this.#server.at(path));
    if (file === undefined) throw refusedError('path-refused', '550');
    return file;
  }

  #parent(path: string): void {
    const at = this.#server.at(path);
    if (!this.#server.folders.has(at.slice(0, at.lastIndexOf('/')) || '/')) throw refusedError('path-refused', '550');
  }

  async changeFolder(): Promise<void> {}
  noop(): Promise<void> {
    return this.#do('NOOP', () => undefined);
  }
  async command(): Promise<never> {
    throw new Error('unused');
  }
}

function absolute(path: string): string {
  if (path === '.') return '/';
  return path.startsWith('/') ? path : `/${path}`;
}

async function* only(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
