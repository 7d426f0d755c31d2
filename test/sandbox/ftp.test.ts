import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LineClient } from './line-client.ts';
import { fetchData, openData, type Playground, playground, sendData } from './playground.ts';

let place: Playground;
let root: string;

beforeAll(async () => {
  place = await playground();
  root = place.sandbox.siteDir;
});
afterAll(() => place.close());

describe('sign-in', () => {
  it('wants user and password, and nothing works before', async () => {
    const client = await place.client('ftp');
    for (const line of ['PWD', 'EPSV', 'RETR x', 'SITE CHMOD 644 x', 'ABOR']) expect(await client.say(line)).toMatch(/^530/);
    expect(await client.say('PASS x')).toMatch(/^503/);
    expect(await client.say('USER nora', 'PASS wrong')).toMatch(/^530/);
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^230/);
    expect(await client.say('PASS p w:ü')).toMatch(/^503/);
    expect(await client.say('USER other')).toMatch(/^331/);
    expect(await client.say('PWD')).toMatch(/^530/);
  });

  it('ends the connection after three wrong passwords', async () => {
    const client = await place.client('ftp');
    expect(await client.say('USER a', 'PASS 1', 'USER a', 'PASS 2', 'USER a', 'PASS 3')).toMatch(/^421/);
    expect(await client.rest()).toHaveLength(0);
  });

  it('masks the password for whoever watches', async () => {
    const client = await place.ftp();
    await client.say('NOOP');
    expect(place.log).toContain('ftp received PASS ****');
    expect(place.log.join('\n')).not.toContain('p w:');
  });

  it('takes no password in clear without allowClear', async () => {
    const strict = await playground([], { allowClear: false });
    const client = await strict.client('ftp');
    expect(await client.say('USER nora')).toMatch(/^530 TLS/);
    expect(await client.say('AUTH TLS')).toMatch(/^234/);
    await client.startTls(strict.sandbox.caFile);
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^230/);
    await strict.close();
  });
});

describe('TLS', () => {
  it('protects control and data, both ways', async () => {
    const { caFile } = place.sandbox;
    const client = await place.client('ftp');
    expect(await client.say('PBSZ 0')).toMatch(/^503/);
    await client.say('AUTH TLS');
    await client.startTls(caFile);
    expect(await client.say('AUTH TLS')).toMatch(/^503/);
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^230/);
    expect(await client.say('PROT P')).toMatch(/^503/);
    expect(await client.say('PBSZ 0', 'PROT S')).toMatch(/^536/);
    expect(await client.say('PROT P')).toMatch(/^200/);
    const upload = await openData(client);
    client.send('STOR secret.bin\r\n');
    await upload.startTls(caFile);
    expect(await client.reply()).toMatch(/^150/);
    upload.send(Buffer.alloc(200_000, 5));
    upload.end();
    expect(await client.reply()).toMatch(/^226/);
    const download = await openData(client, caFile);
    expect(await client.say('TYPE I', 'RETR secret.bin')).toMatch(/^150/);
    expect((await download.rest()).equals(Buffer.alloc(200_000, 5))).toBe(true);
    expect(await client.reply()).toMatch(/^226/);
  });

  it('starts at once on the implicit port', async () => {
    const client = await place.client('ftps');
    expect(await client.say('USER nora', 'PASS p w:ü')).toMatch(/^230/);
  });

  it('refuses clear text that follows AUTH TLS', async () => {
    const client = await place.client('ftp');
    client.send('AUTH TLS\r\nUSER nora\r\n');
    expect(await client.reply()).toMatch(/^234/);
    expect(await client.rest()).toHaveLength(0);
  });
});

describe('files', () => {
  it('come back as they were sent, whatever their names and bytes', async () => {
    const client = await place.ftp();
    await client.say('TYPE I');
    const content = Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251));
    for (const name of ['plain.bin', 'Größe 😀.bin', ' leading and trailing ', '-dash', 'back\\slash', '"quoted"']) {
      expect(await sendData(client, `STOR ${name}`, content)).toMatch(/^226/);
      expect((await readFile(join(root, name))).equals(content)).toBe(true);
      expect((await fetchData(client, `RETR ${name}`)).data.equals(content)).toBe(true);
      expect(await client.say(`DELE ${name}`)).toMatch(/^250/);
    }
    expect(await client.say('DELE plain.bin')).toMatch(/^550/);
  });

  it('refuses names that are not UTF-8, and the session goes on', async () => {
    const client = await place.ftp();
    client.send(Buffer.from('MKD caf\xe9\r\n', 'latin1'));
    expect(await client.reply()).toMatch(/^501/);
    expect(await client.say('NOOP')).toMatch(/^200/);
  });

  it('are appended, restarted, sized, dated, renamed, chmodded', async () => {
    const client = await place.ftp();
    expect(await client.say('SIZE a.txt')).toMatch(/^550/);
    await client.say('TYPE I');
    await sendData(client, 'STOR a.txt', '0123456789');
    expect(await sendData(client, 'APPE a.txt', 'abc')).toMatch(/^226/);
    expect(await client.say('SIZE a.txt')).toBe('213 13');
    expect(await client.say('REST 4')).toMatch(/^350/);
    expect((await fetchData(client, 'RETR a.txt')).data.toString()).toBe('456789abc');
    expect((await fetchData(client, 'RETR a.txt')).data.toString()).toBe('0123456789abc');
    await client.say('REST 10');
    expect(await sendData(client, 'STOR a.txt', 'XYZ')).toMatch(/^226/);
    expect(await readFile(join(root, 'a.txt'), 'utf8')).toBe('0123456789XYZ');
    await client.say('REST 14');
    expect(await sendData(client, 'STOR a.txt', 'no')).toMatch(/^554/);
    expect(await client.say('MFMT 20260203040506 a.txt')).toBe('213 Modify=20260203040506; a.txt');
    expect(await client.say('MDTM a.txt')).toBe('213 20260203040506');
    expect(await client.say('MFMT 20260230040506 a.txt')).toMatch(/^501/);
    expect(await client.say('RNTO b.txt')).toMatch(/^503/);
    expect(await client.say('RNFR a.txt', 'NOOP', 'RNTO b.txt')).toMatch(/^503/);
    expect(await client.say('RNFR a.txt', 'RNTO b.txt')).toMatch(/^250/);
    expect(await client.say('SITE CHMOD 600 b.txt')).toMatch(/^200/);
    expect((await stat(join(root, 'b.txt'))).mode & 0o777).toBe(0o600);
  });

  it('change their line ends with TYPE A', async () => {
    const client = await place.ftp();
    await client.say('TYPE A');
    expect(await sendData(client, 'STOR lines.txt', 'one\r\ntwo\rthree\r\n\r')).toMatch(/^226/);
    expect(await readFile(join(root, 'lines.txt'), 'latin1')).toBe('one\ntwo\rthree\n\r');
    expect((await fetchData(client, 'RETR lines.txt')).data.toString()).toBe('one\r\ntwo\rthree\r\n\r');
    expect(await client.say('SIZE lines.txt')).toMatch(/^550/);
  });

  it('list as facts, as ls does, and as names', async () => {
    const client = await place.ftp();
    await client.say('MKD listed', 'CWD listed', 'MKD sub');
    await client.say('TYPE I');
    await sendData(client, 'STOR naïve.txt', 'four');
    await client.say('MFMT 20200101000000 naïve.txt');
    const facts = (await fetchData(client, 'MLSD')).data.toString().split('\r\n');
    expect(facts[0]).toMatch(/^type=cdir;.* \.$/);
    expect(facts[1]).toMatch(/^type=file;size=4;modify=20200101000000;perm=adfrw;unique=[^;]+;UNIX\.mode=0\d+; naïve\.txt$/);
    expect(facts[2]).toMatch(/^type=dir;modify=\d{14};.* sub$/);
    expect(await client.say('MLST naïve.txt')).toMatch(/^250-.*\n type=file;size=4;.* \/listed\/naïve\.txt\n250 End/);
    expect(await client.say('OPTS MLST size;type;nonsense;')).toBe('200 MLST OPTS type;size;');
    expect(await client.say('FEAT')).toContain(' MLST type*;size*;modify;perm;unique;UNIX.mode;');
    expect((await fetchData(client, 'MLSD')).data.toString()).toContain('type=file;size=4; naïve.txt\r\n');
    expect((await fetchData(client, 'NLST')).data.toString()).toBe('naïve.txt\r\nsub\r\n');
    expect((await fetchData(client, 'LIST -a')).data.toString()).toMatch(
      /^-rw\S+ +1 \S+ +\S+ +4 Jan {2}1 {2}2020 naïve\.txt\r\ndrw/,
    );
    expect((await fetchData(client, 'LIST nowhere')).reply).toMatch(/^550/);
    expect((await fetchData(client, 'MLSD naïve.txt')).reply).toMatch(/^501/);
    expect(await client.say('STAT naïve.txt')).toContain('naïve.txt\n213');
    expect(await client.say('RMD sub', 'CDUP', 'RMD listed')).toMatch(/^550 Directory not empty/);
  });

  it('are confined: no way out by dots or symlinks', async () => {
    const outside = join(place.sandbox.dir, 'outside');
    await mkdir(outside, { recursive: true });
    await writeFile(join(outside, 'secret'), 'secret');
    await symlink(outside, join(root, 'way-out'));
    await symlink(join(outside, 'secret'), join(root, 'file-out'));
    await symlink(join(outside, 'new'), join(root, 'dangling'));
    const client = await place.ftp();
    await client.say('TYPE I');
    expect(await client.say('SIZE ../outside/secret')).toMatch(/^550/);
    expect(await client.say('SIZE /../../outside/secret')).toMatch(/^550/);
    expect(await client.say('CWD ../../..', 'PWD')).toBe('257 "/" is the current folder.');
    for (const path of ['way-out/secret', 'file-out']) expect((await fetchData(client, `RETR ${path}`)).reply).toMatch(/^550/);
    for (const path of ['way-out/x', 'file-out', 'dangling']) expect(await sendData(client, `STOR ${path}`, 'x')).toMatch(/^550/);
    for (const line of ['CWD way-out', 'MKD way-out/x', 'DELE way-out/secret', 'RNFR way-out/secret', 'MLST file-out'])
      expect(await client.say(line)).toMatch(/^550/);
    expect((await fetchData(client, 'MLSD')).data.toString()).toMatch(/type=OS\.unix=symlink;.* way-out\r\n/);
    expect(await client.say('DELE file-out')).toMatch(/^250/);
    expect(await readdir(outside)).toEqual(['secret']);
    expect(await readFile(join(outside, 'secret'), 'utf8')).toBe('secret');
  });
});

describe('data connections', () => {
  it('are refused without preparation, after EPSV ALL, and to other addresses', async () => {
    const client = await place.ftp();
    expect(await client.say('MLSD')).toMatch(/^425/);
    expect(await client.say('EPSV 2')).toMatch(/^522/);
    expect(await client.say('EPSV 1')).toMatch(/^229/);
    expect(await client.say('PORT 10,0,0,1,200,10')).toMatch(/^501/);
    expect(await client.say('EPRT |1|127.0.0.1|80|')).toMatch(/^501/);
    expect(await client.say('EPRT |3|127.0.0.1|8080|')).toMatch(/^522/);
    expect(await client.say('EPSV ALL', 'PASV')).toMatch(/^503/);
  });

  it('open to the client in active mode', async () => {
    const client = await place.ftp();
    const { promise: arrived, resolve } = Promise.withResolvers<Socket>();
    const server = createServer(resolve);
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done));
    const { port } = server.address() as { port: number };
    expect(await client.say(`EPRT |1|127.0.0.1|${port}|`)).toMatch(/^200/);
    client.send('NLST\r\n');
    const socket = await arrived;
    let text = '';
    for await (const chunk of socket) text += String(chunk);
    expect(text).toContain('b.txt\r\n');
    expect(await client.reply()).toMatch(/^150/);
    expect(await client.reply()).toMatch(/^226/);
    server.close();
  });

  it('PASV names an address that works', async () => {
    const client = await place.ftp();
    const numbers =
      /\((\d+),(\d+),(\d+),(\d+),(\d+),(\d+)\)/
        .exec(await client.say('PASV'))
        ?.slice(1)
        .map(Number) ?? [];
    expect(numbers.slice(0, 4)).toEqual([127, 0, 0, 1]);
    const data = await LineClient.connect((numbers[4] ?? 0) * 256 + (numbers[5] ?? 0));
    expect(await client.say('NLST')).toMatch(/^150/);
    expect((await data.rest()).length).toBeGreaterThan(0);
  });
});

describe('order', () => {
  it('answers pipelined commands one after the other, also those that queue behind a transfer', async () => {
    const client = await place.ftp();
    const data = await openData(client);
    client.send('TYPE I\r\nSTOR piped.bin\r\nSIZE piped.bin\r\nMFMT 20260101000000 piped.bin\r\nNOOP\r\nQUIT\r\n');
    expect(await client.reply()).toMatch(/^200 Type/);
    expect(await client.reply()).toMatch(/^150/);
    data.send('12345');
    data.end();
    const replies = [];
    for (let i = 0; i < 5; i++) replies.push((await client.reply()).slice(0, 5));
    expect(replies).toEqual(['226 T', '213 5', '213 M', '200 O', '221 G']);
  });

  it('answers a client that has ended its side', async () => {
    const client = await place.client('ftp');
    client.send('NOOP\r\nSYST\r\n');
    client.end();
    expect((await client.rest()).toString()).toBe('200 OK.\r\n215 UNIX Type: L8\r\n');
  });

  it('ABOR ends a running transfer, with or without Telnet signals before it', async () => {
    for (const abort of [Buffer.from('ABOR\r\n'), Buffer.from([0xff, 0xf4, 0xff, 0xf2, ...Buffer.from('ABOR\r\n')])]) {
      const client = await place.ftp();
      await client.say('TYPE I');
      const data = await openData(client);
      expect(await client.say('STOR aborted.bin')).toMatch(/^150/);
      data.send('begun');
      client.send(abort);
      expect(await client.reply()).toMatch(/^426/);
      expect(await client.reply()).toMatch(/^226/);
      expect(await client.say('NOOP')).toMatch(/^200/);
      data.close();
    }
  });

  it('refuses what it does not know', async () => {
    const client = await place.ftp();
    expect(await client.say('FROBNICATE')).toMatch(/^500/);
    expect(await client.say('PWD now')).toMatch(/^501/);
    expect(await client.say('RETR')).toMatch(/^501/);
    expect(await client.say('MODE Z')).toMatch(/^504/);
    expect(await client.say('TYPE E')).toMatch(/^504/);
    expect(await client.say('SITE EXEC ls')).toMatch(/^504/);
  });
});
