// A disk in memory that knows what is durable: fails the N-th operation, dies at the N-th, and loses what was never synced.
import { dirname } from 'node:path';
import type { ArchiveFile, ArchiveFiles } from '../../src/archive/files.ts';
import { fileError } from '../../src/core/errors.ts';

interface Node {
  /** What a process reads. */
  data: Buffer;
  /** What a power cut leaves. */
  durable: Buffer;
  /** Its name survives a power cut. */
  named: boolean;
}

/** kill: the process dies, the disk's cache survives. power: what was not synced is lost. torn: half of that is on the disk. */
export type CrashMode = 'kill' | 'power' | 'torn';

export class MemoryFiles implements ArchiveFiles {
  readonly nodes = new Map<string, Node>();
  readonly folders = new Set<string>();
  /** What a name stood for before it was renamed or removed, until its folder is synced. */
  readonly #before = new Map<string, Node | undefined>();
  /** Operations so far. */
  operations = 0;
  /** This operation fails, once. */
  failAt = Number.POSITIVE_INFINITY;
  errno = 'ENOSPC';
  /** This operation and all later ones fail: the process is dead. */
  dieAt = Number.POSITIVE_INFINITY;
  /** Called when that happens. */
  died: () => void = () => undefined;
  /** The size of the disk in bytes. */
  space = Number.POSITIVE_INFINITY;
  readonly log: string[] = [];

  /** The same disk once more, to be harmed by itself: quicker than to fill another one. */
  copy(): MemoryFiles {
    const copy = new MemoryFiles();
    const copied = new Map<Node, Node>();
    const nodeOf = (node: Node) => {
      const own = copied.get(node) ?? { ...node, data: Buffer.from(node.data), durable: Buffer.from(node.durable) };
      copied.set(node, own);
      return own;
    };
    for (const [path, node] of this.nodes) copy.nodes.set(path, nodeOf(node));
    for (const path of this.folders) copy.folders.add(path);
    for (const [path, node] of this.#before) copy.#before.set(path, node && nodeOf(node));
    copy.operations = this.operations;
    copy.log.push(...this.log);
    return copy;
  }

  async open(path: string, mode: 'read' | 'write' | 'create'): Promise<ArchiveFile> {
    this.step(`open ${mode}`, path);
    const node = this.nodes.get(path);
    if (mode === 'read' && node === undefined) return undefined as unknown as ArchiveFile;
    if (mode === 'create' && node !== undefined) return undefined as unknown as ArchiveFile;
    const opened = node ?? { data: Buffer.alloc(0), durable: Buffer.alloc(0), named: false };
    this.nodes.set(path, opened);
    return new MemoryFile(this, path, opened);
  }

  async makeFolder(path: string): Promise<void> {
    this.step('makeFolder', path);
    this.folders.add(path);
  }

  async syncFolder(path: string): Promise<void> {
    this.step('syncFolder', path);
    for (const [name, node] of this.nodes) if (dirname(name) === path) node.named = true;
    for (const name of [...this.#before.keys()]) if (dirname(name) === path) this.#before.delete(name);
  }

  async list(path: string): Promise<readonly string[]> {
    this.step('list', path);
    const inside = [...this.nodes.keys(), ...this.folders].filter(name => name.startsWith(`${path}/`));
    return [...new Set(inside.map(name => name.slice(path.length + 1).split('/')[0] ?? ''))].sort();
  }

  async exists(path: string): Promise<boolean> {
    this.step('exists', path);
    return [...this.nodes.keys(), ...this.folders].some(known => known === path || known.startsWith(`${path}/`));
  }

  async rename(from: string, to: string): Promise<boolean> {
    this.step('rename', from);
    if (this.folders.has(from)) return this.#renameFolder(from, to);
    const node = this.nodes.get(from);
    if (node === undefined) return false;
    for (const name of [from, to]) this.#remember(name);
    this.nodes.delete(from);
    this.nodes.set(to, node);
    return true;
  }

  async place(from: string, to: string): Promise<boolean> {
    this.step('place', to);
    if (this.nodes.has(to)) return false;
    const node = this.nodes.get(from);
    if (node === undefined) throw fileError(Object.assign(new Error('gone'), { code: 'ENOENT' }), from);
    for (const name of [from, to]) this.#remember(name);
    this.nodes.delete(from);
    this.nodes.set(to, node);
    return true;
  }

  #remember(name: string): void {
    const node = this.nodes.get(name);
    if (!this.#before.has(name)) this.#before.set(name, node?.named === true ? node : undefined);
  }

  #renameFolder(from: string, to: string): boolean {
    const renamed = (path: string) => (path === from || path.startsWith(`${from}/`) ? to + path.slice(from.length) : path);
    const nodes = [...this.nodes].map(([path, node]) => [renamed(path), node] as const);
    const folders = [...this.folders].map(renamed);
    this.nodes.clear();
    this.folders.clear();
    for (const [path, node] of nodes) this.nodes.set(path, node);
    for (const path of folders) this.folders.add(path);
    return true;
  }

  async remove(path: string): Promise<void> {
    this.step('remove', path);
    if (!this.nodes.has(path)) return;
    this.#remember(path);
    this.nodes.delete(path);
  }

  /** Starts a new life on the same disk. */
  crash(mode: CrashMode): void {
    this.failAt = this.dieAt = Number.POSITIVE_INFINITY;
    if (mode !== 'kill') {
      for (const [name, node] of this.#before) {
        if (node === undefined) this.nodes.delete(name);
        else this.nodes.set(name, node);
      }
    }
    this.#before.clear();
    for (const [path, node] of this.nodes) {
      if (mode === 'kill') continue;
      if (!node.named) this.nodes.delete(path);
      const half = Buffer.from(node.data.subarray(0, Math.floor((node.data.length + node.durable.length) / 2)));
      node.data = mode === 'torn' && node.data.length > node.durable.length ? half : Buffer.from(node.durable);
      node.durable = Buffer.from(node.data);
    }
  }

  get isDead(): boolean {
    return this.operations >= this.dieAt;
  }

  text(path: string): string {
    return this.nodes.get(path)?.data.toString('latin1') ?? '';
  }

  /** Throws when so many bytes more do not fit. */
  take(bytes: number, path: string): void {
    const used = [...this.nodes.values()].reduce((sum, { data }) => sum + data.length, 0);
    if (used + bytes > this.space) throw fileError(Object.assign(new Error('full'), { code: this.errno }), path);
  }

  step(what: string, path: string): void {
    this.operations += 1;
    this.log.push(`${this.operations} ${what} ${path}`);
    if (this.operations === this.dieAt) this.died();
    if (this.isDead) throw new Error('the process is dead');
    if (this.operations === this.failAt) throw fileError(Object.assign(new Error(this.errno), { code: this.errno }), path);
  }
}

class MemoryFile implements ArchiveFile {
  readonly #files: MemoryFiles;
  readonly #path: string;
  readonly #node: Node;

  constructor(files: MemoryFiles, path: string, node: Node) {
    this.#files = files;
    this.#path = path;
    this.#node = node;
  }

  async read(into: Buffer, position: number): Promise<number> {
    this.#files.step('read', this.#path);
    return this.#node.data.copy(into, 0, position);
  }

  /** A write that fails has written half. */
  async write(bytes: Buffer, position: number): Promise<void> {
    try {
      this.#files.step('write', this.#path);
      this.#files.take(position + bytes.length - this.#node.data.length, this.#path);
    } catch (error) {
      this.#put(bytes.subarray(0, bytes.length / 2), position);
      throw error;
    }
    this.#put(bytes, position);
  }

  async truncate(length: number): Promise<void> {
    this.#files.step('truncate', this.#path);
    this.#node.data = Buffer.from(this.#node.data.subarray(0, length));
  }

  async sync(): Promise<void> {
    this.#files.step('sync', this.#path);
    this.#node.durable = Buffer.from(this.#node.data);
  }

  async size(): Promise<number> {
    this.#files.step('size', this.#path);
    return this.#node.data.length;
  }

  async close(): Promise<void> {
    this.#files.step('close', this.#path);
  }

  #put(bytes: Buffer, position: number): void {
    const data = Buffer.alloc(Math.max(this.#node.data.length, position + bytes.length));
    this.#node.data.copy(data);
    bytes.copy(data, position);
    this.#node.data = data;
  }
}
