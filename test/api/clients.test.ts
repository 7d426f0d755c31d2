// The package as a program sees it: imported by its name, typed, against the sandbox.
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { AppError, FtpClient, Pop3Client, SmtpClient } from 'postrider';
import { afterAll, describe, expect, it } from 'vitest';
import { playground } from '../sandbox/playground.ts';

const ground = await playground();
afterAll(ground.close);
const { endpoints, caFile, user, password, mailbox } = ground.sandbox;
const at = (scheme: string, name: keyof typeof endpoints) => `${scheme}://${user}@localhost:${endpoints[name].port}?ca=${caFile}`;

describe('the package', () => {
  it('uploads, lists and downloads by FTP, explicit and implicit TLS', async () => {
    const lines: string[] = [];
    const ftp: FtpClient = await FtpClient.connect(at('ftp', 'ftp'), {
      password,
      transcript: (way, line) => lines.push(way + line),
    });
    expect(await ftp.upload('a.txt', Readable.from([Buffer.from('hello')]))).toBe(5);
    expect((await ftp.list('.')).map(({ name, size }) => ({ name, size }))).toContainEqual({ name: 'a.txt', size: 5 });
    await ftp.quit();
    expect(lines).toContain('>PASS ****');
    expect(lines.join('\n')).not.toContain(password);

    const implicit = await FtpClient.connect(at('ftps', 'ftps'), { password });
    expect((await buffer(Readable.from(implicit.download('a.txt')))).toString()).toBe('hello');
    await implicit.quit();
  });

  it('sends a mail and fetches it', async () => {
    const smtp: SmtpClient = await SmtpClient.connect(at('smtp', 'smtp'), { password });
    const mail = 'From: <a@example.org>\r\nTo: <b@example.org>\r\nSubject: hi\r\n\r\nbody\r\n';
    const result = await smtp.send({ from: 'a@example.org', to: ['b@example.org'] }, Buffer.from(mail));
    expect(result.outcome).toBe('accepted');
    await smtp.quit();
    expect(await mailbox.list()).toHaveLength(1);

    const pop3: Pop3Client = await Pop3Client.connect(at('pop3s', 'pop3s'), { password });
    const { count } = await pop3.stat();
    expect((await buffer(Readable.from(pop3.retrieve(count)))).toString()).toContain('Subject: hi');
    await pop3.quit();
  });

  it('refuses with a code', async () => {
    await expect(FtpClient.connect(at('ftp', 'ftp'), { password: 'wrong' })).rejects.toMatchObject({
      code: 'sign-in-refused',
      retry: 'never',
    });
    await expect(SmtpClient.connect(at('ftp', 'ftp'), { password })).rejects.toBeInstanceOf(AppError);
  });
});
