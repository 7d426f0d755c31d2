import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatAddress, parseAddress, parseDomain } from '../../../src/protocols/smtp/address.ts';
import { FUZZ_SEED } from '../../support/splits.ts';

const written = (text: string) => {
  const address = parseAddress(text);
  return address === undefined ? undefined : formatAddress(address);
};

describe('parseAddress', () => {
  it.each([
    ['ops@example.org', 'ops@example.org'],
    ["o'hara+tag=1@EXAMPLE.org", "o'hara+tag=1@example.org"],
    ['"a b"@example.org', '"a b"@example.org'],
    ['"plain"@example.org', 'plain@example.org'],
    ['"a@b"@example.org', '"a@b"@example.org'],
    ['"q\\"\\\\"@example.org', '"q\\"\\\\"@example.org'],
    ['root@localhost', 'root@localhost'],
    ['a@[192.0.2.1]', 'a@[192.0.2.1]'],
    ['a@[IPv6:::1]', 'a@[IPv6:::1]'],
    ['a@bücher.example', 'a@xn--bcher-kva.example'],
    ['jörg@example.org', 'jörg@example.org'],
  ])('%s', (text, form) => expect(written(text)).toBe(form));

  it.each([
    '',
    '@',
    'a',
    'a@',
    '@example.org',
    '.a@example.org',
    'a.@example.org',
    'a..b@example.org',
    'a b@example.org',
    'a@b@example.org',
    '"a"@c@example.org',
    '"a"b@example.org',
    '""@example.org',
    '"a@example.org',
    'a@example.org.',
    'a@-example.org',
    'a@exa_mple.org',
    'a@127.0.0.1',
    'a@[192.0.2.256]',
    'a@[192.0.2]',
    'a@[IPv6:zz]',
    'a@[x@evil.com]',
    'a@example.org>',
    '<a@example.org>',
    'a@example.org> ORCPT=x',
    'a@ex\u200bample.org',
    'a\ud800@example.org',
    'a(comment)@example.org',
    'a@example.org\r\nRCPT TO:<evil@example.org>',
    `${'a'.repeat(65)}@example.org`,
    `a@${'a'.repeat(64)}.org`,
    `a@${'a.'.repeat(130)}org`,
  ])('refuses %j', text => expect(parseAddress(text)).toBeUndefined());

  it('takes a local part of 64 and no more', () => {
    expect(parseAddress(`${'a'.repeat(64)}@example.org`)).toBeDefined();
    expect(parseAddress(`${'ä'.repeat(33)}@example.org`)).toBeUndefined();
  });

  it('knows who needs SMTPUTF8: a local part that is not ASCII, never a domain', () => {
    expect(parseAddress('jörg@example.org')?.utf8).toBe(true);
    expect(parseAddress('a@bücher.example')?.utf8).toBe(false);
  });

  it('lets no byte through that ends a path, in any place', () => {
    for (let byte = 0; byte < 256; byte++) {
      const char = String.fromCharCode(byte);
      for (const text of [
        `a${char}b@example.org`,
        `"a${char}b"@example.org`,
        `"a\\${char}b"@example.org`,
        `a@exam${char}ple.org`,
        `a@[${char}1.2.3.4]`,
      ]) {
        const form = written(text);
        if (form === undefined) continue;
        expect(form).not.toMatch(/[\x00-\x1f\x7f]/);
        const outside = form.replace(/"(?:[^"\\]|\\.)*"/, '');
        expect(outside).not.toMatch(/[<> ",;:\\]/);
      }
    }
  });

  it('writes what it reads back the same', () => {
    const part = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(part, part, fc.boolean(), (local, domain, quoted) => {
        const address = parseAddress(quoted ? `"${local}"@${domain}` : `${local}@${domain}`);
        if (address !== undefined) expect(parseAddress(formatAddress(address))).toEqual(address);
      }),
      { seed: FUZZ_SEED, numRuns: 2_000 },
    );
  });
});

describe('parseDomain', () => {
  it.each(['client.example.org', '[127.0.0.1]', '[IPv6:2001:db8::1]', 'localhost'])('%s', text =>
    expect(parseDomain(text)).toBe(text));
  it.each(['', 'a b', 'a\r\nQUIT', 'a..b', '[]', '[IPv6:]'])('refuses %j', text => expect(parseDomain(text)).toBeUndefined());
});
