import { X509Certificate } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { MailboxStore, sandboxCertificates, seedSandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { LineClient } from './line-client.ts';
import { playground } from './playground.ts';

let temp: TempDir;
beforeEach(async () => {
  temp = await tempDir();
});
afterEach(() => temp.remove());

const given = { clock: systemClock, random: systemRandom };

describe('startSandbox', () => {
  it('takes up its folder again: certificates, files, mails and their names', async () => {
    const first = await startSandbox({ ...given, dir: temp.path });
    expect(first.password).toMatch(/^[0-9a-f]{16}$/);
    const { uid } = await first.mailbox.add(Buffer.from('Subject: kept\r\n\r\n'));
    const ca = await readFile(first.caFile, 'utf8');
    await first.close();
    const second = await startSandbox({ ...given, dir: temp.path });
    expect(await readFile(second.caFile, 'utf8')).toBe(ca);
    expect((await second.mailbox.list()).map(message => message.uid)).toEqual([uid]);
    expect(second.password).not.toBe(first.password);
    await second.close();
  });

  it.runIf(process.platform === 'linux')('refuses a folder in which nothing can be made', async () => {
    await expect(startSandbox({ ...given, dir: '/proc/nothing/sandbox' })).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('listens on the ports that it is given, or on none when one is taken', async () => {
    const { taken, port } = await takePort(FIRST_PORT + (process.pid % 5_000));
    await expect(startSandbox({ ...given, dir: temp.path, ports: { pop3s: port } })).rejects.toMatchObject({
      code: 'EADDRINUSE',
    });
    await new Promise(resolve => taken.close(resolve));
    const sandbox = await startSandbox({ ...given, dir: temp.path, ports: { pop3s: port } });
    expect(sandbox.endpoints.pop3s).toEqual({ host: 'localhost', port });
    await sandbox.close();
  });

  it('cuts what is open when it closes', async () => {
    const place = await playground();
    const idle = await place.client('ftp');
    const secure = await place.client('pop3s');
    await place.sandbox.close();
    expect(await idle.rest()).toHaveLength(0);
    expect(await secure.rest()).toHaveLength(0);
    await expect(LineClient.connect(place.sandbox.endpoints.ftp.port)).rejects.toThrow();
    await place.close();
  });
});

/** Below the range from which the system hands out free ports, so that nobody gets it in between. */
const FIRST_PORT = 20_000;

async function takePort(port: number): Promise<{ readonly taken: Server; readonly port: number }> {
  const taken = createServer();
  const listening = await new Promise<boolean>(resolve => {
    taken.once('error', () => resolve(false));
    taken.listen(port, '127.0.0.1', () => resolve(true));
  });
  return listening ? { taken, port } : takePort(port + 1);
}

describe('certificates', () => {
  it('are valid for localhost and loopback, signed by the CA, the key private', async () => {
    const { caFile, tls } = await sandboxCertificates(temp.path, systemClock, systemRandom);
    const ca = new X509Certificate(await readFile(caFile));
    const cert = new X509Certificate(String(tls.cert));
    expect(ca.ca).toBe(true);
    expect(cert.ca).toBe(false);
    expect(cert.verify(ca.publicKey)).toBe(true);
    expect(cert.subjectAltName).toBe('DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1');
    expect((await stat(join(temp.path, 'server-key.pem'))).mode & 0o777).toBe(0o600);
    expect((await readdir(temp.path)).sort()).toEqual(['ca.pem', 'server-key.pem', 'server.pem']);
  });

  it('are kept while they are valid and renewed before they are not', async () => {
    const first = await sandboxCertificates(temp.path, systemClock, systemRandom);
    const later = (days: number) => ({ ...systemClock, now: () => systemClock.now() + days * 86_400_000 });
    expect((await sandboxCertificates(temp.path, later(300), systemRandom)).tls.cert).toBe(first.tls.cert);
    expect((await sandboxCertificates(temp.path, later(360), systemRandom)).tls.cert).not.toBe(first.tls.cert);
  });
});

describe('the mailbox', () => {
  it('keeps order under many at once, and never uses a name again', async () => {
    const mailbox = await MailboxStore.open(temp.path, systemRandom);
    await Promise.all(Array.from({ length: 12 }, (_, i) => mailbox.add(Buffer.from(`Subject: ${i}\r\n\r\n`))));
    const list = await mailbox.list();
    for (const [i, { uid }] of list.entries()) expect((await mailbox.read(uid)).toString()).toBe(`Subject: ${i}\r\n\r\n`);
    const last = list.at(-1)?.uid ?? '';
    await mailbox.remove(last);
    await mailbox.remove(last);
    expect((await mailbox.add(Buffer.from('Subject: 11\r\n\r\n'))).uid).not.toBe(last);
  });

  it('keeps line ends as CRLF, so that sizes are what POP3 sends', async () => {
    const mailbox = await MailboxStore.open(temp.path, systemRandom);
    const { uid, size } = await mailbox.add(Buffer.from('a\nb\rc\r\n\xff', 'latin1'));
    expect((await mailbox.read(uid)).toString('latin1')).toBe('a\r\nb\r\nc\r\n\xff\r\n');
    expect(size).toBe(12);
  });

  it('reads nothing outside of itself', async () => {
    const mailbox = await MailboxStore.open(join(temp.path, 'mail'), systemRandom);
    await expect(mailbox.read('../../etc/passwd')).rejects.toMatchObject({ code: 'file-missing' });
  });
});

describe('the seed', () => {
  it('is the same every time, and adds no mails to a mailbox that has some', async () => {
    const other = await tempDir();
    const seeded = await seedSandbox(temp.path);
    expect(seeded).toEqual({ siteSource: join(temp.path, 'site-source'), files: 13, mails: 8 });
    await seedSandbox({ dir: other.path });
    expect(await snapshot(temp.path)).toEqual(await snapshot(other.path));
    expect((await seedSandbox(temp.path)).mails).toBe(0);
    expect(await snapshot(temp.path)).toEqual(await snapshot(other.path));
    await other.remove();
  });

  it('has the oddities that break careless archivers', async () => {
    await seedSandbox(temp.path);
    const mailbox = await MailboxStore.open(join(temp.path, 'mail'), systemRandom);
    const mails = await Promise.all((await mailbox.list()).map(({ uid }) => mailbox.read(uid)));
    const texts = mails.map(mail => mail.toString('latin1'));
    expect(texts.every(text => !/\r(?!\n)|(?<!\r)\n/.test(text))).toBe(true);
    expect(texts.some(text => /\r\nFrom /.test(text))).toBe(true);
    expect(texts.some(text => /\r\n\.\r\n/.test(text))).toBe(true);
    expect(texts.some(text => /[\x80-\xff]/.test(text))).toBe(true);
    expect(texts.some(text => text.endsWith('\r\n\r\n'))).toBe(true);
    expect(texts.some(text => text.includes('Content-Disposition: attachment'))).toBe(true);
  });
});

async function snapshot(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { recursive: true, withFileTypes: true })).filter(entry => entry.isFile());
  const entries = names.map(async entry => {
    const path = join(entry.parentPath, entry.name);
    return [path.slice(dir.length), (await readFile(path)).toString('base64')] as const;
  });
  return Object.fromEntries((await Promise.all(entries)).sort(([a], [b]) => (a < b ? -1 : 1)));
}
