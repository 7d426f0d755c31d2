import { format, inspect } from 'node:util';
import { deserialize, serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { Redactor, Secret } from '../../src/core/secret.ts';

const CANARY = 'c4n4ry-p@ss "word"';

describe('Secret', () => {
  it('prints itself nowhere', () => {
    const secret = new Secret(CANARY);
    const shown = [
      String(secret),
      `${secret}`,
      JSON.stringify({ secret }),
      inspect(secret, { depth: 9, showHidden: true }),
      inspect([{ secret }]),
      Object.keys(secret).join(),
      Reflect.ownKeys(secret).map(String).join(),
      format('%s %o %O %j', secret, secret, secret, secret),
      inspect(structuredClone(secret), { showHidden: true }),
      serialize(secret).toString('latin1'),
      inspect(deserialize(serialize({ secret }))),
      Buffer.from(secret as unknown as string).toString(),
      String(new Error('failed', { cause: secret }).cause),
      inspect(new Map([[secret, new Set([secret])]])),
      `${[secret]}`,
      Object.assign({}, secret).toString(),
    ];
    expect(shown.join('\n')).not.toContain('c4n4ry');
    expect(secret.reveal()).toBe(CANARY);
  });
});

describe('Redactor', () => {
  const redactor = new Redactor();
  redactor.add(new Secret(CANARY));

  it.each([
    ['as it is', CANARY],
    ['base64', Buffer.from(CANARY).toString('base64')],
    ['URL-encoded', encodeURIComponent(CANARY)],
    ['JSON', JSON.stringify(CANARY)],
  ])('masks it %s', (_form, text) => {
    expect(redactor.redact(`before ${text} after`)).toMatch(/^before "?\*\*\*\*"?=* after$/);
  });

  it.each([
    ['in hexadecimal', Buffer.from(CANARY).toString('hex')],
    ['in capital hexadecimal', Buffer.from(CANARY).toString('hex').toUpperCase()],
    ['form-encoded', encodeURIComponent(CANARY).replaceAll('%20', '+')],
    ['URL-encoded in small letters', encodeURIComponent(CANARY).replace(/%../g, code => code.toLowerCase())],
  ])('masks it %s', (_form, text) => {
    expect(redactor.redact(`before ${text} after`)).toBe('before **** after');
  });

  it('masks it inside longer base64, wherever it begins and whatever follows', () => {
    const inner = Buffer.from(CANARY).toString('base64');
    for (const before of ['', 'x', 'xy', 'xyz', '\0user\0', 'user:']) {
      for (const after of ['', 'x', 'xy', 'xyz']) {
        for (const alphabet of ['base64', 'base64url'] as const) {
          const shown = redactor.redact(Buffer.from(before + CANARY + after).toString(alphabet));
          expect(shown).toContain('****');
          // At most a few bits at either end are left beside what was there before.
          const left = shown.replace('****', '').replace(/=+$/, '').length;
          expect(left).toBeLessThanOrEqual(Math.ceil(((before.length + after.length) * 4) / 3) + 3);
          expect(shown).not.toContain(inner.slice(4, -4));
        }
      }
    }
  });

  it('masks a long one in base64 of wrapped lines, and one with quotes as a shell shows it', () => {
    const many = new Redactor();
    const long = 'k3y-'.repeat(40);
    many.add(new Secret(long));
    many.add(new Secret("it's a secret"));
    const wrapped =
      Buffer.from(long)
        .toString('base64')
        .match(/.{1,76}/g)
        ?.join('\n') ?? '';
    expect(many.redact(wrapped)).toMatch(/^\*{4}\n\*{4}\n\*{4}=*$/);
    expect(many.redact("+ echo 'it'\\''s a secret'")).toBe("+ echo '****'");
  });

  it.each([
    ['JSON of Python', 'p\\u00e4ss\\u2603<w&rd>/\\"\'$x'],
    ['JSON of PHP', 'p\\u00e4ss\\u2603<w&rd>\\/\\"\'$x'],
    ['JSON in capitals', 'p\\u00E4ss\\u2603<w&rd>/\\"\'$x'],
    ['HTML text', 'päss☃&lt;w&amp;rd&gt;/"\'$x'],
    ['an HTML attribute', 'päss☃&lt;w&amp;rd&gt;/&quot;&#39;$x'],
    ['URL of Python', 'p%C3%A4ss%E2%98%83%3Cw%26rd%3E/%22%27%24x'],
    ['URL of a browser', "p%C3%A4ss%E2%98%83%3Cw&rd%3E/%22'$x"],
    ['URL within a URL', 'p%25C3%25A4ss%25E2%2598%2583%253Cw%2526rd%253E%252F%2522%2527%2524x'],
    ['JSON within JSON', JSON.stringify(JSON.stringify('päss☃<w&rd>/"\'$x')).slice(3, -3)],
    ['quoted-printable', 'p=C3=A4ss=E2=98=83<w&rd>/"\'$x'],
    ['HTML in decimals', 'p&#228;ss&#9731;&#60;w&#38;rd&#62;&#47;&#34;&#39;&#36;x'],
    ['quotes of Python’s shlex', 'päss☃<w&rd>/"\'"\'"\'$x'],
    ['XML', 'päss☃&lt;w&amp;rd&gt;/&quot;&apos;$x'],
    ['double quotes of a shell', 'päss☃<w&rd>/\\"\'\\$x'],
    ['set -x of [[ ]]', [...'päss☃<w&rd>/"\'$x'].map(char => `\\${char}`).join('')],
    [
      'UTF-8 read as Latin-1',
      Buffer.from('päss☃<w&rd>/"\'$x').toString('latin1').replace('\u0098', '\\x98').replace('\u0083', '\\x83'),
    ],
  ])('masks it as %s has it', (_form, text) => {
    const odd = new Redactor();
    odd.add(new Secret('päss☃<w&rd>/"\'$x'));
    expect(odd.redact(`before ${text} after`)).toBe('before **** after');
  });

  it('masks the beginning of one where a text was cut, and no word that only begins like it', () => {
    const cut = new Redactor();
    cut.add(new Secret('Correct-horse/battery'));
    for (let length = 6; length <= 21; length++)
      expect(cut.redact(`he said “${'Correct-horse/battery'.slice(0, length)}…” and left`)).toBe('he said “****…” and left');
    for (const text of ['Correct-h, he said…', 'Correctly…', 'Corre…']) expect(cut.redact(text)).toBe(text);
    const long = 'k3y-'.repeat(1_000);
    cut.add(new Secret(long));
    for (const length of [6, 48, 49, 3_999]) expect(cut.redact(`${long.slice(0, length)}…`)).toBe('****…');
  });

  it('takes no longer for a text that nearly matches again and again', () => {
    const hard = new Redactor();
    hard.add(new Secret(`${'\\'.repeat(40)}x`));
    hard.add(new Secret('aaaaaaaaaaaaaaaaaaaab'));
    for (const unit of ['!', '\\a', 'ä', "'", '&', ' ', '\t', '%25', '=', '\\!']) hard.add(new Secret(`${unit.repeat(40)}end`));
    const near = [
      '\\x21',
      '!',
      '\\\\a',
      '\\a',
      'Ã¤',
      '\\xc3\\xa4',
      '\\xe4',
      "'\\''",
      "'",
      '&amp;',
      '&amp;amp;',
      '+',
      '%20',
      ' ',
      '\\t',
      '%25',
      '%2525',
      '=3D',
      '\\\\!',
    ];
    for (const text of ['\\', 'a', ...near].map(unit => unit.repeat(8_000))) expect(hard.redact(text).length).toBeGreaterThan(0);
  });

  it('masks inside values, keys too, and keeps everything else', () => {
    const value = { list: [1, true, null, CANARY], [CANARY]: { deep: `x${CANARY}` } };
    expect(redactor.redactValue(value)).toEqual({ list: [1, true, null, '****'], '****': { deep: 'x****' } });
  });

  it('masks a secret of many lines line by line, and one with control characters as it is printed', () => {
    const many = new Redactor();
    many.add(new Secret('-----BEGIN KEY-----\r\nMIIEvQIBADANBgkq\n{\n  "indented": 1\n'));
    many.add(new Secret('tab\there'));
    expect(many.redact('MIIEvQIBADANBgkq | -----BEGIN KEY----- |   "indented": 1 | { | tab here')).toBe(
      '**** | **** |   **** | { | ****',
    );
  });

  it('leaves words alone that are too short to be told from text', () => {
    const short = new Redactor();
    short.add(new Secret('abc'));
    expect(short.redact('abc')).toBe('abc');
  });
});
