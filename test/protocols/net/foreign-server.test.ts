// Another kind of server is named by its first words; the right kind, and what could be it, never is.
import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint, Protocol } from '../../../src/protocols/net/endpoint.ts';
import { foreignServer } from '../../../src/protocols/net/foreign-server.ts';

const endpoint = (type: Protocol, port = 1): Endpoint => ({
  name: 'x',
  type,
  host: 'localhost',
  port,
  tls: 'none',
  timeoutMs: 10_000,
});
const named = (type: Protocol, greeting: string) => foreignServer(endpoint(type), Buffer.from(greeting, 'latin1'))?.message;

it.each<[Protocol, string, string]>([
  ['ftp', '220 mail.example.org ESMTP Postfix\r\n', 'an SMTP server, not an FTP server'],
  ['ftp', '220-mx.example.org ESMTP Exim 4.97\r\n', 'an SMTP server, not an FTP server'],
  ['smtp', '220 (vsFTPd 3.0.5)\r\n', 'an FTP server, not an SMTP server'],
  ['smtp', '220---------- Welcome to Pure-FTPd [privsep] [TLS] ----------\r\n', 'an FTP server, not an SMTP server'],
  ['smtp', '220 ProFTPD Server (Debian)\r\n', 'an FTP server, not an SMTP server'],
  ['smtp', '220-FileZilla Server 1.8.0\r\n', 'an FTP server, not an SMTP server'],
  ['smtp', '+OK Dovecot ready.\r\n', 'a POP3 server, not an SMTP server'],
  ['pop3', '* OK [CAPABILITY IMAP4rev1] Dovecot ready.\r\n', 'an IMAP server, not a POP3 server'],
  ['pop3', '220 smtp.gmail.com ESMTP x\r\n', 'an SMTP server, not a POP3 server'],
  ['ftp', 'SSH-2.0-OpenSSH_9.6\r\n', 'an SSH server, not an FTP server'],
  ['ftp', 'HTTP/1.1 400 Bad Request\r\n', 'a web server, not an FTP server'],
])('%s told %j', (type, greeting, message) => {
  expect(named(type, greeting)).toBe(`localhost:1 is ${message}`);
});

it.each<[Protocol, string]>([
  ['ftp', '220 hello\r\n'],
  ['ftp', '220 (vsFTPd 3.0.5)\r\n'],
  ['ftp', '220 FTP and SMTP relay of example.org\r\n'],
  ['ftp', '421 too many users\r\n'],
  ['ftp', '2'],
  ['smtp', '220 mx.example.org\r\n'],
  ['smtp', '220 ftp.example.org ESMTP\r\n'],
  ['smtp', '554 5.7.1 go away\r\n'],
  ['pop3', '+OK\r\n'],
  ['pop3', '-ERR busy\r\n'],
  ['pop3', ''],
  ['pop3', 'nonsense'],
])('%s told %j goes on', (type, greeting) => {
  expect(named(type, greeting)).toBeUndefined();
});

it('is said at once by whoever dials', async () => {
  const server = createServer(socket => socket.on('error', () => undefined).end('220 mx ESMTP\r\n'));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await expect(dial(endpoint('ftp', port))).rejects.toMatchObject({
    code: 'wrong-server',
    retry: 'never',
    hint: 'Write `type: smtp`, or the port of the FTP server (usually 21 or 990).',
  });
  server.close();
});
