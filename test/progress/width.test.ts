// Lines made to fit a narrow screen without a word that is cut.
import { expect, it } from 'vitest';
import { fold } from '../../src/progress/width.ts';

it.each([
  ['fits', 4, 'fits'],
  ['two words', 5, 'two\nwords'],
  ['  hint: as it begins so it goes on', 16, '  hint: as it\n  begins so it\n  goes on'],
  ['          far to the right of it', 12, '      far to\n      the\n      right\n      of it'],
  ['see https://example.org/a/long/address now', 10, 'see\nhttps://example.org/a/long/address\nnow'],
  ['日本 日本', 6, '日本\n日本'],
  ['\u001b[31mred\u001b[39m word', 8, '\u001b[31mred\u001b[39m word'],
  ['a  b', 3, 'a\nb'],
  ['', 20, ''],
])('%j in %i columns', (line, columns, folded) => expect(fold(line, columns)).toBe(folded));
