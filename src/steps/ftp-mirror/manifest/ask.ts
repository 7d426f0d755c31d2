// Questions about many paths of the remote folder, each asked once, together.
import { AppError } from '../../../core/errors.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { remotePath } from '../trees/paths.ts';
import { orRefused } from '../trees/remote-facts.ts';
import { ancestorsOf } from '../trees/tree.ts';
import type { Workshop } from '../workshop.ts';

export type PathFacts = Awaited<ReturnType<FtpClient['soon']['facts']>>;

/** Undefined when there is nothing at that path, or, on a server without MLST, no file. */
export async function askFacts({ batch, pool, remoteRoot }: Workshop, path: string): Promise<PathFacts> {
  const remote = remotePath(remoteRoot, path);
  try {
    return await batch.soon(soon => soon.facts(remote));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'folder-left') throw error;
    return pool.use(async client => {
      await orRefused(client.size(remote));
      const facts = client.soon.facts(remote);
      await client.flush();
      return facts;
    });
  }
}

export class Answers {
  readonly #workshop: Workshop;
  readonly #asked = new Map<string, Promise<PathFacts>>();

  constructor(workshop: Workshop) {
    this.#workshop = workshop;
  }

  of(path: string): Promise<PathFacts> {
    const known = this.#asked.get(path);
    if (known !== undefined) return known;
    const answer = askFacts(this.#workshop, path);
    answer.catch(() => undefined);
    this.#asked.set(path, answer);
    return answer;
  }
}

/** Those that something lies in. */
export function provenFolders(there: ReadonlyMap<string, PathFacts>): ReadonlySet<string> {
  return new Set([...there].filter(([, facts]) => facts !== undefined).flatMap(([path]) => [...ancestorsOf(path)]));
}
