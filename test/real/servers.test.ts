// Each real server starts, speaks its protocol, stops, and leaves neither process nor folder behind.
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { connect as tlsConnect } from 'node:tls';
import { expect, onTestFinished, test } from 'vitest';
import { describeReal } from './require.ts';
import { isRunning, type RealServer, startDovecot, startPostfix, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

/** Sends each line when the line before has been answered; returns the answers' last lines, the greeting first. */
function converse(server: RealServer, lines: readonly string[], ended: RegExp): Promise<string[]> {
  return new Promise((resolve, reject) => {
    const answers: string[] = [];
    const todo = [...lines];
    let text = '';
    const socket = connect({ host: '127.0.0.1', port: server.port });
    socket.on('error', reject);
    socket.on('data', chunk => {
      text += chunk.toString('latin1');
      if (!ended.test(text)) return;
      answers.push(text.trimEnd());
      text = '';
      const next = todo.shift();
      if (next !== undefined) return void socket.write(`${next}\r\n`);
      socket.destroy();
      return resolve(answers);
    });
  });
}

const FTP_REPLY = /^\d{3} .*\r\n$/m;
const SMTP_REPLY = FTP_REPLY;
const POP3_REPLY = /^(\+OK|-ERR).*\r\n$/;
const POP3_LISTING = /\r\n\.\r\n$|^\+OK Dovecot.*\r\n$/;

/** A server that is stopped even when its test fails. */
async function running<Server extends RealServer>(starting: Promise<Server>): Promise<Server> {
  const server = await starting;
  onTestFinished(() => server.stop());
  return server;
}

async function stopsWithoutTrace(server: RealServer): Promise<void> {
  const pids = server.pids();
  expect(pids.length).toBeGreaterThan(0);
  const folder = dirname(server.caFile);
  expect(existsSync(folder)).toBe(true);
  await server.stop();
  await server.stop();
  expect(pids.filter(isRunning)).toEqual([]);
  expect(existsSync(folder)).toBe(false);
}

describeReal('vsftpd', ['vsftpd'], () => {
  test.each([{ tls: 'explicit' as const }, { tls: 'none' as const }])('greets, answers FEAT and stops: $tls', async options => {
    const server = await running(startVsftpd(options));
    const [greeting, features] = await converse(server, ['FEAT'], FTP_REPLY);
    expect(greeting).toMatch(/^220 /);
    expect(features?.includes('AUTH TLS')).toBe(options.tls === 'explicit');
    await stopsWithoutTrace(server);
    expect(existsSync(`/etc/pam.d/${dirname(server.caFile).split('/').at(-1)?.toLowerCase()}`)).toBe(false);
  });

  test('refuses a wrong password and takes the right one', async () => {
    const server = await running(startVsftpd({ tls: 'none' }));
    expect((await converse(server, [`USER ${server.user}`, 'PASS wrong'], FTP_REPLY)).at(-1)).toMatch(/^530 /);
    expect((await converse(server, [`USER ${server.user}`, `PASS ${server.password}`], FTP_REPLY)).at(-1)).toMatch(/^230 /);
    await stopsWithoutTrace(server);
  });
});

describeReal('proftpd', ['proftpd'], () => {
  test.each([{ tls: 'explicit' as const }, { tls: 'none' as const }])('greets, answers FEAT and stops: $tls', async options => {
    const server = await running(startProftpd(options));
    const [greeting, features] = await converse(server, ['FEAT'], FTP_REPLY);
    expect(greeting).toMatch(/^220 /);
    expect(features).toContain('MFMT');
    expect(features?.includes('AUTH TLS')).toBe(options.tls === 'explicit');
    await stopsWithoutTrace(server);
  });
});

describeReal('pure-ftpd', ['pure-ftpd'], () => {
  test.each([{ tls: 'explicit' as const }, { tls: 'none' as const }])('greets, answers FEAT and stops: $tls', async options => {
    const server = await running(startPureFtpd(options));
    const [greeting, features] = await converse(server, ['FEAT'], FTP_REPLY);
    expect(greeting).toMatch(/^220[ -]/);
    expect(features).toContain('MLSD');
    await stopsWithoutTrace(server);
  });

  test('takes the right password', async () => {
    const server = await running(startPureFtpd());
    expect((await converse(server, [`USER ${server.user}`, `PASS ${server.password}`], FTP_REPLY)).at(-1)).toMatch(/^230 /m);
    await stopsWithoutTrace(server);
  });
});

describeReal('TLS versions', ['vsftpd', 'proftpd'], () => {
  const starts = { vsftpd: startVsftpd, proftpd: startProftpd } as const;
  const cases = (['vsftpd', 'proftpd'] as const).flatMap(name =>
    (['1.2', '1.3'] as const).map(tlsVersion => ({ name, tlsVersion })),
  );
  test.each(cases)('$name speaks TLS $tlsVersion only, from the first byte', async ({ name, tlsVersion }) => {
    const server = await running(starts[name]({ tls: 'implicit', tlsVersion }));
    const ca = readFileSync(server.caFile);
    const protocol = await new Promise((resolve, reject) => {
      const socket = tlsConnect({ host: 'localhost', port: server.port, servername: 'localhost', ca });
      socket.once('error', reject);
      socket.once('secureConnect', () => {
        resolve(socket.getProtocol());
        socket.destroy();
      });
    });
    expect(protocol).toBe(`TLSv${tlsVersion}`);
    await stopsWithoutTrace(server);
  });
});

describeReal('dovecot', ['dovecot'], () => {
  test('greets, lists its abilities, serves a delivered message and stops', async () => {
    const server = await running(startDovecot());
    const [greeting, abilities] = await converse(server, ['CAPA'], POP3_LISTING);
    expect(greeting).toMatch(/^\+OK/);
    expect(abilities).toContain('STLS');
    server.deliver(Buffer.from('Subject: one\n\nText\n'));
    const stat = await converse(server, [`USER ${server.user}`, `PASS ${server.password}`, 'STAT'], POP3_REPLY);
    expect(stat.at(-1)).toBe('+OK 1 22');
    await stopsWithoutTrace(server);
  });
});

describeReal('postfix', ['postfix', 'dovecot'], () => {
  test('greets, offers STARTTLS but no AUTH in clear text, and stops', async () => {
    const server = await running(startPostfix());
    const [greeting, abilities, mail] = await converse(server, ['EHLO test', 'MAIL FROM:<a@example.test>'], SMTP_REPLY);
    expect(greeting).toMatch(/^220 /);
    expect(abilities).toContain('STARTTLS');
    expect(abilities).not.toContain('AUTH');
    expect(mail).toMatch(/^530 /);
    await stopsWithoutTrace(server);
  });
});
