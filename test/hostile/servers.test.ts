// Hostile servers against the whole program: each is refused with a code and a hint, and never hears the password.
// The same attacks byte by byte, and names that would leave the folder: test/protocols/*, test/steps/ftp-mirror/trees/names.test.ts.
import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { GREETINGS, PASSWORD, PROTOCOLS, type Protocol, runEvilJob } from './evil-job.ts';

let dir: TempDir;
let server: Server | undefined;
let heard = '';
beforeEach(async () => {
  dir = await tempDir();
  heard = '';
});
afterEach(async () => {
  server?.close();
  await dir.remove();
});

/** A friendly answer to every command; with what a client waits for before TLS. */
const FRIENDLY: Readonly<Record<Protocol, (command: string) => string>> = {
  ftp: command => (command === 'AUTH' ? '234 go\r\n' : '230 in\r\n'),
  pop3: command => (command === 'CAPA' ? '+OK\r\nSTLS\r\nUSER\r\n.\r\n' : '+OK\r\n'),
  smtp: command =>
    command === 'EHLO' ? '250-hello\r\n250-AUTH PLAIN\r\n250 STARTTLS\r\n' : command === 'STARTTLS' ? '220 go\r\n' : '235 in\r\n',
};
const TLS_COMMAND = { ftp: 'AUTH', pop3: 'STLS', smtp: 'STARTTLS' };

interface Attack {
  readonly protocol: Protocol;
  readonly greeting?: string;
  readonly answer?: (command: string) => string | undefined;
}

/** Runs a job with a password against a server that does as it likes. */
async function attacked({ protocol, greeting = GREETINGS[protocol], answer = () => undefined }: Attack) {
  const sockets: Socket[] = [];
  const listening = createServer(socket => {
    sockets.push(socket);
    socket.on('error', () => undefined);
    socket.write(greeting);
    socket.on('data', data => {
      heard += data.toString('latin1');
      const command = /^[A-Z]+/i.exec(data.toString('latin1'))?.[0].toUpperCase() ?? '';
      socket.write(answer(command) ?? FRIENDLY[protocol](command), 'latin1');
    });
  });
  server = listening;
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  const { code, stdout, stderr, error } = await runEvilJob(dir.path, { protocol, port, settings: 'tls: explicit, user: me' });
  for (const socket of sockets) socket.destroy();
  expect(heard).not.toContain(PASSWORD);
  expect(heard).not.toContain(Buffer.from(PASSWORD).toString('base64').slice(0, 12));
  expect(code).toBeGreaterThan(0);
  expect(error?.hint, stdout).toBeTruthy();
  return { code: error?.code, message: error?.message ?? '', output: stdout + stderr };
}

describe.each(PROTOCOLS)('%s', protocol => {
  it('bytes slipped in before TLS are not believed', async () => {
    const inject = (command: string) =>
      command === TLS_COMMAND[protocol]
        ? `${FRIENDLY[protocol](command)}${protocol === 'pop3' ? '+OK in' : '230 in'}\r\n`
        : undefined;
    expect((await attacked({ protocol, answer: inject })).code).toMatch(/^(plaintext-injected|protocol-broken)$/);
  });

  it('a server that does not offer TLS, and one that refuses it, get no password', async () => {
    const silent = (command: string) =>
      command === 'EHLO'
        ? '250 hello\r\n'
        : command === 'CAPA'
          ? '+OK\r\nUSER\r\n.\r\n'
          : command === TLS_COMMAND[protocol]
            ? refusal
            : undefined;
    const refusal = { ftp: '502 what?\r\n', pop3: '-ERR what?\r\n', smtp: '502 what?\r\n' }[protocol];
    expect((await attacked({ protocol, answer: silent })).code).toBe('tls-refused');
  });

  it('a line, and a reply, without end are cut off', async () => {
    const endless = 'x'.repeat(8 * 1024 ** 2);
    const lines = { ftp: '220-x\r\n', pop3: '+OK\r\n', smtp: '220-x\r\n' }[protocol].repeat(200_000);
    for (const greeting of [GREETINGS[protocol].slice(0, 4) + endless, ...(protocol === 'pop3' ? [] : [lines])]) {
      server?.close();
      const { code, output } = await attacked({ protocol, greeting });
      expect(code).toMatch(/long|protocol|reply/);
      expect(output.length).toBeLessThan(20_000);
    }
  });

  it('escapes and direction marks in a reply reach no terminal', async () => {
    const evil = '\u001b]0;owned\u0007\u001b[2J\u009b31m\u0000';
    const no = { ftp: '530', pop3: '-ERR', smtp: '554' }[protocol];
    const { output } = await attacked({ protocol, greeting: `${no} ${evil} go away\r\n` });
    expect(output).toContain('go away');
    for (const character of ['\u001b', '\u0007', '\u009b', '\u0000']) expect(output).not.toContain(character);
  });
});
