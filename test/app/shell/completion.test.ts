// Tab completion of the FTP shell.
import { expect, test } from 'vitest';
import { complete } from '../../../src/app/shell/completion.ts';
import type { ShellSession } from '../../../src/app/shell/shell-session.ts';

test('a name that would steer the terminal, or lie on it, never reaches the line that is being typed', async () => {
  const names = ['a.txt', 'a\u001b[2J', 'a\u061cb', 'a\u202eb', 'a\u2066b', 'a\ufff9b', 'a\ud800', 'a\tb'];
  const client = { list: async () => names.map(name => ({ name, type: 'file' })) };
  const shell = { use: async (work: (with_: typeof client) => unknown) => work(client) } as unknown as ShellSession;
  expect(await complete(shell, 'get a')).toEqual([['a.txt '], 'a']);
});
