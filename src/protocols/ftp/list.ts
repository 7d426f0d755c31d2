// Lists a folder so that what comes back is proven: the folder exists, and the listing is whole.
import { AppError, RefusedError } from '../../core/errors.ts';
import { Landing } from '../net/landing.ts';
import type { Reply } from '../wire/reply.ts';
import type { Charset } from './charset.ts';
import { refused } from './errors.ts';
import type { CurrentFolder } from './folder.ts';
import { PURE_FTPD_ENTRIES } from './limits.ts';
import type { FtpEntry } from './listing/entry.ts';
import { ListingReader } from './listing/index.ts';
import type { SignedIn } from './login.ts';
import { Receiving } from './receiving.ts';
import { StatusLister } from './status-list.ts';
import { moved } from './streams.ts';
import { beginTransfer, type TransferContext } from './transfer.ts';

type Way = 'MLSD' | 'LIST -a' | 'LIST';

export interface ListerContext extends TransferContext {
  readonly folder: CurrentFolder;
  readonly charset: Charset;
  readonly signedIn: SignedIn;
}

export class FolderLister {
  readonly #context: ListerContext;
  readonly #status: StatusLister;
  #ways: readonly Way[];
  #landing: Landing | undefined;

  constructor(context: ListerContext) {
    this.#context = context;
    this.#status = new StatusLister({ ...context, leavesLinks: context.signedIn.features.mlst });
    this.#ways = context.signedIn.features.mlst ? ['MLSD', 'LIST -a', 'LIST'] : ['LIST -a', 'LIST'];
  }

  /** vsftpd and Pure-FTPd answer 226 and nothing for a LIST of what does not exist, so the folder is entered first. */
  async list(path: string): Promise<FtpEntry[]> {
    const { control, folder } = this.#context;
    await folder.visit(path);
    for (const [index, way] of this.#ways.entries()) {
      const last = index === this.#ways.length - 1;
      const entries = await this.#try(way, last);
      if (entries === undefined) continue;
      this.#ways = this.#ways.slice(index);
      this.#status.learn(path, entries);
      return entries;
    }
    throw new AppError('listing-refused', `${control.where} listed nothing in any way`);
  }

  /** Leaves with the next command, or at flush(); undefined where only list() can tell. */
  soon(path: string): Promise<readonly FtpEntry[] | undefined> {
    return this.#status.soon(path);
  }

  /** Several folders at once; undefined for each that only list() can tell. */
  async together(paths: readonly string[]): Promise<readonly (readonly FtpEntry[] | undefined)[]> {
    const asked = Promise.all(paths.map(path => this.#status.soon(path)));
    const [, answers] = await Promise.all([this.#context.control.flush(), asked]);
    return answers;
  }

  /** Undefined when another way should be tried: the server does not know this one, or took `-a` for a name. */
  async #try(way: Way, last: boolean): Promise<FtpEntry[] | undefined> {
    try {
      const { entries, sawItself } = await this.#read(way);
      return way === 'LIST -a' && entries.length === 0 && !sawItself ? undefined : entries;
    } catch (error) {
      if (!last && error instanceof RefusedError && WAY_REFUSED.has(error.refusal.replyCode)) return undefined;
      throw error;
    }
  }

  async #read(way: Way): Promise<{ readonly entries: FtpEntry[]; readonly sawItself: boolean }> {
    const { charset, clock } = this.#context;
    const reader = new ListingReader({
      dialect: way === 'MLSD' ? 'mlsd' : 'list',
      decode: line => charset.decode(line),
      now: clock.now(),
    });
    this.#landing ??= new Landing(LANDING_BYTES);
    const transfer = await beginTransfer(this.#context, way, 0, this.#landing);
    await moved(done => new Receiving(transfer, false, chunk => reader.push(chunk), done).begin());
    const entries = reader.finish();
    if (transfer.reply !== undefined) this.#assertWhole(way, transfer.reply, reader.lines);
    return { entries, sawItself: reader.sawItself };
  }

  /** Servers that cannot list everything say 226 all the same. */
  #assertWhole(way: Way, final: Reply, lines: number): void {
    const { control, signedIn } = this.#context;
    const text = final.lines.join(' ');
    if (/failed to open/i.test(text)) {
      throw refused(control.where, way, final, {
        code: 'listing-refused',
        retry: 'never',
        hint: 'The user may not read that folder.',
      });
    }
    if (!/truncated/i.test(text) && !(lines === PURE_FTPD_ENTRIES && /pure-?ftpd/i.test(signedIn.greeting))) return;
    throw refused(control.where, way, final, {
      code: 'listing-truncated',
      retry: 'never',
      hint: 'The server cuts long listings; split the folder or raise its limit (Pure-FTPd: LimitRecursion).',
    });
  }
}

/** As much as Node would read at once. */
const LANDING_BYTES = 64 * 1024;

/** 5yz replies that say something about the command, not about a folder that we stand in. */
const WAY_REFUSED = new Set(['500', '501', '502', '504', '550']);
