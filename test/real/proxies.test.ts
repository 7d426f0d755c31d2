// Everything that a connection opens goes through real proxies: control and data, up and down, mail in and out; what they refuse is named.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { cli, inTempDir } from '../support/cli.ts';
import { describeReal } from './require.ts';
import {
  type RealProxy,
  type RealServer,
  startDovecot,
  startMicrosocks,
  startPostfix,
  startTinyproxy,
  startVsftpd,
} from './servers.ts';

const KINDS = [
  { scheme: 'socks5', start: startMicrosocks },
  { scheme: 'http', start: startTinyproxy },
] as const;
const FILES = 30;

async function used<S extends { stop(): Promise<void> }>(starting: Promise<S>): Promise<S> {
  const server = await starting;
  onTestFinished(() => server.stop());
  return server;
}

/** connections.yaml of these servers behind that proxy, and what runs postrider beside it. */
function behind(
  dir: string,
  scheme: string,
  proxy: RealProxy,
  servers: Readonly<Record<string, readonly [type: string, RealServer]>>,
) {
  const env: Record<string, string> = { POSTRIDER_SECRET_PROXY: proxy.password };
  const entries = Object.entries(servers).map(([name, [type, { port, user, password, caFile }]]) => {
    env[`POSTRIDER_SECRET_${name.toUpperCase()}`] = password;
    const way = `proxy: "${scheme}://${proxy.user}:\${{ secrets.proxy }}@127.0.0.1:${proxy.port}"`;
    const sign = `user: ${user}, password: "\${{ secrets.${name} }}"`;
    return `${name}: { type: ${type}, host: 127.0.0.1, port: ${port}, tls: explicit, ca: ${caFile}, ${sign}, ${way} }\n`;
  });
  writeFileSync(join(dir, 'connections.yaml'), entries.join(''));
  return (args: readonly string[], more: Record<string, string> = {}) =>
    cli(args, { cwd: dir, env: { ...env, ...more }, stdin: 'hello\n' });
}

describeReal.each('$scheme', KINDS, ['proxies', 'vsftpd', 'dovecot', 'postfix'], ({ scheme, start }) => {
  test('carries files and mails under TLS, and says when it takes no sign-in', () =>
    inTempDir(async dir => {
      const [proxy, ftp, pop3, smtp] = [
        await used(start()),
        await used(startVsftpd()),
        await used(startDovecot()),
        await used(startPostfix()),
      ];
      pop3.deliver(Buffer.from('Subject: hi\n\nhello\n'));
      const postrider = behind(dir, scheme, proxy, { web: ['ftp', ftp], inbox: ['pop3', pop3], outbox: ['smtp', smtp] });
      mkdirSync(join(dir, 'up'));
      for (let at = 0; at < FILES; at += 1) writeFileSync(join(dir, 'up', `${at}`), `${at}`.repeat(at * 50));
      const mail = ['--from', 'robot@example.test', '--to', 'inbox@example.test', '--subject', 'hi'];
      for (const args of [
        ['ftp', 'mirror', 'up', '@web/px'],
        ['ftp', 'mirror', '@web/px', 'down'],
        ['pop3', 'archive', '@inbox', 'archive'],
        ['smtp', 'send', '@outbox', ...mail],
      ]) {
        const { code, stderr } = await postrider(args);
        expect(code, stderr).toBe(0);
      }
      for (let at = 0; at < FILES; at += 1)
        expect(readFileSync(join(dir, 'down', `${at}`), 'utf8')).toBe(`${at}`.repeat(at * 50));
      const wrong = await postrider(['pop3', 'stat', '@inbox'], { POSTRIDER_SECRET_PROXY: 'c4n4ry-wrong' });
      expect(wrong.code, wrong.stderr).toBe(4);
      expect(wrong.stderr).toContain(`the proxy 127.0.0.1:${proxy.port} does not accept this user and password`);
      expect(wrong.stderr).not.toContain('c4n4ry');
    }));
});

describeReal('an HTTP proxy that serves the control port alone', ['proxies', 'vsftpd'], () => {
  test('is said to be what stops the data, once', () =>
    inTempDir(async dir => {
      const ftp = await used(startVsftpd());
      const proxy = await used(startTinyproxy({ ports: [ftp.port] }));
      const { code, stderr } = await behind(dir, 'http', proxy, { web: ['ftp', ftp] })(['ftp', 'ls', '@web']);
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: expect.stringMatching(/offered data port \d+, but the proxy .* 403 /),
      });
      expect(stderr).toContain('FTP needs the data ports, too');
    }));
});
