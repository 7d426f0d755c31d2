// Every dialect of LIST against a listing of its kind: test/transcripts/listings/NAME.txt and, beside it, what it says as NAME.expected.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { FtpEntry } from '../../../src/protocols/ftp/listing/entry.ts';
import { ListingReader } from '../../../src/protocols/ftp/listing/index.ts';
import { everySplit } from '../../support/splits.ts';

const FOLDER = new URL('../../transcripts/listings/', import.meta.url);
const NOW = Date.UTC(2026, 10, 26, 12);
const NAMES = readdirSync(FOLDER)
  .filter(name => name.endsWith('.txt'))
  .map(name => name.slice(0, -4));

function read(chunks: readonly Uint8Array[]): FtpEntry[] {
  const reader = new ListingReader({ dialect: 'list', decode: line => line.toString('utf8'), now: NOW });
  for (const chunk of chunks) reader.push(chunk);
  return reader.finish();
}

/** `file 280 1996-03-01T21:55±1s name -> target` */
function told({ type, size, modifiedAt, precisionMs = 0, name, target }: FtpEntry): string {
  const time = modifiedAt === undefined ? '-' : `${new Date(modifiedAt).toISOString().slice(0, 19)}±${precisionMs / 1_000}s`;
  return `${type} ${size ?? '-'} ${time} ${JSON.stringify(name)}${target === undefined ? '' : ` -> ${target}`}`;
}

describe.each(NAMES)('%s', name => {
  const listing = readFileSync(new URL(`${name}.txt`, FOLDER));

  it('says what is expected', () => {
    const lines = read([listing]).map(told);
    if (process.env['UPDATE_TRANSCRIPTS'] === '1') writeFileSync(new URL(`${name}.expected`, FOLDER), `${lines.join('\n')}\n`);
    expect(lines).toEqual(
      readFileSync(new URL(`${name}.expected`, FOLDER), 'utf8')
        .trimEnd()
        .split('\n'),
    );
  });

  it('however it is cut, and with CRLF', () => {
    const whole = everySplit(listing, read, (one, other) => expect(one).toEqual(other));
    expect(read([Buffer.from(listing.toString('utf8').replaceAll('\n', '\r\n'))])).toEqual(whole);
  });

  it('its own lines only: a line of any other dialect in the middle is an error, not a guess', () => {
    const lines = listing.toString('utf8').trimEnd().split('\n');
    for (const other of NAMES.filter(one => one.split('-')[0] !== name.split('-')[0])) {
      const [strange = ''] = readFileSync(new URL(`${other}.txt`, FOLDER), 'utf8')
        .split('\n')
        .slice(-2);
      const mixed = [...lines, strange, ''].join('\n');
      const entries = (() => {
        try {
          return read([Buffer.from(mixed)]);
        } catch {
          return undefined;
        }
      })();
      if (entries !== undefined) expect([other, strange, ALIKE.has(`${name} ${other}`)]).toEqual([other, strange, true]);
    }
  });
});

/** Old Macintosh servers write lines that Unix servers might. A blank line and a total say nothing anywhere. */
const ALIKE = new Set(['unix mac', 'mac unix']);
