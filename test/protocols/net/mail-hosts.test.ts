import { describe, expect, it } from 'vitest';
import { type MailRecords, mailHosts } from '../../../src/protocols/net/mail-hosts.ts';

const failing = (code: string) => () => Promise.reject(Object.assign(new Error(code), { code }));
const records = (mx: MailRecords['mx'], hasAddress: MailRecords['hasAddress'] = async () => true): MailRecords => ({
  mx,
  hasAddress,
});
const lots = [0.9, 0.1, 0.5];
const hosts = (from: MailRecords) =>
  mailHosts(from, { fraction: () => lots[0] ?? 0, bytes: () => Buffer.alloc(0) })('example.org');

describe('the servers of a domain', () => {
  it('come by preference', async () => {
    const mx = async () => [
      { exchange: 'b.example.org.', priority: 20 },
      { exchange: 'a.example.org', priority: 10 },
    ];
    expect(await hosts(records(mx))).toEqual(['a.example.org', 'b.example.org']);
  });

  it.each(['ENODATA', 'ENOTFOUND'])('are the domain itself where it has no MX (%s) but an address', async code => {
    expect(await hosts(records(failing(code)))).toEqual(['example.org']);
  });

  it.each([
    ['none', records(failing('ENOTFOUND'), async () => false), 'domain-missing', 'never'],
    ['unwanted', records(async () => [{ exchange: '', priority: 0 }]), 'domain-takes-no-mail', 'never'],
    ['hostile', records(async () => [{ exchange: 'a\r\nb', priority: 0 }]), 'domain-takes-no-mail', 'never'],
    ['unknown now', records(failing('ESERVFAIL')), 'name-lookup-failed', 'later'],
    ['without an answer about addresses', records(failing('ENODATA'), failing('ETIMEOUT')), 'name-lookup-failed', 'later'],
  ])('%s', async (_what, from, code, retry) => {
    await expect(hosts(from)).rejects.toMatchObject({ code, retry });
  });

  it('are an address literal as it stands', async () => {
    const none = records(failing('ESERVFAIL'));
    expect([await mailHosts(none)('[192.0.2.1]'), await mailHosts(none)('[IPv6:2001:db8::1]')]).toEqual([
      ['192.0.2.1'],
      ['2001:db8::1'],
    ]);
  });

  it('are no more than twenty', async () => {
    const mx = async () => Array.from({ length: 21 }, (_, index) => ({ exchange: `m${index}.x.org`, priority: index }));
    expect((await hosts(records(mx))).length).toBe(20);
  });
});
