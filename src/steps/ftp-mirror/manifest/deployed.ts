// What is deployed, kept true while a mirror works: a file that arrives is entered, one that is deleted goes out, and both sides are told.
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import type { MirrorPlan } from '../comparison/compare.ts';
import { MANIFEST_NAME } from '../trees/own-names.ts';
import type { Workshop } from '../workshop.ts';
import { askFacts } from './ask.ts';
import { expectedOf, NOTHING, writeExpected } from './expected.ts';
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
  readonly looked: Looks;
  /** It knows more than the one on the server, which an earlier run could not write. */
  readonly ahead: boolean;
}

interface Looks {
  readonly size: number;
  readonly modifiedAt: number;
}

/** Of none at all. */
export const ABSENT: Looks = { size: -1, modifiedAt: -1 };

export async function keptManifest({ context, memory }: Workshop): Promise<KeptManifest | undefined> {
  const kept = await readRows(context.ledger, memory.place('manifest'));
  const head = kept?.head as { looked?: Looks; folders?: unknown[]; ahead?: true } | undefined;
  if (kept === undefined || head?.looked === undefined || !Array.isArray(head.folders)) return undefined;
  const manifest = manifestOf(kept.rows, head.folders);
  return manifest === undefined ? undefined : { manifest, looked: head.looked, ahead: head.ahead === true };
}

export function looksAsKept({ looked }: KeptManifest, facts: Facts): boolean {
  return facts !== undefined && facts.size === looked.size && facts.modifiedAt === looked.modifiedAt;
}

export class Deployed {
  readonly #workshop: Workshop;
  readonly #sums: LocalSums;
  readonly #files: Map<string, DeployedFile>;
  readonly #folders: Set<string>;
  /** Noted here as coming to the server. */
  #expected: Manifest;
  #dirty: boolean;
  #savedAt: number;
  #saving: Promise<void> = Promise.resolve();
  /** How the one on the server looks; undefined when that is not known. */
  #looked: Looks | undefined;

  /** `dirty`: the server does not know it like this yet. `untold`: what runs that were killed put there. */
  constructor(
    workshop: Workshop,
    sums: LocalSums,
    manifest: Manifest,
    { dirty, looked, untold }: { dirty: boolean; looked: Looks | undefined; untold: Manifest },
  ) {
    this.#workshop = workshop;
    this.#sums = sums;
    this.#files = new Map(manifest.files);
    this.#folders = new Set(manifest.folders);
    this.#dirty = dirty;
    this.#looked = looked;
    this.#expected = untold;
    this.#savedAt = workshop.context.clock.elapsed();
  }

  /** Before anything of it is done. */
  async expect(plan: MirrorPlan): Promise<void> {
    if (plan.transfers.length + plan.moves.length + plan.folders.length === 0) return;
    this.#expected = expectedOf(plan, this.#expected);
    await writeExpected(this.#workshop, this.#expected);
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

  /** Tells the server, when there is something to tell, and remembers it here. `whole`: nothing is left of which it is not known whether it arrived. */
  async save(whole: boolean): Promise<void> {
    await this.#saving;
    if (this.#dirty) {
      try {
        await this.#save();
      } catch (error) {
        await this.keep();
        throw error;
      }
    }
    if (whole && this.#expected.files.size + this.#expected.folders.size > 0) await writeExpected(this.#workshop, NOTHING);
    await this.#sums.keep();
  }

  /** For a server that cannot be told, full or gone: else the next run would take what arrived for somebody else's. */
  async keep(): Promise<void> {
    await this.#saving;
    if (this.#dirty && this.#looked !== undefined)
      await this.#write({ files: this.#files, folders: this.#folders }, { ahead: true });
  }

  #change(): void {
    this.#dirty = true;
    const now = this.#workshop.context.clock.elapsed();
    if (now - this.#savedAt < SAVE_MS) return;
    this.#savedAt = now;
    this.#saving = this.#saving.then(() => this.#save()).catch(() => undefined);
  }

  async #save(): Promise<void> {
    const manifest = { files: new Map(this.#files), folders: new Set(this.#folders) };
    this.#dirty = false;
    try {
      const { size } = await sendManifest(this.#workshop, manifest);
      const facts = await askFacts(this.#workshop, MANIFEST_NAME);
      this.#looked = facts?.modifiedAt === undefined ? undefined : { size, modifiedAt: facts.modifiedAt };
      await this.#write(manifest, {});
    } catch (error) {
      this.#dirty = true;
      throw error;
    }
  }

  async #write({ files, folders }: Manifest, more: { ahead?: true }): Promise<void> {
    const { context, memory } = this.#workshop;
    const head = { looked: this.#looked, folders: [...folders], ...more };
    await writeRows(context.ledger, memory.place('manifest'), head, fileRows(files));
  }
}
