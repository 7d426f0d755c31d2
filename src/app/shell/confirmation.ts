// `mget a.txt (y, n, all, quit)?`: goes through many things, asking before each while `prompt` is on.
import { printable } from '../../core/text.ts';
import type { ShellSession } from './shell-session.ts';

/** In a script nobody is asked, and all are taken. */
export async function* chosen<T>(
  shell: ShellSession,
  verb: string,
  items: readonly T[],
  nameOf: (item: T) => string,
): AsyncGenerator<T> {
  const { ask } = shell.io;
  let asking = shell.settings.prompt && ask !== undefined;
  for (const item of items) {
    if (asking && ask !== undefined) {
      const answer = (await ask(`${verb} ${printable(nameOf(item))} (yes, no, all, quit)? `)).trim().toLowerCase();
      if (answer.startsWith('q')) return;
      if (answer.startsWith('a')) asking = false;
      else if (answer !== '' && !answer.startsWith('y')) continue;
    }
    yield item;
  }
}
