// Does the server keep a name as it is told? Some change characters and say yes: then a file would take the place of another unseen.
import { AppError, RefusedError } from '../../../core/errors.ts';
import { randomHex } from '../../../core/random.ts';
import { printable } from '../../../core/text.ts';
import type { FtpClient } from '../../../protocols/ftp/index.ts';
import { remotePath } from '../trees/paths.ts';
import { UNNAMED } from '../trees/temp-name.ts';
import type { Workshop } from '../workshop.ts';

interface Kind {
  readonly what: string;
  readonly is: (name: string) => boolean;
  readonly sample: (stem: string) => string;
  /** Servers that need not be asked. */
  readonly not?: (client: FtpClient) => boolean;
}

const utf8 = ({ features }: FtpClient) => features.utf8;

const KINDS: readonly Kind[] = [
  { what: 'control characters', is: name => /[\x01-\x1f\x7f]/.test(name), sample: stem => `${stem}\x07x` },
  { what: 'a blank at its end', is: name => name.endsWith(' '), sample: stem => `${stem} ` },
  { what: 'a blank at its beginning', is: name => name.startsWith(' '), sample: stem => ` ${stem}` },
  { what: 'a dot at its end', is: name => name.endsWith('.'), sample: stem => `${stem}.` },
  { what: 'quotation marks', is: name => name.includes('"'), sample: stem => `${stem}"x` },
  { what: 'letters other than ASCII', is: name => /[^\0-\x7f]/.test(name), sample: stem => `${stem}\xe9`, not: utf8 },
  { what: 'a backslash', is: name => name.includes('\\'), sample: stem => `${stem}\\x` },
];

/** A name of any of these kinds. */
const UNUSUAL = /[^ !#-[\]-~]|^ |[ .]$/;

export class NameProbe {
  readonly #workshop: Workshop;
  readonly #mangled: () => Promise<readonly Kind[]>;
  #answer: Promise<readonly Kind[]> | undefined;

  /** `paths`: all that will be written. Nothing is asked of a server when their names are ordinary. */
  constructor(workshop: Workshop, paths: Iterable<string>) {
    this.#workshop = workshop;
    this.#mangled = () => {
      const names = [...paths].map(nameOf);
      return this.#try(KINDS.filter(({ is }) => names.some(is)));
    };
  }

  /** Nothing in it that servers are known to change. */
  isOrdinary(path: string): boolean {
    return !UNUSUAL.test(nameOf(path));
  }

  /** Throws AppError `name-changed` when the server would store `path` under another name. */
  async assertKept(path: string): Promise<void> {
    if (this.isOrdinary(path)) return;
    const name = nameOf(path);
    this.#answer ??= this.#mangled();
    const kind = (await this.#answer).find(({ is }) => is(name));
    if (kind === undefined) return;
    throw new AppError(
      'name-changed',
      `the server would store "${printable(name)}" under another name: it changes ${kind.what}`,
      {
        hint: 'Rename the file or exclude it.',
      },
    );
  }

  /**
   * Makes a folder of each kind, looks what became of it (in whatever Unicode form), and removes it again: all in one that a later run
   * knows for ours and removes.
   */
  #try(kinds: readonly Kind[]): Promise<readonly Kind[]> {
    const { pool, remoteRoot, context } = this.#workshop;
    const home = remotePath(remoteRoot, UNNAMED + randomHex(context.random, 6));
    return pool.use(async (client, attempt) => {
      const tried = kinds.filter(({ not }) => not?.(client) !== true);
      if (tried.length === 0) return [];
      const samples = tried.map((kind, index) => ({ kind, path: remotePath(home, kind.sample(`${attempt}-${index}`)) }));
      await said(client.makeFolder(home));
      const made: typeof samples = [];
      let seen: readonly string[] = [];
      try {
        for (const sample of samples) if (await said(client.makeFolder(sample.path))) made.push(sample);
        if (made.length === 0) return [];
        seen = (await client.list(home)).map(({ name }) => name);
        const kept = new Set(seen.map(name => name.normalize()));
        return made.filter(({ path }) => !kept.has(nameOf(path))).map(({ kind }) => kind);
      } finally {
        // Under its other name, too: not every server that changes a name in MKD does so in RMD.
        const left = new Set([...made.map(({ path }) => path), ...seen.map(name => remotePath(home, name))]);
        for (const path of [...left, home]) await said(client.removeFolder(path)).catch(() => false);
      }
    });
  }
}

function nameOf(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

/** False when the server said no, or the name has no bytes: so it will be with the real names, too. */
async function said(answer: Promise<void>): Promise<boolean> {
  try {
    await answer;
    return true;
  } catch (error) {
    if (error instanceof RefusedError || (error instanceof AppError && error.code === 'name-unencodable')) return false;
    throw error;
  }
}
