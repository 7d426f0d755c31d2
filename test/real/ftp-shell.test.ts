// The classic commands of the FTP shell, from a script, against vsftpd, proftpd and pure-ftpd.
import { chmodSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { cli } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const WAYS = [
  { way: 'vsftpd', start: () => startVsftpd({ tlsVersion: '1.3' }) },
  { way: 'proftpd', start: () => startProftpd({ tlsVersion: '1.3' }) },
  { way: 'pure-ftpd', start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.3' }) },
] as const;

describeReal.each('ftp shell: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ start }) => {
  let server: RealServer;
  let temp: Awaited<ReturnType<typeof tempDir>>;

  const shell = (script: string) =>
    cli(['ftp', 'shell', `ftp://${server.user}@${server.host}:${server.port}/?ca=${encodeURIComponent(server.caFile)}`, '-q'], {
      cwd: temp.path,
      env: { POSTRIDER_PASSWORD: server.password },
      stdin: script,
    });

  beforeAll(async () => {
    server = await start();
    temp = await tempDir();
    mkdirSync(join(temp.path, 'local'));
    writeFileSync(join(temp.path, 'local/text.txt'), 'one\ntwo\n');
    writeFileSync(join(temp.path, 'local/page.html'), '<p>\n');
    writeFileSync(join(temp.path, 'local/big.bin'), Buffer.alloc(300_000, 7));
  });
  afterAll(async () => {
    await server?.stop();
    await temp?.remove();
  });

  test('the classic commands', async () => {
    const script = [
      'status',
      'mkdir box',
      'cd box',
      'pwd',
      'lcd local',
      'lpwd',
      'binary',
      'put text.txt',
      'size text.txt',
      'ascii',
      'put text.txt ascii.txt',
      'get ascii.txt ../from-ascii.txt',
      'type',
      'binary',
      'hash',
      'mput *.html *.bin',
      'hash off',
      'prompt',
      'glob',
      'glob',
      'ls',
      'dir *.html',
      'modtime text.txt',
      'chmod 640 text.txt',
      'rename text.txt renamed.txt',
      'lcd ..',
      'mget *.html',
      'get big.bin',
      'delete renamed.txt',
      'mkdir sub',
      'rmdir sub',
      'passive',
      'ls',
      'passive',
      'verbose',
      'verbose',
      'quote NOOP',
      'cdup',
      'pwd',
      '!echo local command',
      'help get',
      '? put',
      'close',
      'bye',
    ];
    const { stdout, stderr, code } = await shell(`${script.join('\n')}\n`);
    expect(stderr).not.toContain('postrider:');
    expect(code).toBe(0);
    expect(stdout).toContain('/box\n');
    expect(stdout).toContain('local command\n');
    expect(readFileSync(join(temp.path, 'from-ascii.txt'), 'utf8')).toBe('one\ntwo\n');
    expect(readFileSync(join(temp.path, 'big.bin'))).toEqual(Buffer.alloc(300_000, 7));
    expect(readdirSync(join(server.root, 'box')).sort()).toEqual(['ascii.txt', 'big.bin', 'page.html']);
  });

  test('reget goes on in the middle; open and disconnect', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
    writeFileSync(join(server.root, 'parts.bin'), bytes);
    chmodSync(join(server.root, 'parts.bin'), 0o644);
    writeFileSync(join(temp.path, 'parts.bin'), bytes.subarray(0, 40_000));
    const { code, stderr } = await shell('reget parts.bin\ndisconnect\nquit\n');
    expect({ code, stderr: stderr.includes('postrider:') }).toEqual({ code: 0, stderr: false });
    expect(readFileSync(join(temp.path, 'parts.bin'))).toEqual(bytes);
  });

  test('the first error ends the script', async () => {
    const { stdout, stderr, code } = await shell('cd nowhere\npwd\n');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('line 1 (cd nowhere)');
  });
});
