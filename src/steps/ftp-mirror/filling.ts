// New folders while they are filled: which, what they still wait for, and how each gets its name in the end.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import type { Survey } from './comparison/survey.ts';
import { fillsNewFolders, foldersToFill } from './new-folders.ts';
import type { Receiver } from './receiver.ts';
import { inLanes } from './sessions/lanes.ts';
import type { Tally } from './tally.ts';
import { makeLastRank } from './trees/filter.ts';
import type { Workshop } from './workshop.ts';

interface Content {
  /** Files that are neither there nor given up. */
  readonly open: Set<string>;
  /** What an upload may have left something of. */
  readonly givenUp: Set<string>;
}

interface Inside {
  /** The outer before the inner. */
  readonly folders: readonly string[];
  readonly files: readonly string[];
}

type Failed = (path: string, error: unknown) => void;

export class Filling {
  readonly #workshop: Workshop;
  readonly #survey: Survey;
  readonly #receiver: Receiver;
  readonly #tally: Tally;
  readonly #contents = new Map<string, Content>();

  /** Chooses the folders: from now on what goes into them goes where they lie until they have their names. */
  constructor(workshop: Workshop, survey: Survey, receiver: Receiver, tally: Tally) {
    this.#workshop = workshop;
    this.#survey = survey;
    this.#receiver = receiver;
    this.#tally = tally;
    const { plan, begun } = survey;
    const { config, newFolders } = workshop;
    if (!fillsNewFolders(config)) return;
    const rankOf = makeLastRank(config.last);
    for (const folder of foldersToFill({ plan, begun, waits: path => rankOf(path) > 0 })) newFolders.open(folder);
  }

  /** The folders are made, those of them that could be. */
  begin(): void {
    const { plan, begun } = this.#survey;
    for (const folder of begun) this.#contentAround(folder);
    for (const { path } of plan.transfers) this.#contentAround(path)?.open.add(path);
  }

  #contentAround(path: string): Content | undefined {
    const folder = this.#workshop.newFolders.around(path);
    if (folder === undefined) return undefined;
    const content = this.#contents.get(folder) ?? { open: new Set(), givenUp: new Set() };
    this.#contents.set(folder, content);
    return content;
  }

  /** Returns the folder when this was the last file it waited for. `left`: something of it may be there that is not to stay. */
  settled(path: string, left: boolean): string | undefined {
    const folder = this.#workshop.newFolders.around(path);
    const content = folder === undefined ? undefined : this.#contents.get(folder);
    if (content === undefined || !content.open.delete(path)) return undefined;
    if (left) content.givenUp.add(path);
    return content.open.size === 0 ? folder : undefined;
  }

  /** Those that wait for nothing. */
  whole(): readonly string[] {
    return [...this.#contents].filter(([, { open }]) => open.size === 0).map(([folder]) => folder);
  }

  /** What was given up leaves nothing behind. `failed` hears of what is not to have its name. */
  async name(folder: string, failed: Failed): Promise<void> {
    const givenUp: ReadonlySet<string> = this.#contents.get(folder)?.givenUp ?? new Set();
    this.#contents.delete(folder);
    let isClear = true;
    const remains = (error: unknown) => {
      if (!(error instanceof AppError) || error.retry !== 'never') throw error;
      isClear = false;
    };
    await inLanes(givenUp, this.#receiver.window, path => this.#receiver.removeTemp(path, 'file'), remains);
    if (isClear && (await this.#receiver.nameFolder(folder))) return;
    const { transfers, unchanged, folders } = this.#survey.plan;
    const isInside = (path: string) => path.startsWith(`${folder}/`) && !givenUp.has(path);
    const files = [...transfers.map(({ path }) => path), ...unchanged].filter(isInside);
    const inside = { folders: [folder, ...folders.filter(isInside)], files };
    await this.#nameEach(folder, inside, failed);
  }

  /** Where a folder cannot be renamed, another has got its name meanwhile, or something in it is not to be seen. */
  async #nameEach(folder: string, { folders, files }: Inside, failed: Failed): Promise<void> {
    const { newFolders } = this.#workshop;
    const places = new Map([...folders, ...files].map(path => [path, newFolders.at(path)]));
    const placeOf = (path: string) => places.get(path) ?? path;
    newFolders.close(folder);
    for (const path of folders) await this.#receiver.makeFolder(path).catch(error => failed(path, error));
    const move = async (path: string) => {
      if (!(await this.#receiver.move(placeOf(path), path))) failed(path, notNamed(placeOf(path)));
    };
    await inLanes(files, this.#receiver.window, move, (error, path) => failed(path, error));
    for (const path of folders.toReversed()) await this.drop(placeOf(path));
  }

  /** A folder without a name that is not to get any. It stays when it holds what the mirror did not put there. */
  async drop(folder: string): Promise<void> {
    try {
      await this.#receiver.removeTemp(folder, 'folder');
    } catch (error) {
      if (!(error instanceof AppError) || error.retry !== 'never') throw error;
      this.#tally.once(`${printable(folder)}/ stays: ${error.message}`);
    }
  }
}

function notNamed(path: string): AppError {
  return new AppError('rename-refused', `it is there as ${printable(path)}, but the server does not let it have its name`, {
    hint: 'The account may lack the right to rename; `atomic: false` writes files under their own names.',
  });
}
