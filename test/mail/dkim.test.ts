import { createHash, createVerify, generateKeyPairSync } from 'node:crypto';
import { expect, it } from 'vitest';
import { signMail } from '../../src/mail/dkim.ts';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2_048 });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const MAIL = 'From: a@x.org\r\nTo: b@x.org\r\nSubject: hi\r\n\r\nhello  world\r\n\r\n';

async function* whole(): AsyncGenerator<Buffer> {
  yield Buffer.from(MAIL);
}

it('a signed mail is the mail behind a signature that holds (RFC 6376, relaxed)', async () => {
  const signed = (await signMail(whole(), { domain: 'x.org', selector: 's1', privateKey: pem })).toString();
  expect(signed.endsWith(MAIL)).toBe(true);
  const header = signed.slice(0, signed.length - MAIL.length).replace(/\r\n$/, '');
  const tags = Object.fromEntries(
    header
      .replace(/^DKIM-Signature:/, '')
      .replace(/\r\n\s+/g, ' ')
      .split(';')
      .map(tag => tag.trim().split(/=(.*)/s).slice(0, 2) as [string, string]),
  );
  expect(tags).toMatchObject({ v: '1', d: 'x.org', s: 's1', a: 'rsa-sha256', c: 'relaxed/relaxed' });
  expect(tags['bh']?.replaceAll(' ', '')).toBe(createHash('sha256').update('hello world\r\n').digest('base64'));
  const values: Record<string, string> = { from: 'a@x.org', to: 'b@x.org', subject: 'hi' };
  const names = (tags['h'] ?? '')
    .replaceAll(' ', '')
    .split(':')
    .map(name => name.toLowerCase());
  const unsigned = header
    .replace(/\r\n\s+/g, ' ')
    .replace(/^DKIM-Signature:\s*/, '')
    .replace(/(\bb=)[^;]*$/, '$1')
    .replace(/\s+/g, ' ')
    .trim();
  const data = [
    ...names.flatMap(name => (values[name] === undefined ? [] : [`${name}:${values[name]}\r\n`])),
    `dkim-signature:${unsigned}`,
  ].join('');
  expect(
    createVerify('RSA-SHA256')
      .update(data)
      .verify(publicKey, (tags['b'] ?? '').replaceAll(' ', ''), 'base64'),
  ).toBe(true);
});

it('a key that is none is said so', async () => {
  const made = signMail(whole(), { domain: 'x.org', selector: 's1', privateKey: 'nonsense' });
  await expect(made).rejects.toMatchObject({ code: 'dkim-key-invalid' });
});
