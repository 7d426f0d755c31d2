// Everything about one path in one question: MLST (RFC 3659 section 7), or SIZE and MDTM together where the server has no MLST.
import type { Reply } from '../wire/reply.ts';
import type { Attributes } from './attributes.ts';
import type { FtpControl } from './control.ts';
import { isUnsupported, refused } from './errors.ts';
import type { FtpFeatures } from './features.ts';
import type { FtpEntry } from './listing/entry.ts';
import { parseMlsdLine } from './listing/mlsd.ts';

const SECOND_MS = 1_000;
/** RFC 959: the path is not there, is something else, or may not be looked at. */
const NOT_THERE = new Set([501, 550, 553]);

export class PathFacts {
  readonly #control: FtpControl;
  readonly #attributes: Attributes;
  #mlst: boolean;

  constructor(control: FtpControl, features: FtpFeatures, attributes: Attributes) {
    this.#control = control;
    this.#attributes = attributes;
    this.#mlst = features.mlst;
  }

  /** Undefined when there is no such file. Without MLST folders and links are not told apart from what is not there. */
  async soon(path: string): Promise<Omit<FtpEntry, 'name'> | undefined> {
    return this.#mlst ? this.#byMlst(path) : this.#bySize(path);
  }

  async #byMlst(path: string): Promise<Omit<FtpEntry, 'name'> | undefined> {
    const line = `MLST ${path}`;
    const reply = await this.#control.ride(line);
    const found = reply.code === 250 ? factsIn(reply) : undefined;
    if (found !== undefined) return found;
    if (NOT_THERE.has(reply.code)) return undefined;
    if (reply.code !== 250 && !isUnsupported(reply)) throw refused(this.#control.where, line, reply);
    this.#mlst = false;
    return this.#bySize(path);
  }

  async #bySize(path: string): Promise<Omit<FtpEntry, 'name'> | undefined> {
    const [sized, timed] = [this.#control.ride(`SIZE ${path}`), this.#control.ride(`MDTM ${path}`)];
    const [sizeReply, timeReply] = [await sized, await timed];
    const size = NOT_THERE.has(sizeReply.code) ? undefined : this.#attributes.sizeFrom(path, sizeReply);
    const modifiedAt = NOT_THERE.has(timeReply.code) ? undefined : this.#attributes.modifiedFrom(path, timeReply);
    if (size === undefined && modifiedAt === undefined) return undefined;
    return {
      type: 'file',
      ...(size === undefined ? {} : { size }),
      ...(modifiedAt === undefined ? {} : { modifiedAt, precisionMs: SECOND_MS }),
    };
  }
}

/** The line between the first and the last, which begins with a blank. */
function factsIn(reply: Reply): Omit<FtpEntry, 'name'> | undefined {
  for (const line of reply.lines.slice(1)) {
    const parsed = parseMlsdLine(/^\s+\S*=/.test(line) ? line.trimStart() : line);
    if (parsed === undefined) continue;
    if (parsed === 'skip') return { type: 'folder' };
    const { name: _, ...facts } = parsed;
    return facts;
  }
  return undefined;
}
