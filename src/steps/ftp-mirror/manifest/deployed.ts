// What is deployed, kept true while a mirror works: a file that arrives is entered, one that is deleted goes out, and both sides are told.
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { MANIFEST_NAME } from '../own-names.ts';
import type { Workshop } from '../workshop.ts';
import { askFacts } from './ask.ts';
import type { LocalSums } from './local-sums.ts';
import { type DeployedFile, fileRows, type Manifest, manifestOf } from './manifest.ts';
import { sendManifest } from './remote-manifest.ts';
import { readRows, writeRows } from './rows.ts';

type Facts = Awaited<ReturnType<FtpClient['soon']['facts']>>;

/** While a mirror works, the server is told what has arrived at least this often. */
const SAVE_MS = 60_000;

/** The copy of the manifest that is kept here, and how the one on the server looked when both were the same. */
export interface KeptManifest {
  readonly manifest: Manifest;
  readonly looked: { readonly size: number; readonly modifiedAt: number };
}

export async function keptManifest({ context, memory }: Workshop): Promise<KeptManifest | undefined> {
  const kept = await readRows(context.ledger, memory.place('manifest'));
  const head = kept?.head as { looked?: KeptManifest['looked']; folders?: unknown[] } | undefined;
  if (kept === undefined || head?.looked === undefined || !Array.isArray(head.folders)) return undefined;
  const manifest = manifestOf(kept.rows, head.folders);
  return manifest === undefined ? undefined : { manifest, looked: head.looked };
}

export function looksAsKept({ looked }: KeptManifest, facts: Facts): boolean {
  return facts !== undefined && facts.size === looked.size && facts.modifiedAt === looked.modifiedAt;
}

export class Deployed {
  readonly #workshop: Workshop;
  readonly #sums: LocalSums;
  readonly #files: Map<string, DeployedFile>;
  readonly #folders: Set<string>;
  #dirty: boolean;
  #savedAt: number;
  #saving: Promise<void> = Promise.resolve();

  /** `dirty`: the server does not know it like this yet. */
  constructor(workshop: Workshop, sums: LocalSums, manifest: Manifest, dirty: boolean) {
    this.#workshop = workshop;
    this.#sums = sums;
    this.#files = new Map(manifest.files);
    this.#folders = new Set(manifest.folders);
    this.#dirty = dirty;
    this.#savedAt = workshop.context.clock.elapsed();
  }

  add(path: string, file: DeployedFile): void {
    this.#files.set(path, file);
    this.#change();
  }

  addFolder(path: string): void {
    this.#folders.add(path);
    this.#change();
  }

  drop(path: string): void {
    this.#files.delete(path);
    this.#folders.delete(path);
    this.#change();
  }

  /** The entry of a path, for what keeps its content and changes its name. */
  get(path: string): DeployedFile | undefined {
    return this.#files.get(path);
  }

  /** Tells the server, when there is something to tell, and remembers it here. */
  async save(): Promise<void> {
    await this.#saving;
    if (this.#dirty) await this.#save();
    await this.#sums.keep();
  }

  #change(): void {
    this.#dirty = true;
    const now = this.#workshop.context.clock.elapsed();
    if (now - this.#savedAt < SAVE_MS) return;
    this.#savedAt = now;
    this.#saving = this.#saving.then(() => this.#save()).catch(() => undefined);
  }

  async #save(): Promise<void> {
    const { context, memory } = this.#workshop;
    const manifest = { files: new Map(this.#files), folders: new Set(this.#folders) };
    this.#dirty = false;
    try {
      const { size } = await sendManifest(this.#workshop, manifest);
      const facts = await askFacts(this.#workshop, MANIFEST_NAME);
      const looked = facts?.modifiedAt === undefined ? undefined : { size, modifiedAt: facts.modifiedAt };
      await writeRows(
        context.ledger,
        memory.place('manifest'),
        { looked, folders: [...manifest.folders] },
        fileRows(manifest.files),
      );
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }
}
