import { describe, expect, it } from 'vitest';
import { commandNamed } from '../../../src/app/shell/command-table.ts';
import { commandsOf, quotedWord, typedSoFar, withinQuote } from '../../../src/app/shell/words.ts';

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

describe('what is being typed', () => {
  it.each([
    ['', [], '', '', undefined],
    ['get', [], 'get', 'get', undefined],
    ['get ', ['get'], '', '', undefined],
    ['cd "a b" two\\ w', ['cd', 'a b'], 'two w', 'two\\ w', undefined],
    ['get "two w', ['get'], 'two w', '"two w', '"'],
    ["put x 'it\\s a", ['put', 'x'], 'it\\s a', "'it\\s a", "'"],
    ['get "a;b" c; put "x ', ['put'], 'x ', '"x ', '"'],
  ])('%s', (line, words, word, raw, quote) => {
    expect(typedSoFar(line)).toEqual({ words, word, raw, quote });
  });

  it.each(['plain', 'a b', 'it\'s "x"', 'a;b', 'back\\slash'])('%s within a quote is one word again', word => {
    for (const quote of ['"', "'"]) {
      const text = withinQuote(word, quote);
      if (text === undefined) expect([quote, word]).toEqual(["'", expect.stringContaining("'")]);
      else expect(commandsOf(`get ${text}${quote}`)).toEqual([['get', word]]);
    }
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
