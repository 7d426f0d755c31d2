import { describe, expect, it } from 'vitest';
import { HEADER_BYTES_MAX, HeaderPeek } from '../../src/archive/headers.ts';
import { folderName, monthOf, monthOfManifest } from '../../src/archive/layout.ts';
import { formatEntry, type ManifestEntry, parseEntry } from '../../src/archive/manifest.ts';
import { everySplit } from '../support/splits.ts';

function facts(text: string | Buffer) {
  const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text;
  const decode = (chunks: readonly Buffer[]) => {
    const peek = new HeaderPeek();
    for (const chunk of chunks) peek.push(chunk);
    return peek.facts();
  };
  return bytes.length > 1_000 ? decode([bytes]) : everySplit(bytes, decode, (a, b) => expect(a).toEqual(b));
}

describe('the header peek', () => {
  it('reads the four fields, unfolded, the first of each', () => {
    const found = facts(
      'SUBJECT: a\r\n long\r\n\tone\r\nMessage-Id:<1@x>\r\nDate: now\r\nFrom: me\r\nSubject: b\r\n\r\nSubject: body\r\n',
    );
    expect(found).toEqual({ subject: 'a long\tone', messageId: '<1@x>', date: 'now', from: 'me' });
  });

  it('decodes encoded words and leaves broken ones', () => {
    expect(facts('Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe_?= =?UTF-8?B?YXVz?= there\r\n\r\n').subject).toBe('Grüße aus there');
    expect(facts('Subject: =?nonsense-8?q?x?= y\r\n\r\n').subject).toBe('=?nonsense-8?q?x?= y');
  });

  it('reads 8-bit headers, LF line ends and messages without a header', () => {
    expect(facts('Subject: gr\xfc\xdfe\n\nx').subject).toBe('grüße');
    expect(facts(Buffer.from('Subject: grüße\r\n\r\n')).subject).toBe('grüße');
    expect(facts('\r\nSubject: body\r\n')).toEqual({
      subject: undefined,
      messageId: undefined,
      date: undefined,
      from: undefined,
    });
    expect(facts('')).toEqual({ subject: undefined, messageId: undefined, date: undefined, from: undefined });
  });

  it('does not look beyond its limit, nor keep long values', () => {
    expect(facts(`X: ${'x'.repeat(HEADER_BYTES_MAX)}\r\nSubject: late\r\n\r\n`).subject).toBeUndefined();
    expect(facts(`Subject: ${'s'.repeat(5_000)}\r\n\r\n`).subject).toHaveLength(1_000);
  });
});

describe('folder names', () => {
  it('never leave the archive and never collide', () => {
    const names = [
      'me@pop.example',
      '..',
      '.',
      '',
      '../x',
      'a/b',
      'a%2Fb',
      'a\\b',
      'a\0b',
      '.hidden',
      'a b',
      'ä@x',
      'x'.repeat(300),
      `${'x'.repeat(299)}y`,
    ];
    const made = names.map(folderName);
    expect(made[0]).toBe('me@pop.example');
    expect(new Set(made).size).toBe(names.length);
    for (const name of made) expect(name).toMatch(/^[A-Za-z0-9@+_%-][A-Za-z0-9@+._%-]*$/);
    for (const name of made) expect(name.length).toBeLessThanOrEqual(200);
  });

  it('months are those of UTC', () => {
    expect(monthOf(Date.UTC(2026, 11, 31, 23, 59, 59))).toBe('2026-12');
    expect(monthOfManifest('2026-12.manifest.jsonl')).toBe('2026-12');
    expect(monthOfManifest('2026-12.mbox')).toBeUndefined();
  });
});

describe('a manifest line', () => {
  const entry: ManifestEntry = {
    maildir: false,
    sha256: 'a'.repeat(64),
    size: 10,
    offset: 0,
    length: 60,
    lineEnds: 'crlf',
    finalNewline: true,
    uidl: 'u1',
    fetchedAt: Date.UTC(2026, 10, 22, 2, 30),
    messageId: undefined,
    date: undefined,
    from: 'me "x"\n',
    subject: '\ud800',
  };

  it('has the keys of the contract and comes back', () => {
    const line = formatEntry(entry);
    expect(line.endsWith('}\n')).toBe(true);
    expect(line.slice(0, -1)).not.toContain('\n');
    const keys = [
      'sha256',
      'size',
      'offset',
      'length',
      'eol',
      'final-newline',
      'uidl',
      'fetched-at',
      'message-id',
      'date',
      'from',
      'subject',
    ];
    expect(Object.keys(JSON.parse(line))).toEqual(keys);
    expect(parseEntry(JSON.parse(line))).toEqual(entry);
  });

  it('is refused when a field of weight is wrong', () => {
    const line = JSON.parse(formatEntry(entry));
    for (const wrong of [
      { sha256: 'x' },
      { size: -1 },
      { offset: 1.5 },
      { length: 0 },
      { eol: 'lf' },
      { 'fetched-at': 'soon' },
    ]) {
      expect(parseEntry({ ...line, ...wrong })).toBeUndefined();
    }
    for (const value of [null, 1, 'x', []]) expect(parseEntry(value)).toBeUndefined();
  });
});
