// Our FTP client against vsftpd, proftpd and pure-ftpd: many files over one session, octet for octet, under the strictest TLS they know.
import { mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { Secret } from '../../src/core/secret.ts';
import { connectFtp, type FtpClient } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { endpointOf } from './endpoint.ts';
import { sha256 } from './mail-samples.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const WAYS = [
  { way: 'vsftpd, TLS 1.2, reuse required', tls: 'explicit', start: () => startVsftpd({ tlsVersion: '1.2' }) },
  { way: 'vsftpd, TLS 1.3, reuse required', tls: 'explicit', start: () => startVsftpd({ tlsVersion: '1.3' }) },
  { way: 'vsftpd, implicit TLS', tls: 'implicit', start: () => startVsftpd({ tls: 'implicit' }) },
  { way: 'vsftpd, clear text', tls: 'none', start: () => startVsftpd({ tls: 'none' }) },
  { way: 'proftpd, TLS 1.2, reuse required', tls: 'explicit', start: () => startProftpd({ tlsVersion: '1.2' }) },
  { way: 'proftpd, TLS 1.3, reuse required', tls: 'explicit', start: () => startProftpd({ tlsVersion: '1.3' }) },
  { way: 'pure-ftpd, clear text', tls: 'none', start: () => startPureFtpd() },
  { way: 'pure-ftpd, TLS 1.2', tls: 'explicit', start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.2' }) },
  { way: 'pure-ftpd, TLS 1.3', tls: 'explicit', start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.3' }) },
] as const;

/** Twenty files: empty, one octet, around the sizes of TLS records and buffers, and some megabytes; every octet value. */
const SIZES = [
  0, 1, 2, 100, 1_023, 1_024, 4_096, 16_383, 16_384, 16_385, 0, 32_768, 65_535, 65_536, 65_537, 100_000, 131_072, 0, 1_000_000,
  3_000_001,
];
const FILES = new Map(SIZES.map((size, index) => [`file ${index} ü.bin`, content(size, index)]));
/** A whole second of the past, since MDTM and MFMT know no fractions here. */
const MODIFIED_AT = Date.UTC(2024, 1, 29, 12, 34, 56);

describeReal.each('FTP: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, start }) => {
  let server: RealServer;
  let client: FtpClient;

  const connect = (password = server.password): Promise<FtpClient> =>
    connectFtp(endpointOf(server, 'ftp', tls, { password: new Secret(password) }), { dial, clock: systemClock });
  const onDisk = (name: string) => readFileSync(join(server.root, name));

  beforeAll(async () => {
    server = await start();
    client = await connect();
  });
  afterAll(async () => {
    client?.close();
    await server?.stop();
  });

  test('uploads twenty files over one session, octet for octet', async () => {
    for (const [name, bytes] of FILES) await client.upload(`/${name}`, pieces(bytes));
    const sums = [...FILES.keys()].map(name => [name, sha256(onDisk(name))]);
    expect(sums).toEqual([...FILES].map(([name, bytes]) => [name, sha256(bytes)]));
  });

  test('lists them with their sizes', async () => {
    const entries = await client.list('/');
    const sizes = entries.filter(entry => entry.type === 'file').map(entry => [entry.name, entry.size]);
    expect(sizes.sort(byName)).toEqual([...FILES].map(([name, bytes]) => [name, bytes.length]).sort(byName));
  });

  test('downloads them, octet for octet', async () => {
    const sums: [string, string][] = [];
    for (const name of FILES.keys()) sums.push([name, sha256(await whole(client.download(`/${name}`)))]);
    expect(sums).toEqual([...FILES].map(([name, bytes]) => [name, sha256(bytes)]));
  });

  test('continues a download in the middle', async () => {
    const [name = '', bytes = Buffer.alloc(0)] = [...FILES].at(-1) ?? [];
    const rest = await whole(client.download(`/${name}`, { offset: 2_500_000 }));
    expect(sha256(rest)).toBe(sha256(bytes.subarray(2_500_000)));
  });

  test('continues an upload in the middle', async () => {
    const bytes = content(200_000, 7);
    await client.upload('/partial.bin', pieces(bytes.subarray(0, 70_000)));
    await client.upload('/partial.bin', pieces(bytes.subarray(70_000)), { offset: 70_000 });
    expect(sha256(onDisk('partial.bin'))).toBe(sha256(bytes));
    await client.remove('/partial.bin');
  });

  test('sets the time of a file and reads it back', async () => {
    const [name = ''] = FILES.keys();
    await client.setModified(`/${name}`, MODIFIED_AT);
    expect(statSync(join(server.root, name)).mtimeMs).toBe(MODIFIED_AT);
    expect(await client.modified(`/${name}`)).toBe(MODIFIED_AT);
  });

  test('makes, fills, renames and removes', async () => {
    await client.makeFolder('/a folder');
    await client.upload('/a folder/new', pieces(Buffer.from('new')));
    await client.upload('/a folder/old', pieces(Buffer.from('old')));
    await client.rename('/a folder/new', '/a folder/old');
    expect(onDisk('a folder/old').toString()).toBe('new');
    expect(await client.size('/a folder/old')).toBe(3);
    await client.remove('/a folder/old');
    expect(await client.list('/a folder')).toEqual([]);
    await client.removeFolder('/a folder');
    expect(readdirSync(server.root)).not.toContain('a folder');
  });

  test('a file that is not there is refused, and the session lives on', async () => {
    await expect(whole(client.download('/missing'))).rejects.toMatchObject({ retry: 'never' });
    await expect(client.size('/missing')).rejects.toMatchObject({ retry: 'never' });
    await expect(client.upload('/missing/file', pieces(Buffer.from('x')))).rejects.toMatchObject({ retry: 'never' });
    const [name = '', bytes = Buffer.alloc(0)] = [...FILES][15] ?? [];
    expect(sha256(await whole(client.download(`/${name}`)))).toBe(sha256(bytes));
    expect(client.usable).toBe(true);
  });

  test('leaving a download early leaves nothing open', async () => {
    const [name = ''] = [...FILES.keys()].slice(-1);
    const another = await connect();
    for await (const chunk of another.download(`/${name}`)) {
      expect(chunk.length).toBeGreaterThan(0);
      break;
    }
    another.close();
    expect((await client.list('/')).length).toBe(FILES.size);
  });

  test('shows names with a leading dot', async () => {
    mkdirSync(join(server.root, 'visible'), { mode: 0o777 });
    await client.upload('/.hidden', pieces(Buffer.from('h')));
    const names = (await client.list('/')).map(entry => entry.name);
    expect(names).toContain('visible');
    expect(names).toContain('.hidden');
  });

  test('a wrong password is refused for good', async () => {
    await expect(connect('wrong-password')).rejects.toMatchObject({ code: 'sign-in-refused', retry: 'never' });
  });

  test('parts in peace', async () => {
    const another = await connect();
    await another.quit();
    expect(another.usable).toBe(false);
  });
});

function content(size: number, seed: number): Buffer {
  const bytes = Buffer.allocUnsafe(size);
  for (let at = 0, value = seed + 1; at < size; at += 1) {
    value = (Math.imul(value, 1_103_515_245) + 12_345) >>> 0;
    bytes[at] = value >>> 16;
  }
  return bytes;
}

async function* pieces(bytes: Buffer): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += 50_000) yield bytes.subarray(at, at + 50_000);
}

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk);
  return Buffer.concat(parts);
}

function byName([a]: readonly (string | number | undefined)[], [b]: readonly (string | number | undefined)[]): number {
  return String(a) < String(b) ? -1 : 1;
}
