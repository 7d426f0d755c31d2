import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FaultStream } from '../../src/sandbox/fault-stream.ts';
import { FaultBook, type FaultRule, parseFault, readFault } from '../../src/sandbox/faults.ts';
import { everySplit, FUZZ_SEED } from '../support/splits.ts';

describe('the grammar', () => {
  it.each<[string, Partial<FaultRule>]>([
    ['ftp:STOR#2=cut', { server: 'ftp', point: 'STOR', occurrence: 2, action: { kind: 'cut' } }],
    ['ftp:data@1000=cut', { point: 'data', occurrence: 1, afterBytes: 1000 }],
    [
      'FTP:stor#*@64KB=full',
      { server: 'ftp', point: 'STOR', occurrence: 'always', afterBytes: 65_536, action: { kind: 'full' } },
    ],
    ['pop3:RETR#3=reply:-ERR [SYS/TEMP] busy', { action: { kind: 'reply', text: '-ERR [SYS/TEMP] busy' } }],
    ['smtp:RCPT=reply:451 4.7.1 a=b:c#d@e', { action: { kind: 'reply', text: '451 4.7.1 a=b:c#d@e' } }],
    ['smtp:dot=cut', { point: 'dot' }],
    ['*:greeting=delay:5s', { server: '*', point: 'greeting', action: { kind: 'delay', ms: 5_000 } }],
    ['pop3:RETR@500=garble', { afterBytes: 500, action: { kind: 'garble' } }],
    ['*:connect=refuse', { point: 'connect', action: { kind: 'refuse' } }],
    ['ftp:*=split', { point: '*', occurrence: 'always', action: { kind: 'split' } }],
    ['ftp:*#1=split', { occurrence: 1 }],
  ])('reads %s', (text, expected) => {
    expect(parseFault(text)).toMatchObject({ ...expected, text });
  });

  it.each<[string, string, number, RegExp]>([
    ['', 'fault-shape', 1, /SERVER:POINT/],
    ['ftp:STOR', 'fault-shape', 1, /SERVER:POINT/],
    ['ftp=cut', 'fault-shape', 1, /SERVER:POINT/],
    ['ftpp:STOR=cut', 'fault-server', 1, /Did you mean ftp/],
    ['imap:STOR=cut', 'fault-server', 1, /ftp, pop3, smtp/],
    ['ftp:STORE=cut', 'fault-point', 5, /Did you mean STOR/],
    ['pop3:STOR=cut', 'fault-point', 6, /RETR|STAT/],
    ['ftp:STOR#0=cut', 'fault-count', 9, /third/],
    ['ftp:STOR#x=cut', 'fault-count', 9, /third/],
    ['ftp:STOR@many=cut', 'fault-bytes', 9, /@64KB/],
    ['ftp:STOR=explode', 'fault-action', 10, /Actions/],
    ['ftp:STOR=cut:1', 'fault-action', 10, /Actions/],
    ['ftp:STOR=delay:soon', 'fault-action', 10, /Actions/],
    ['ftp:STOR=delay:2d', 'fault-action', 10, /Actions/],
    ['ftp:STOR=reply:', 'fault-action', 10, /Actions/],
    ['ftp:STOR=reply:1\r\n2', 'fault-action', 10, /Actions/],
    ['*:connect=garble', 'fault-mismatch', 1, /refuse, cut, delay/],
    ['*:connect@5=cut', 'fault-mismatch', 1, /Leave out/],
  ])('refuses %j', (text, code, column, hint) => {
    const result = readFault(text);
    expect(result.ok).toBe(false);
    expect(result.diagnostics.map(d => [d.code, d.range.start.column])).toEqual([[code, column]]);
    expect(result.diagnostics[0]?.hint).toMatch(hint);
    expect(() => parseFault(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  it('says on one line what is wrong', () => {
    const message = '--fault ftp:STOR=cat: "cat" is no action';
    expect(() => parseFault('ftp:STOR=cat')).toThrow(
      expect.objectContaining({ message, hint: expect.stringMatching(/^Actions: cut/) }),
    );
  });

  it('names everything that is wrong at once', () => {
    const codes = readFault('imap:NOPE#0@x=boom').diagnostics.map(d => d.code);
    expect(codes).toEqual(['fault-server', 'fault-point', 'fault-action', 'fault-count', 'fault-bytes']);
  });

  it('never throws on any text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), text => {
        const { ok, diagnostics } = readFault(text);
        return ok || diagnostics.length > 0;
      }),
      { seed: FUZZ_SEED, numRuns: 500 },
    );
  });
});

describe('the book', () => {
  const kinds = (book: FaultBook, point: string) => book.at('ftp', point).map(rule => rule.text);

  it('counts each rule’s own point', () => {
    const book = new FaultBook(['ftp:STOR#2=cut', '*:STOR#*=garble', 'pop3:RETR=cut', 'ftp:*#3=full'].map(parseFault));
    expect(kinds(book, 'connect')).toEqual([]);
    expect(kinds(book, 'STOR')).toEqual(['*:STOR#*=garble']);
    expect(kinds(book, 'STOR')).toEqual(['ftp:STOR#2=cut', '*:STOR#*=garble']);
    expect(kinds(book, 'RETR')).toEqual(['ftp:*#3=full']);
    expect(kinds(book, 'STOR')).toEqual(['*:STOR#*=garble']);
  });
});

describe('the stream', () => {
  const run = (rules: readonly string[], chunks: readonly Buffer[]) => {
    const stream = new FaultStream(rules.map(parseFault));
    let bytes = Buffer.alloc(0);
    const events: string[] = [];
    for (const part of chunks.flatMap(chunk => stream.push(chunk))) {
      if (Buffer.isBuffer(part)) bytes = Buffer.concat([bytes, part]);
      else events.push(`${bytes.length} ${part.action.kind}`);
    }
    return { bytes: bytes.toString('hex'), events };
  };
  const input = Buffer.from(Array.from({ length: 60 }, (_, i) => i));

  it('strikes at the very byte, however the bytes come', () => {
    const rules = ['ftp:data@40=cut', 'ftp:data@10=delay:1s', 'ftp:data@20=garble', 'ftp:data@0=full', 'ftp:data@61=cut'];
    const whole = everySplit(
      input,
      chunks => run(rules, chunks),
      (a, b) => expect(a).toEqual(b),
    );
    expect(whole.events).toEqual(['0 full', '10 delay', '40 cut']);
    const expected = Buffer.from(input.map((byte, i) => (i >= 20 && i < 36 ? byte ^ 0x80 : byte)));
    expect(whole.bytes).toBe(expected.toString('hex'));
  });

  it('lets everything pass without rules', () => {
    expect(run([], [input]).bytes).toBe(input.toString('hex'));
  });
});
