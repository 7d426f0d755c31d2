// Many folders in one round trip: STAT lists over the control connection, in windows. Believed only from a server that has shown it right.
//
//   untried ── STAT says of a folder what its ordinary listing said ──► proven ──► proven
//      └───────────── says anything else, or knows no STAT ──► lost ◄── knows no STAT, session dead
import type { Clock } from '../../core/clock.ts';
import type { Endpoint } from '../net/endpoint.ts';
import type { Reply } from '../wire/reply.ts';
import type { Charset } from './charset.ts';
import type { FtpControl } from './control.ts';
import { isPositive, isUnsupported } from './errors.ts';
import type { CurrentFolder } from './folder.ts';
import { STATUS_LINES_MAX } from './limits.ts';
import type { FtpEntry } from './listing/entry.ts';
import { ListingReader } from './listing/index.ts';

export interface StatusContext {
  readonly control: FtpControl;
  readonly folder: CurrentFolder;
  readonly charset: Charset;
  readonly endpoint: Endpoint;
  readonly clock: Clock;
  /** MLSD and LIST show links differently: a folder with a link is left to MLSD where there is one. */
  readonly leavesLinks: boolean;
}

/** A folder whose content is known: what STAT says of it shows what STAT is worth. */
interface Touchstone {
  readonly path: string;
  readonly entries: readonly FtpEntry[];
}

/** What is known of a server, whichever session found it out. */
interface Knowledge {
  trust: 'untried' | 'proven' | 'lost';
  touchstone?: Touchstone;
}

const known = new WeakMap<Endpoint, Knowledge>();

export class StatusLister {
  readonly #context: StatusContext;
  readonly #known: Knowledge;
  /** This session's own. */
  #proof: Promise<void> | undefined;

  constructor(context: StatusContext) {
    this.#context = context;
    this.#known = known.get(context.endpoint) ?? { trust: 'untried' };
    known.set(context.endpoint, this.#known);
  }

  /** An ordinary listing, just read. */
  learn(path: string, entries: readonly FtpEntry[]): void {
    if (this.#known.trust !== 'untried' || entries.length === 0 || entries.length > STATUS_LINES_MAX - DOTS) return;
    if (this.#context.leavesLinks && entries.some(({ type }) => type === 'link')) return;
    const full = this.#askable(path);
    if (full !== undefined) this.#known.touchstone = { path: full, entries };
  }

  /** Rides. Its entries, or undefined where STAT proves nothing. Throws only when the session is dead. */
  async soon(path: string): Promise<readonly FtpEntry[] | undefined> {
    const { touchstone, trust } = this.#known;
    if (!this.#context.control.trust.given || trust === 'lost' || (trust === 'untried' && touchstone === undefined))
      return undefined;
    try {
      if (touchstone !== undefined && trust === 'untried') this.#proof ??= this.#prove(touchstone);
      const [entries] = await Promise.all([this.#ask(path), this.#proof]);
      return this.#known.trust === 'proven' ? entries : undefined;
    } catch (error) {
      this.#known.trust = 'lost';
      throw error;
    }
  }

  async #prove({ path, entries }: Touchstone): Promise<void> {
    const again = await this.#ask(path);
    if (this.#known.trust === 'untried') this.#known.trust = isSame(again ?? [], entries) ? 'proven' : 'lost';
  }

  async #ask(path: string): Promise<readonly FtpEntry[] | undefined> {
    const { control, charset, clock } = this.#context;
    const full = this.#askable(path);
    if (full === undefined) return undefined;
    const reader = new ListingReader({ dialect: 'list', decode: line => charset.decode(line), now: clock.now() });
    let useless = false;
    const inner = (line: Buffer) => {
      if (useless || reader.lines >= STATUS_LINES_MAX) {
        useless = true;
        return;
      }
      try {
        reader.take(line.subarray(indent(line)));
      } catch {
        useless = true;
      }
    };
    const reply = await control.ride(`STAT -a ${full}`, { inner });
    if (isUnsupported(reply)) this.#known.trust = 'lost';
    return !useless && isWhole(reply, reader) && !this.#leaves(reader) ? reader.finish() : undefined;
  }

  /** The name that STAT can be asked for. */
  #askable(path: string): string | undefined {
    const full = this.#context.folder.absolute(path);
    return full !== undefined && PLAIN.test(full) ? full : undefined;
  }

  #leaves(reader: ListingReader): boolean {
    return this.#context.leavesLinks && reader.sawLink;
  }
}

/** `.` and `..` */
const DOTS = 2;

/** Servers split the argument at blanks, and take the rest of these for patterns. */
const PLAIN = /^\/[^\s*?[\]{}~\\]*$/;

const [SPACE, TWO] = [0x20, 0x32];

/** `213-`, as some servers write before each line, and the blank that RFC 959 asks for. */
function indent(line: Buffer): number {
  if (line[0] !== SPACE && line[0] !== TWO) return 0;
  return /^(?:21[123]-)? ?/.exec(line.toString('latin1', 0, 5))?.[0].length ?? 0;
}

/** A folder lists itself; what does not is no folder, none that may be read, or an option taken for a name. */
function isWhole(reply: Reply, reader: ListingReader): boolean {
  return isPositive(reply) && reader.sawItself && !/truncated/i.test(reply.lines.join(' '));
}

function isSame(one: readonly FtpEntry[], other: readonly FtpEntry[]): boolean {
  if (one.length !== other.length) return false;
  const known = new Map(other.map(entry => [entry.name, entry]));
  return one.every(({ name, type, size }) => {
    const twin = known.get(name);
    return twin !== undefined && twin.type === type && twin.size === size;
  });
}
