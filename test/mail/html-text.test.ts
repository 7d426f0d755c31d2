import fc from 'fast-check';
import { expect, it } from 'vitest';
import { htmlText } from '../../src/mail/html-text.ts';
import { FUZZ_SEED } from '../support/splits.ts';

it.each([
  ['<p>Hello <b>you</b> &amp; me<br>bye<script>evil("<p>")</script></p>', 'Hello you & me\nbye'],
  ['<head><title>x</title><style>b{}</style></head><body>a\n  b</body>', 'a b'],
  ['<table><tr><td>1</td><td>2</td></tr><tr><td>3</td></tr></table>', '1 2\n3'],
  ['a &#228;&#xe4;&auml;&#0;&#x110000;&nonsense; b', 'a äää&#0;&#x110000;&nonsense; b'],
  ['<!-- <p>not</p> -->shown<!-- never ends', 'shown'],
  ['1 < 2 and <script>never ends', '1 < 2 and'],
  ['<', '<'],
])('%j', (html, text) => expect(htmlText(html)).toBe(text));

it('reads anything, and a hostile megabyte at once', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('<', '>', '/', 'script', 'p', '!--', '-->', '&', ';', '#', ' ', '\n') }),
      html => {
        expect(typeof htmlText(html)).toBe('string');
      },
    ),
    { seed: FUZZ_SEED },
  );
  for (const piece of ['<script>', '<p', '<!--', '&#', '<p>', ' \n'])
    expect(htmlText(piece.repeat(1_000_000 / piece.length)).length).toBeLessThan(2_000_000);
});
