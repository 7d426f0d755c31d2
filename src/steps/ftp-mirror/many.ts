// A mirror of very many files keeps its garbage within a bound; one of few is over before any is worth collecting.
import { boundGarbage } from '../../core/memory.ts';

/** Files and folders up to here are few. */
const FEW = 8_192;
const STEP = 512;

/** To be called with each number that something counted by one has reached. */
export function boundGarbageAt(count: number): void {
  if (count > FEW && count % STEP === 0) boundGarbage();
}
