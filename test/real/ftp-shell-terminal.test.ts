// The FTP shell as somebody uses it: a real terminal, keys, Tab, history, Ctrl-C, and a server that goes away, on vsftpd, proftpd and pure-ftpd.
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { BIN } from '../support/cli.ts';
import { Pty } from '../support/pty.ts';
import { type Relay, startRelay } from '../support/relay.ts';
import { tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

/** So slow that a large file is on its way until somebody ends it. `stored`: a text that was sent in ASCII mode; vsftpd keeps what came over the wire. */
const WAYS = [
  { way: 'vsftpd', stored: '<p>\r\n', start: () => startVsftpd({ tlsVersion: '1.3', extra: ['local_max_rate=200000'] }) },
  { way: 'proftpd', stored: '<p>\n', start: () => startProftpd({ tlsVersion: '1.3', extra: ['TransferRate RETR,STOR 200'] }) },
  {
    way: 'pure-ftpd',
    stored: '<p>\n',
    start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.3', extra: ['-T', '200:200'] }),
  },
] as const;
const LARGE_BYTES = 40_000_000;
/** Behind the line that was entered: an editor may show the prompt of that line once more. */
const PROMPT = /\n[\s\S]*localhost:\d+:\S*> $/;

describeReal.each('ftp shell at a terminal: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd', 'terminal'], ({ start, stored }) => {
  let server: RealServer;
  let relay: Relay;
  let temp: Awaited<ReturnType<typeof tempDir>>;
  const open = () => {
    const url = `ftp://${server.user}@localhost:${relay.port}/?ca=${encodeURIComponent(server.caFile)}`;
    const env = {
      ...{ PATH: process.env['PATH'] ?? '', HOME: temp.path, XDG_STATE_HOME: join(temp.path, '.state'), LANG: 'C.UTF-8' },
      POSTRIDER_PASSWORD: server.password,
    };
    return new Pty([process.execPath, BIN, 'ftp', 'shell', url], { cwd: temp.path, env });
  };

  beforeAll(async () => {
    server = await start();
    relay = await startRelay({ host: '127.0.0.1', port: server.port });
    temp = await tempDir();
    mkdirSync(join(server.root, 'box'));
    chmodSync(join(server.root, 'box'), 0o777);
    writeFileSync(join(server.root, 'box/large.bin'), Buffer.alloc(LARGE_BYTES, 7), { mode: 0o644 });
    writeFileSync(join(server.root, 'box/two words.txt'), 'one\ntwo\n', { mode: 0o644 });
    mkdirSync(join(temp.path, 'here'));
    writeFileSync(join(temp.path, 'here/page one.html'), '<p>\n');
  });
  afterAll(async () => {
    await relay?.close();
    await server?.stop();
    await temp?.remove();
  });

  test('Tab, questions, Ctrl-C in a transfer, a server that goes, history', async () => {
    const shell = open();
    await shell.until(PROMPT);
    shell.type('cd bo\t');
    await shell.until(/cd box\/$/);
    shell.enter('');
    await shell.until(PROMPT);

    shell.type('size tw\t');
    await shell.until(/size two\\ words\.txt $/);
    shell.enter('');
    expect(await shell.until(PROMPT)).toContain('\n8\r');
    shell.type('lcd he\t');
    await shell.until(/lcd here\/$/);
    shell.enter('');
    await shell.until(PROMPT);
    shell.enter('mget *.txt *.bin');
    await shell.until(/mget two words\.txt \(yes, no, all, quit\)\? $/);
    shell.enter('y');
    await shell.until(/mget large\.bin \(yes, no, all, quit\)\? $/);
    shell.enter('n');
    await shell.until(PROMPT);
    expect(readFileSync(join(temp.path, 'here/two words.txt'), 'utf8')).toBe('one\ntwo\n');

    shell.enter('get large.bin');
    await shell.until(/large\.bin .*\d MB/);
    shell.type('\u0003');
    expect(await shell.until(PROMPT)).toContain('interrupted');
    expect(existsSync(join(temp.path, 'here/large.bin'))).toBe(false);
    shell.enter('pwd');
    expect(await shell.until(PROMPT)).toContain('/box\r\n');

    shell.enter('ascii');
    await shell.until(PROMPT);
    const sessions = relay.count;
    relay.cut();
    shell.enter('pwd');
    expect(await shell.until(PROMPT)).toMatch(/connecting again\r\n\/box\r\n/);
    expect(relay.count).toBeGreaterThan(sessions);
    shell.enter('type');
    expect(await shell.until(PROMPT)).toContain('ascii\r\n');

    shell.type('half a li\u0003');
    await shell.until(/\^C\r\n.*> $/);
    shell.enter('put page\\ one.html');
    await shell.until(PROMPT);
    expect(readFileSync(join(server.root, 'box/page one.html'), 'utf8')).toBe(stored);
    shell.enter('nonsense');
    expect(await shell.until(PROMPT)).toContain('there is no command "nonsense"');
    shell.type('\u001b[A\u001b[A\u001b[A');
    await shell.until(/> type$/);
    shell.enter('');
    expect(await shell.until(PROMPT)).toContain('ascii\r\n');
    shell.enter('bye');
    expect(await shell.exit).toBe(0);

    // What was typed the last time, and Ctrl-D.
    const again = open();
    await again.until(PROMPT);
    again.type('\u001b[A\u001b[A');
    await again.until(/> type$/);
    again.type('\u0015\u0004');
    expect(await again.exit).toBe(0);
  });
});
