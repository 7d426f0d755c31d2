import { describe, expect, it } from 'vitest';
import { bytesOf, commandOf, encodeCommand } from '../../../src/protocols/wire/command.ts';
import { COMMAND_BYTES_MAX } from '../../../src/protocols/wire/limits.ts';

describe('encodeCommand', () => {
  it('ends the line and shows what may be shown', () => {
    expect(encodeCommand('NOOP')).toEqual({ octets: 'NOOP\r\n', shown: 'NOOP' });
    expect(encodeCommand('PASS hunter2', { shown: 'PASS ****' }).shown).toBe('PASS ****');
  });

  it.each([...Array(256).keys()])('byte %i is sent as it is or refused, and never ends the line', byte => {
    const encode = () => bytesOf(commandOf(Buffer.from([0x41, byte, 0x42]).toString('latin1'), 'x'));
    if ([0x00, 0x0a, 0x0d].includes(byte)) expect(encode).toThrow(/line end or NUL/);
    else expect(encode()).toEqual(Buffer.from([0x41, byte, 0x42, 0x0d, 0x0a]));
  });

  it.each([
    '\u0100',
    '\u010a',
    '\u010d',
    '\ud800',
    '\uff0a',
  ])('%j is no octet, and does not become the one that it ends with', character => {
    expect(() => commandOf(`A${character}B`, 'x')).toThrow(/line end or NUL/);
    expect(bytesOf(encodeCommand(`A${character}B`))).toEqual(Buffer.from(`A${character}B\r\n`));
  });

  it('keeps the secret out of its own error', () => {
    expect(() => encodeCommand('PASS hunter2\r\nDELE x', { shown: 'PASS ****' })).toThrow(expect.not.stringContaining('hunter2'));
  });

  it('takes a command at the limit and refuses one byte more', () => {
    expect(encodeCommand('x'.repeat(COMMAND_BYTES_MAX)).octets).toHaveLength(COMMAND_BYTES_MAX + 2);
    expect(() => encodeCommand('x'.repeat(COMMAND_BYTES_MAX + 1))).toThrow(/longer than/);
  });
});
