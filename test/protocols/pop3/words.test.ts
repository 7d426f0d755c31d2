import { describe, expect, it } from 'vitest';
import { parseCapabilities } from '../../../src/protocols/pop3/capabilities.ts';
import { parseStat, SizeList, UidList } from '../../../src/protocols/pop3/listing.ts';
import { parseChallenge, parseResponse } from '../../../src/protocols/pop3/response.ts';
import { apopTimestamp } from '../../../src/protocols/pop3/sign-in.ts';

const line = (text: string) => Buffer.from(text, 'latin1');

describe('a status line', () => {
  it('has a status, perhaps a response code, and text', () => {
    expect(parseResponse(line('+OK'))).toEqual({ ok: true, code: '', text: '' });
    expect(parseResponse(line('-ERR [in-use] mailbox locked '))).toEqual({ ok: false, code: 'IN-USE', text: 'mailbox locked' });
    expect(parseResponse(line('-ERR text [AUTH]'))).toEqual({ ok: false, code: '', text: 'text [AUTH]' });
    expect(parseResponse(line('-err\tx'))).toEqual({ ok: false, code: '', text: 'x' });
  });

  it('is nothing else', () => {
    for (const text of ['', 'OK', '+OKAY', '220 ftp ready', '+ ', ' +OK', '-ERROR', '* OK IMAP'])
      expect(parseResponse(line(text))).toBeUndefined();
  });
});

describe('a challenge', () => {
  it('is plus, space and base64', () => {
    expect(parseChallenge(line('+ '))).toBe('');
    expect(parseChallenge(line('+'))).toBe('');
    expect(parseChallenge(line('+ YWJj'))).toBe('YWJj');
    expect(parseChallenge(line('+OK'))).toBeUndefined();
    expect(parseChallenge(line('+ not base64!'))).toBeUndefined();
  });
});

describe('capabilities', () => {
  it('are read in any case, unknown ones kept', () => {
    const found = parseCapabilities([
      'top',
      'UIDL ',
      'SASL plain  LOGIN',
      'EXPIRE 0 USER',
      'LOGIN-DELAY 900',
      'X-NEW a b',
      'PIPELINING',
      '',
    ]);
    expect(found).toMatchObject({
      top: true,
      uidl: true,
      pipelining: true,
      stls: false,
      sasl: ['PLAIN', 'LOGIN'],
      expireDays: 0,
      loginDelayS: 900,
    });
    expect(found.all.get('X-NEW')).toBe('a b');
  });

  it('leave out what is no number', () => {
    expect(parseCapabilities(['EXPIRE NEVER', 'LOGIN-DELAY'])).not.toHaveProperty('expireDays');
  });
});

describe('listings', () => {
  it('take runs of spaces, long ids and huge sizes', () => {
    const uids = new UidList();
    for (const text of ['1   a', '2 b  ', '3 ../../x y', '4 ', '5', `6 ${'u'.repeat(500)}`]) uids.take(line(text));
    expect([...uids.uids]).toEqual([
      [1, 'a'],
      [2, 'b'],
      [3, '../../x y'],
      [6, 'u'.repeat(500)],
    ]);
    const sizes = new SizeList();
    for (const text of ['2 4294967297', ' 1 0 extra', '3 99999999999999999999']) sizes.take(line(text));
    expect([...sizes.sizes]).toEqual([
      [2, 4_294_967_297],
      [1, 0],
      [3, Number.MAX_SAFE_INTEGER],
    ]);
    expect(parseStat('3 1000 extra')).toEqual({ count: 3, bytes: 1000 });
  });

  it('refuse a number with two meanings, and no number at all', () => {
    const uids = new UidList();
    uids.take(line('1 a'));
    uids.take(line('1 a'));
    expect(() => uids.take(line('1 b'))).toThrow('twice');
    expect(() => uids.take(line('0 b'))).toThrow('wrongly');
    expect(() => uids.take(line('x'))).toThrow('cannot be read');
    expect(() => new SizeList().take(line('1'))).toThrow('cannot be read');
    expect(() => parseStat('many')).toThrow('cannot be read');
  });
});

describe('the timestamp of APOP', () => {
  it('is a msg-id in ASCII and nothing looser', () => {
    expect(apopTimestamp('POP3 ready <1896.697170952@dbc.mtview.ca.us>')).toBe('<1896.697170952@dbc.mtview.ca.us>');
    for (const banner of ['ready', '<no-at-sign>', '<a@b', '<\xff@b>', '<a b@c>', '<a@b@c>', '<@b>', '<a@>']) {
      expect(apopTimestamp(banner)).toBeUndefined();
    }
  });
});
