import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FromLines } from '../../../src/archive/mbox/mbox-quote.ts';
import { everySplit, FUZZ_SEED } from '../../support/splits.ts';
import { anyMessage, cut, HAZARDS } from '../messages.ts';

function pass(mode: 'quote' | 'unquote', chunks: readonly Buffer[]): Buffer {
  const filter = new FromLines(mode);
  return Buffer.concat([...chunks.flatMap(chunk => filter.push(chunk)), filter.finish()]);
}

/** The definition of mboxrd, on the whole text. */
const quoted = (text: string) => text.replace(/(^|\n)(>*From )/g, '$1>$2');

describe('mboxrd quoting', () => {
  it('is what mboxrd says, cut at every byte, and reversible', () => {
    for (const message of Object.values(HAZARDS)) {
      if (message.length > 1_000) continue;
      const same = (a: Buffer, b: Buffer) => expect(a.equals(b)).toBe(true);
      const stored = everySplit(message, chunks => pass('quote', chunks), same);
      expect(stored.toString('latin1')).toBe(quoted(message.toString('latin1')));
      const back = everySplit(stored, chunks => pass('unquote', chunks), same);
      expect(back.equals(message)).toBe(true);
    }
  });

  it('a message of nothing but From lines comes in few pieces', () => {
    const lines = 'From x\n'.repeat(10_000);
    const out = new FromLines('quote').push(Buffer.from(lines));
    expect(out.length).toBeLessThan(10);
    expect(Buffer.concat(out).toString()).toBe(quoted(lines));
  });

  it('keeps long lines and long runs', () => {
    for (const message of Object.values(HAZARDS)) {
      const pieces = cut(message, [1, 7, 4_000, 4_096, 99_999]);
      expect(pass('unquote', cut(pass('quote', pieces), [3, 5_000])).equals(message)).toBe(true);
    }
  });

  it('comes back from any bytes in any pieces', () => {
    fc.assert(
      fc.property(anyMessage, fc.array(fc.nat(100)), fc.array(fc.nat(100)), (message, one, two) => {
        const stored = pass('quote', cut(message, one));
        expect(stored.toString('latin1')).toBe(quoted(message.toString('latin1')));
        expect(pass('unquote', cut(stored, two)).equals(message)).toBe(true);
      }),
      { seed: FUZZ_SEED, numRuns: 1_000 },
    );
  });

  it('leaves a line that only looks quoted in a foreign mbox alone', () => {
    expect(pass('unquote', [Buffer.from('From x\n>From y\n')]).toString()).toBe('From x\nFrom y\n');
  });
});
