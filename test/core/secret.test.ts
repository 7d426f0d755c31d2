import { inspect } from 'node:util';
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
