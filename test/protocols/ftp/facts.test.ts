// Kind, size and time of a path in one question: MLST, or SIZE and MDTM; what is not there is told from what cannot be asked.
import { afterEach, expect, it } from 'vitest';
import { FakeServer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const OLD = { FEAT: '211-Features\r\n SIZE\r\n MDTM\r\n211 End' };

async function ask(script: Script, path = '/a') {
  const server = new FakeServer(script);
  servers.push(server);
  const client = await server.connect();
  const facts = client.soon.facts(path);
  await client.flush();
  return { server, client, facts: await facts };
}

const T = Date.UTC(2026, 0, 2, 3, 4, 5);

it.each([
  [
    'a file',
    '250-Listing\r\n Type=file;Size=7;Modify=20260102030405; /a\r\n250 End',
    { type: 'file', size: 7, modifiedAt: T, precisionMs: 1000 },
  ],
  [
    'without a blank before the facts',
    '250-x\r\ntype=file;size=7;modify=20260102030405; a b;c\r\n250 End',
    { type: 'file', size: 7, modifiedAt: T, precisionMs: 1000 },
  ],
  ['a folder', '250-x\r\n type=dir;modify=20260102030405; /a\r\n250 End', { type: 'folder', modifiedAt: T, precisionMs: 1000 }],
  ['a folder as cdir', '250-x\r\n type=cdir; /a\r\n250 End', { type: 'folder' }],
  ['a link', '250-x\r\n type=OS.unix=slink:/b; /a\r\n250 End', { type: 'link', target: '/b' }],
])('MLST: %s', async (_, reply, expected) => {
  expect((await ask({ MLST: reply })).facts).toEqual(expected);
});

it('MLST of what is not there', async () => {
  expect((await ask({ MLST: '550 no such file' })).facts).toBeUndefined();
});

it('a server that promised MLST and has none is asked for size and time, from then on', async () => {
  const { server, client } = await ask({ MLST: '502 no', SIZE: '213 7', MDTM: '213 20260102030405' });
  const again = client.soon.facts('/b');
  await client.flush();
  expect(await again).toEqual({ type: 'file', size: 7, modifiedAt: T, precisionMs: 1000 });
  expect(server.seen.filter(line => line.startsWith('MLST'))).toHaveLength(1);
});

it.each([
  ['both', { SIZE: '213 7', MDTM: '213 20260102030405' }, { type: 'file', size: 7, modifiedAt: T, precisionMs: 1000 }],
  ['a size alone', { SIZE: '213 7', MDTM: '502 no' }, { type: 'file', size: 7 }],
  ['neither: it is not there', { SIZE: '550 no', MDTM: '550 no' }, undefined],
])('without MLST: %s', async (_, script, expected) => {
  expect((await ask({ ...OLD, ...script })).facts).toEqual(expected);
});

it('an answer for now only (450) is none', async () => {
  await expect(ask({ MLST: '450 busy' })).rejects.toMatchObject({ code: 'path-busy', retry: 'later' });
});
