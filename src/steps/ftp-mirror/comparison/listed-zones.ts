// Servers whose LIST tells local time while MDTM tells UTC: by how much they differ is learned from files of which both are known.
import type { FileFacts } from '../trees/tree.ts';

/** Time zones differ from UTC by quarters of an hour, fourteen hours at most. */
const STEP_MS = 15 * 60_000;
const OFFSET_MS_MAX = 14 * 3_600_000;
/** A listing that tells days says nothing about zones. */
const LISTED_PRECISION_MS_MAX = 60_000;

export class ListedZones {
  /** More than one where daylight saving time begins or ends between the files. */
  readonly #offsets = new Set<number>();

  /** `exact` is what MDTM said of a file listed as `listed`. */
  learn(listed: FileFacts, exact: FileFacts): void {
    if (listed.modifiedAt === undefined || exact.modifiedAt === undefined || listed.precisionMs > LISTED_PRECISION_MS_MAX) return;
    const apart = exact.modifiedAt - listed.modifiedAt;
    const offset = Math.floor(apart / STEP_MS) * STEP_MS;
    if (offset !== 0 && Math.abs(offset) <= OFFSET_MS_MAX && apart - offset < listed.precisionMs) this.#offsets.add(offset);
  }

  /** `listed` in UTC, if a zone that was learned brings it to `known`; else as it is. */
  corrected(listed: FileFacts, known: number | null): FileFacts {
    const { modifiedAt, precisionMs } = listed;
    if (modifiedAt === undefined || known === null || precisionMs > LISTED_PRECISION_MS_MAX) return listed;
    const near = [0, ...this.#offsets].find(offset => Math.abs(modifiedAt + offset - known) <= precisionMs);
    return near === undefined ? listed : { ...listed, modifiedAt: modifiedAt + near };
  }
}
