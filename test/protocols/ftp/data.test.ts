// Where the data goes: every way a server may name its port, PRET, and active mode with EPRT or PORT.
import { connect } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { type FakeOptions, FakeServer, type Peer, type Script } from './fake-server.ts';

const servers: FakeServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const retr = async (peer: Peer) => {
  peer.reply('150 here');
  const data = await peer.data();
  await data.write(Buffer.from('hello'));
  await data.end();
  peer.reply('226 done');
};

async function session(script: (server: () => FakeServer) => Script, options: FakeOptions = {}) {
  const server: FakeServer = new FakeServer({ RETR: retr, ...script(() => server) }, options);
  servers.push(server);
  return { server, client: await server.connect() };
}

async function fetched(chunks: AsyncIterable<Buffer>): Promise<string> {
  const parts: Buffer[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts).toString();
}

const bytesOf = (port: number) => `${port >> 8},${port & 0xff}`;
const says = (server: () => FakeServer, text: (port: number) => string) => (peer: Peer) => {
  server().expectData();
  peer.reply(text(server().dataPort));
};

describe('passive', () => {
  it.each<[string, string, (port: number) => string]>([
    ['the delimiter of IBM i', 'EPSV', port => `229 ok (!!!${port}!)`],
    ['no parentheses', 'EPSV', port => `229 |||${port}|`],
    ['an address besides', 'EPSV', port => `229 ok (|1|192.0.2.9|${port}|)`],
    ['227 to EPSV', 'EPSV', port => `227 ok (127,0,0,1,${bytesOf(port)})`],
    ['0.0.0.0', 'PASV', port => `227 ok (0,0,0,0,${bytesOf(port)})`],
    ['a private address', 'PASV', port => `227 ok (10,1,2,3,${bytesOf(port)})`],
    ['the address of somebody else', 'PASV', port => `227 ok (192,0,2,77,${bytesOf(port)})`],
    ['no parentheses, and blanks', 'PASV', port => `227 Entering 127, 0, 0, 1, ${bytesOf(port).replace(',', ', ')}`],
    ['an equals sign', 'PASV', port => `227 =127,0,0,1,${bytesOf(port)}`],
  ])('%s', async (_, verb, text) => {
    const { client } = await session(server => ({ [verb]: says(server, text), ...(verb === 'PASV' ? { EPSV: '502 no' } : {}) }));
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(await fetched(client.download('/a'))).toBe('hello');
  });

  it.each([
    '229 ok (|||0|)',
    '229 ok (|||65536|)',
    '229 nothing',
    '522 no IPv4 here',
    '500 what',
  ])('%s: PASV instead, from then on', async answer => {
    const { server, client } = await session(own => ({
      EPSV: answer,
      PASV: says(own, port => `227 ok (127,0,0,1,${bytesOf(port)})`),
    }));
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(server.seen.filter(line => line === 'EPSV')).toHaveLength(1);
  });

  it.each([
    '227 ok (127,0,0,1,0,0)',
    '227 ok (127,0,0,1,256,1)',
    '227 ok (127,0,0,1,-1,1)',
    '227 nothing',
  ])('%s is no port', async answer => {
    const { client } = await session(() => ({ EPSV: '502 no', PASV: answer }));
    await expect(fetched(client.download('/a'))).rejects.toMatchObject({ code: 'protocol-unexpected' });
  });

  it('PRET before each, once the server has asked for it, and in one segment with the rest', async () => {
    let told = '';
    const { server, client } = await session(own => ({
      PRET: (peer, argument) => {
        told = argument;
        peer.reply('200 fine');
      },
      EPSV: '502 no',
      PASV: peer => {
        if (told === '') return peer.reply('500 You need to use a client supporting PRET (PRE Transfer) to use PASV');
        told = '';
        says(own, port => `227 ok (127,0,0,1,${bytesOf(port)})`)(peer);
      },
    }));
    expect(await fetched(client.download('/a'))).toBe('hello');
    server.segments.length = 0;
    expect(await fetched(client.download('/b'))).toBe('hello');
    expect(server.segments).toEqual([['PRET RETR /b', 'PASV', 'RETR /b']]);
  });
});

describe('active', () => {
  const dialling = (host: string, port: number): Promise<void> =>
    new Promise((resolve, reject) => {
      const socket = connect({ host, port }, () => {
        socket.end('hello');
        resolve();
      });
      socket.once('error', reject);
    });
  const active = (script: Script) => session(() => script, { endpoint: { passive: false } });
  const withPort = () => {
    let port = 0;
    return {
      eprt: (peer: Peer, argument: string) => {
        port = Number(argument.split('|')[3]);
        peer.reply('200 ok');
      },
      port: (peer: Peer, argument: string) => {
        const [high = 0, low = 0] = argument.split(',').slice(4).map(Number);
        port = high * 256 + low;
        peer.reply('200 ok');
      },
      retr: async (peer: Peer) => {
        peer.reply('150 here');
        await dialling('127.0.0.1', port);
        peer.reply('226 done');
      },
    };
  };

  it('by EPRT', async () => {
    const { eprt, retr: RETR } = withPort();
    const { client } = await active({ EPRT: eprt, RETR });
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(await fetched(client.download('/a'))).toBe('hello');
  });

  it.each(['500 what', '502 no', '522 use (1)'])('by PORT when EPRT is answered with %s', async answer => {
    const { port, retr: RETR } = withPort();
    const { server, client } = await active({ EPRT: answer, PORT: port, RETR });
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(await fetched(client.download('/a'))).toBe('hello');
    expect(server.seen.filter(line => line.startsWith('EPRT'))).toHaveLength(1);
  });

  it('refused by the server', async () => {
    const { client } = await active({ EPRT: '500 what', PORT: '500 no active mode' });
    await expect(fetched(client.download('/a'))).rejects.toMatchObject({ hint: expect.stringContaining('passive: false') });
  });

  it('a server that refuses the file does not leave us listening', async () => {
    const { eprt } = withPort();
    const { client } = await active({ EPRT: eprt, RETR: '550 no', SIZE: '213 1' });
    await expect(fetched(client.download('/a'))).rejects.toMatchObject({ code: 'path-refused' });
    expect(await client.size('/a')).toBe(1);
  });
});
