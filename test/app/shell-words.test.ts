import { describe, expect, it } from 'vitest';
import { commandNamed } from '../../src/app/shell/command-table.ts';
import { commandsOf, quotedWord } from '../../src/app/shell/words.ts';

describe('a line of the shell', () => {
  it.each([
    ['', []],
    ['  # a note', []],
    ['ls', [['ls']]],
    ['get a b;put c ; ;quit', [['get', 'a', 'b'], ['put', 'c'], ['quit']]],
    ['get "a b" \'c;d\' e\\ f', [['get', 'a b', 'c;d', 'e f']]],
    ['get "a\\"b" \'a\\b\' ""', [['get', 'a"b', 'a\\b', '']]],
    ['put a#1 # note', [['put', 'a#1']]],
    [
      'cd x; !ls -l; echo "',
      [
        ['cd', 'x'],
        ['!', 'ls -l; echo "'],
      ],
    ],
  ])('%s', (line, commands) => {
    expect(commandsOf(line)).toEqual(commands);
  });

  it('names an open quote', () => {
    expect(() => commandsOf('get "a b')).toThrow('is not closed');
  });

  it.each(['plain', 'a b', 'it\'s "x"', '#1', 'a;b', '!x', 'back\\slash'])('%s quoted is one word again', word => {
    expect(commandsOf(`get ${quotedWord(word)}`)).toEqual([['get', word]]);
  });
});

describe('a command', () => {
  it.each([
    ['get', 'get'],
    ['BYE', 'quit'],
    ['bin', 'binary'],
    ['?', 'help'],
    ['disc', 'close'],
  ])('%s is %s', (word, name) => {
    expect(commandNamed(word).names[0]).toBe(name);
  });

  it('that is ambiguous or unknown is explained', () => {
    expect(() => commandNamed('mk')).not.toThrow();
    expect(() => commandNamed('mod')).not.toThrow();
    expect(() => commandNamed('p')).toThrow(/may mean .*pwd/);
    expect(() => commandNamed('gte')).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('Did you mean get?') }),
    );
  });
});
