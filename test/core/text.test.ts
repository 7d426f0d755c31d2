import { Readable } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { headline, printable, printableJson, printableLines, printableStream, shellWord, shorten } from '../../src/core/text.ts';
import { execFileSync } from '../support/sync-child.ts';

it('JSON with everything that steers a terminal as escapes is the same JSON', () => {
  const value = { 'a\u202e': ['\u009b5n\u001b[2J\n\u2028', '\ufeff', 'ü😀'], n: [1, true, null] };
  for (const indent of [false, true]) {
    const text = printableJson(value, { indent });
    expect(JSON.parse(text)).toEqual(value);
    expect(text).toContain('\\u202e');
    expect(text).toContain('ü😀');
    expect(text.replaceAll('\n', '')).not.toMatch(/[\u0000-\u001f\u007f-\u009f\u200b-\u202e\ufeff]/);
  }
  expect(printableJson(value, { indent: true }).split('\n').length).toBeGreaterThan(5);
});

it.each([
  '',
  'plain/ä日本.yaml',
  'my job.yaml',
  "it's",
  '~/x',
  '$(id)`id`',
  'a\\"b',
  '*.{a,b}',
  'x;y&z|w',
  "''",
  'two\nlines',
  '# !',
])('a shell takes %j back whole', word => {
  const script = `printf %s ${shellWord(word)}`;
  expect(execFileSync('sh', ['-c', script], { encoding: 'utf8' })).toBe(word);
});

it('a word that a shell leaves alone stands as it is', () => {
  expect(['@web:/www', '--state=/var/lib/x-1', 'ä.yaml'].map(shellWord)).toEqual(['@web:/www', '--state=/var/lib/x-1', 'ä.yaml']);
});

describe('printable', () => {
  it.each([
    ['plain äöü 日本 🚀', 'plain äöü 日本 🚀'],
    ['\u001b[31mred', '\\x1b[31mred'],
    ['a\r\nb', 'a\\x0d\\x0ab'],
    ['\u009b2J', '\\x9b2J'],
    ['invoice\u202efdp.exe', 'invoice\\u202efdp.exe'],
    ['\u0000\u007f', '\\x00\\x7f'],
    ['a\u061cb\ufff9c', 'a\\u061cb\\ufff9c'],
    ['lone \ud800 half', 'lone \ufffd half'],
    ['tab\there', 'tab here'],
  ])('%j becomes %j', (text, safe) => expect(printable(text)).toBe(safe));

  it.each([
    ['one line', 'one line'],
    ['ended with 2:\nline\nline', 'ended with 2: …'],
    ['one line\r\n', 'one line'],
    ['', ''],
  ])('the headline of %j is %j', (text, line) => expect(headline(text)).toBe(line));

  it('keeps line ends when asked', () => expect(printableLines('a\r\nb\u001b\nc')).toBe('a\nb\\x1b\nc'));
});

describe('shorten', () => {
  it.each([
    ['hello', 5, 'hello'],
    ['hello', 4, 'hel…'],
    ['🚀🚀🚀', 2, '🚀…'],
    ['hello', 1, '…'],
    ['hello', 0, ''],
  ])('%j to %i', (text, width, short) => expect(shorten(text, width)).toBe(short));
});

describe('printableStream', () => {
  const bytes = Buffer.from('a\r\nb\u001b[31mü\rc\n€');
  const wanted = 'a\nb\\x1b[31mü\\x0dc\n€';
  const shown = async (...chunks: readonly Uint8Array[]) => {
    let text = '';
    for await (const piece of printableStream(Readable.from(chunks))) text += piece;
    return text;
  };

  it.each(Array.from({ length: bytes.length }, (_, at) => at))('shows the same cut at byte %i', async at => {
    expect(await shown(bytes.subarray(0, at), bytes.subarray(at))).toBe(wanted);
  });

  it('shows a broken end', async () => {
    expect(await shown(Buffer.from([0xe2, 0x82]))).toBe('\ufffd');
    expect(await shown(Buffer.from('x\r'))).toBe('x\\x0d');
  });
});
