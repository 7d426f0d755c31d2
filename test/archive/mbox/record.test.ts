import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { copyWithoutCr, LineEndScan } from '../../../src/archive/line-ends.ts';
import { decodeRecord, type ReadRange, RecordEncoder, type RecordForm } from '../../../src/archive/mbox/record.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';
import { anyMessage, cut, HAZARDS } from '../messages.ts';

const AT = Date.UTC(2026, 10, 5, 2, 30, 1);

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(Buffer.from(chunk));
  return Buffer.concat(parts);
}

function scan(chunks: readonly Buffer[]): string {
  const found = new LineEndScan();
  for (const chunk of chunks) found.push(chunk);
  return `${found.lineEnds} ${found.finalNewline}`;
}

/** The definition: no CR without LF after it, no LF without CR before it. */
const scanned = (text: string) => `${/\r(?!\n)|(?<!\r)\n/.test(text) ? 'raw' : 'crlf'} ${text === '' || text.endsWith('\n')}`;

function encoded(chunks: readonly Buffer[], form: RecordForm): Buffer {
  const parts: Buffer[] = [];
  const encoder = new RecordEncoder(form, AT, (bytes, withoutCr) => {
    const copy = Buffer.alloc(bytes.length);
    parts.push(copy.subarray(0, withoutCr ? copyWithoutCr(bytes, copy, 0) : bytes.copy(copy)));
  });
  for (const chunk of chunks) encoder.push(chunk);
  encoder.finish();
  return Buffer.concat(parts);
}

async function roundTrip(message: Buffer, cuts: readonly number[]): Promise<Buffer> {
  const found = new LineEndScan();
  const chunks = cut(message, cuts);
  for (const chunk of chunks) found.push(chunk);
  const form = { lineEnds: found.lineEnds, finalNewline: found.finalNewline };
  const record = encoded(chunks, form);
  const prefix = Buffer.from('what lies before\n\n');
  const mbox = Buffer.concat([prefix, record, Buffer.from('From MAILER-DAEMON next')]);
  const read: ReadRange = async function* (from, to) {
    for (let at = from; at < to; at += 7) yield mbox.subarray(at, Math.min(to, at + 7));
  };
  expect(record.toString('latin1')).toMatch(/^From MAILER-DAEMON Thu Nov {2}5 02:30:01 2026\n/);
  expect(record.toString('latin1').endsWith('\n\n')).toBe(true);
  expect(record.toString('latin1').slice(1)).not.toMatch(/\nFrom /);
  return collect(decodeRecord(read, { ...form, offset: prefix.length, length: record.length }));
}

describe('the line ends of a message', () => {
  it('are found however it is cut', () => {
    for (const message of Object.values(HAZARDS)) {
      if (message.length > 1_000) continue;
      expect(everySplit(message, scan, (a, b) => expect(a).toBe(b))).toBe(scanned(message.toString('latin1')));
    }
    fc.assert(
      fc.property(anyMessage, fc.array(fc.nat(100)), (message, cuts) => {
        expect(scan(cut(message, cuts))).toBe(scanned(message.toString('latin1')));
      }),
      { seed: FUZZ_SEED, numRuns: 1_000 },
    );
  });
});

describe('a record', () => {
  for (const [name, message] of Object.entries(HAZARDS)) {
    it(`gives back the exact octets: ${name}`, async () => {
      expect((await roundTrip(message, [1, 2, 9])).equals(message)).toBe(true);
    });
  }

  it('gives back any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(anyMessage, fc.array(fc.nat(100)), async (message, cuts) => {
        expect((await roundTrip(message, cuts)).equals(message)).toBe(true);
      }),
      { seed: FUZZ_SEED, numRuns: 500 },
    );
  });
});
