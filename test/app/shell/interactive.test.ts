// Lines that come faster than commands are done: pasted, or typed ahead. None is lost, none runs out of its turn.
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { askLine, runInteractive } from '../../../src/app/shell/interactive.ts';
import type { Completion, LineShell } from '../../../src/app/shell/line-shell.ts';
import { nextTurn } from '../../../src/core/clock.ts';
import { AppError } from '../../../src/core/errors.ts';

function makeShell() {
  const keyboard = { input: new PassThrough(), output: new PassThrough() };
  const [ran, said]: [string[], string[]] = [[], []];
  const shell: LineShell & { ended: boolean } = {
    prompt: '> ',
    ended: false,
    say: line => void said.push(line),
    async execute(line) {
      ran.push(line);
      if (line === 'quit') shell.ended = true;
      if (line === 'fail') throw new AppError('path-missing', 'there is no such folder');
      if (line === 'ask') ran.push(`answer ${await askLine(keyboard, 'sure? ')}`);
    },
    complete: async line => [[], line],
    cancel: () => undefined,
    close: async () => undefined,
  };
  return { keyboard, ran, said, shell, run: runInteractive(shell, keyboard, []) };
}

test('lines pasted together run one after the other, and a beginning waits for its end', async () => {
  const { keyboard, ran, run } = makeShell();
  keyboard.input.write('pwd\rls\r\nget a\rqu');
  await expect.poll(() => ran).toEqual(['pwd', 'ls', 'get a']);
  keyboard.input.write('it\r');
  expect(await run).toEqual(expect.arrayContaining(['quit', 'get a', 'ls', 'pwd']));
  expect(ran).toEqual(['pwd', 'ls', 'get a', 'quit']);
  const shown = keyboard.output.read()?.toString() ?? '';
  expect(shown).toContain('> ls\n> get a\n');
});

test('a Tab that is still being answered when Enter comes is heeded, and nothing runs beside it', async () => {
  const { keyboard, ran, shell, run } = makeShell();
  let answer: (completion: Completion) => void = () => undefined;
  shell.complete = () =>
    new Promise(settle => {
      answer = settle;
    });
  // Node's first editor on a stream takes a Tab in the middle of a paste for a blank.
  keyboard.input.write('cd a\r');
  await expect.poll(() => ran).toEqual(['cd a']);
  keyboard.input.write('get tw\t here\rpwd\rls \t');
  await expect.poll(() => keyboard.output.read()?.toString() ?? '').toContain('get tw');
  await nextTurn();
  expect(ran).toEqual(['cd a']);
  answer([['two\\ words.txt '], 'tw']);
  await expect.poll(() => ran).toEqual(['cd a', 'get two\\ words.txt  here', 'pwd']);
  keyboard.input.write('\u0015quit\r');
  await run;
  expect(ran).toEqual(['cd a', 'get two\\ words.txt  here', 'pwd', 'quit']);
});

test.each([
  ['the beginning that all have', [['report-1.pdf ', 'report-2.pdf '], 're'], 'get report-'],
  ['nothing where nothing fits', [[], 're'], 'get re'],
  ['nothing where they have nothing more', [['a', 'b'], ''], 'get re'],
] as const)('Tab and Enter at once take %s', async (_what, [candidates, end], line) => {
  const { keyboard, ran, shell, run } = makeShell();
  shell.complete = async () => [[...candidates], end];
  keyboard.input.write('cd a\r');
  await expect.poll(() => ran).toEqual(['cd a']);
  keyboard.input.write('get re\t\rquit\r');
  await run;
  expect(ran).toEqual(['cd a', line, 'quit']);
});

test('questions take their answers from what was pasted, too', async () => {
  const { keyboard, ran, run } = makeShell();
  keyboard.input.write('ask\rno\rquit\r');
  await run;
  expect(ran).toEqual(['ask', 'answer no', 'quit']);
});

test('after an error what was pasted behind it is not run, and that is said', async () => {
  const { keyboard, ran, said, run } = makeShell();
  keyboard.input.write('pwd\rfail\rmdelete *\rquit\r');
  await expect.poll(() => said).toEqual(['there is no such folder', 'the 2 lines entered after it were not run']);
  keyboard.input.write('quit\r');
  await run;
  expect(ran).toEqual(['pwd', 'fail', 'quit']);
});

test('Ctrl-D behind lines ends the shell once they are done; so it answers a question', async () => {
  for (const [text, expected] of [
    ['pwd\rls\r\x04', ['pwd', 'ls']],
    ['ask\r\x04', ['ask', 'answer quit']],
  ] as const) {
    const { keyboard, ran, run } = makeShell();
    keyboard.input.write(text);
    await run;
    expect(ran).toEqual(expected);
  }
});
