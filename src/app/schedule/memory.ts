// A scheduler reads thousands of files and then idles for months: what the reading left behind is given back to the system.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

type Collect = (options: { type: 'major'; execution: 'sync'; flavor: 'last-resort' }) => void;

/** Takes some 60 ms, and a quarter of a second after 10,000 jobs. */
export function giveMemoryBack(): void {
  // V8 has no other way to be asked; without it the heap stays as large as it was at the start.
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as Collect | undefined;
  collect?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
}
