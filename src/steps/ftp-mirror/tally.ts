// Counts what a mirror did and could not do, and says how far it is.
import { AppError, type RetryClass, reportOf } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { StepContext, StepProgress } from '../step.ts';
import type { MirrorPlan } from './comparison/compare.ts';
import type { MirrorConfig } from './config.ts';
import { boundGarbageAt } from './many.ts';

export interface MirrorOutputs extends Readonly<Record<string, number>> {
  readonly uploaded: number;
  readonly downloaded: number;
  readonly deleted: number;
  /** Moved on the server instead of sent again. */
  readonly renamed: number;
  readonly unchanged: number;
  readonly failed: number;
  /** Sent or received in this attempt. */
  readonly bytes: number;
}

/** Failures that the error names, and that become notes of their own. */
const NAMED_MAX = 5;
const NOTES_MAX = 100;
const HOPE: readonly RetryClass[] = ['never', 'later', 'reconnect'];

export class Tally {
  readonly #direction: MirrorConfig['direction'];
  readonly #context: Pick<StepContext, 'progress' | 'note'>;
  readonly #total: number;
  readonly #totalBytes: number;
  readonly #unchanged: number;
  /** Where each transfer under way has got to. */
  readonly #positions = new Map<string, number>();
  readonly #said = new Set<string>();
  readonly #named: string[] = [];
  #transferred = 0;
  #deleted = 0;
  #renamed = 0;
  #failed = 0;
  #bytes = 0;
  /** Of the files that are there, and of those under way. */
  #doneBytes = 0;
  #underwayBytes = 0;
  #retry: RetryClass = 'never';
  #item: string | undefined;

  constructor(direction: MirrorConfig['direction'], plan: MirrorPlan, context: Pick<StepContext, 'progress' | 'note'>) {
    this.#direction = direction;
    this.#context = context;
    this.#total = plan.transfers.length;
    this.#totalBytes = plan.transfers.reduce((sum, { facts }) => sum + (facts.size ?? 0), 0);
    this.#unchanged = plan.unchanged.length;
    this.#tell();
  }

  get failed(): number {
    return this.#failed;
  }

  /** A transfer stands at `position`, after `moved` more bytes went over the wire. */
  at(path: string, position: number, moved: number): void {
    this.#bytes += moved;
    const before = this.#positions.get(path) ?? 0;
    if (position !== before) this.#positions.set(path, position);
    this.#underwayBytes += position - before;
    this.#tell(path);
  }

  transferred(path: string, size: number): void {
    this.#transferred += 1;
    boundGarbageAt(this.#transferred);
    this.#doneBytes += size;
    this.#leave(path);
    this.#tell(path);
  }

  renamed(): void {
    this.#renamed += 1;
  }

  deleted(): void {
    this.#deleted += 1;
  }

  fail(path: string, error: unknown): void {
    const { message, retry } = reportOf(error);
    this.#failed += 1;
    this.#leave(path);
    if (HOPE.indexOf(retry) > HOPE.indexOf(this.#retry)) this.#retry = retry;
    const line = `${printable(path)}: ${message}`;
    if (this.#named.length < NAMED_MAX) this.#named.push(line);
    if (this.#failed <= NOTES_MAX) this.#context.note('warning', line);
  }

  /** Says a thing that holds for the whole server or folder, once. */
  once(message: string): void {
    if (this.#said.has(message)) return;
    this.#said.add(message);
    this.#context.note('info', message);
  }

  outputs(): MirrorOutputs {
    const [uploaded, downloaded] = this.#direction === 'upload' ? [this.#transferred, 0] : [0, this.#transferred];
    const renamed = this.#renamed;
    return {
      uploaded,
      downloaded,
      deleted: this.#deleted,
      renamed,
      unchanged: this.#unchanged,
      failed: this.#failed,
      bytes: this.#bytes,
    };
  }

  /** The error of a mirror that did not do everything; its retry class is the most hopeful of its failures. */
  incomplete(): AppError | undefined {
    if (this.#failed === 0) return undefined;
    const more = this.#failed - this.#named.length;
    const names = this.#named.join('; ') + (more > 0 ? `; and ${more} more` : '');
    const done = `${this.#transferred} ${this.#direction === 'upload' ? 'uploaded' : 'downloaded'}`;
    return new AppError('mirror-incomplete', `${this.#failed} failed, ${done}: ${names}`, {
      retry: this.#retry,
      hint:
        this.#retry === 'never'
          ? 'Correct, rename or `exclude` what is named, and run again; nothing was deleted after the failure.'
          : 'Run again to transfer what is missing; nothing was deleted after the failure.',
    });
  }

  /** No longer under way. */
  #leave(path: string): void {
    this.#underwayBytes -= this.#positions.get(path) ?? 0;
    this.#positions.delete(path);
  }

  #tell(item?: string): void {
    this.#item = item;
    this.#context.progress(this.#now);
  }

  readonly #now = (): StepProgress => ({
    done: this.#transferred,
    total: this.#total,
    unit: 'files',
    bytes: this.#doneBytes + this.#underwayBytes,
    totalBytes: this.#totalBytes,
    ...(this.#item === undefined ? {} : { item: printable(this.#item) }),
  });
}
