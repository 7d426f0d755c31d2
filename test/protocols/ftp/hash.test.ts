// Checksums made by the server: which of its ways is taken, how its answers are read, and what travels together.
import { afterEach, expect, it } from 'vitest';
import { FakeServer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const SHA = '2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';

async function connect(features: readonly string[], script: Script = {}) {
  const server = new FakeServer({
    FEAT: ['211-Features', ...features.map(line => ` ${line}`), '211 End'].join('\r\n'),
    ...script,
  });
  servers.push(server);
  return { server, client: await server.connect() };
}

it('takes the strongest algorithm, and HASH before the older commands', async () => {
  const found = async (...features: string[]) => (await connect(features)).client.hashing;
  expect(await found('SIZE')).toBeUndefined();
  expect(await found('XCRC', 'XMD5')).toBe('md5');
  expect(await found('XCRC')).toBe('crc32');
  expect(await found('XSHA1', 'XSHA256')).toBe('sha256');
  expect(await found('HASH MD5;SHA-1*;SHA-512', 'XMD5')).toBe('sha512');
  expect(await found('HASH WHIRLPOOL*')).toBeUndefined();
});

it('selects the algorithm once, before the first question, and says a name as it is', async () => {
  const { server, client } = await connect(['HASH SHA-1*;SHA-256'], { HASH: `213 SHA-256 0-5 ${SHA.toUpperCase()} a b` });
  expect(await client.hash('a b')).toBe(SHA);
  expect(await client.hash('/c "d"')).toBe(SHA);
  expect(server.seen.filter(line => line.includes('HASH'))).toEqual(['OPTS HASH SHA-256', 'HASH a b', 'HASH /c "d"']);
});

it('asks many in one segment', async () => {
  const { server, client } = await connect(['HASH SHA-1*;SHA-256'], { HASH: `213-Computing SHA-256 digest\r\n213 ${SHA}` });
  const answers = ['a', 'b', 'c'].map(name => client.soon.hash(name));
  await client.flush();
  expect(await Promise.all(answers)).toEqual([SHA, SHA, SHA]);
  expect(server.segments.at(-1)).toEqual(['OPTS HASH SHA-256', 'HASH a', 'HASH b', 'HASH c']);
});

it('quotes names for the older commands, and does not ask of a name that cannot be quoted', async () => {
  const { server, client } = await connect(['XCRC'], { XCRC: '250 BEEF' });
  expect(await client.hash('a b')).toBe('0000beef');
  expect(await client.hash('a"b')).toBeUndefined();
  expect(server.seen.filter(line => line.startsWith('XCRC'))).toEqual(['XCRC "a b"']);
});

it.each([
  ['another algorithm', `213 SHA-1 0-5 ${SHA.slice(0, 40)} a`],
  ['too short', '213 SHA-256 0-5 abc a'],
  ['words', '213 computed'],
  ['no such command after all', '502 no'],
])('does not believe an answer that is none: %s', async (_, reply) => {
  const { client } = await connect(['HASH SHA-256*'], { HASH: reply });
  expect(await client.hash('a')).toBeUndefined();
});

it('a missing file is refused, and line ends cannot be smuggled in', async () => {
  const { server, client } = await connect(['HASH SHA-256*'], { HASH: '550 no such file' });
  await expect(client.hash('gone')).rejects.toMatchObject({ code: 'path-refused' });
  await expect(client.hash('a\r\nDELE b')).rejects.toMatchObject({ code: 'name-unsendable' });
  expect(server.seen.join()).not.toContain('DELE');
});
