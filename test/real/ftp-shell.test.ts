// Every classic command of the FTP shell, from a script, against vsftpd, proftpd and pure-ftpd; what it does is looked at on the server's disk.
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type CliResult, cli } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const WAYS = [
  {
    way: 'vsftpd',
    start: () => startVsftpd({ tlsVersion: '1.3', extra: ['ascii_upload_enable=YES', 'ascii_download_enable=YES'] }),
  },
  { way: 'proftpd', start: () => startProftpd({ tlsVersion: '1.3' }) },
  { way: 'pure-ftpd', start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.3' }) },
] as const;

interface Row {
  readonly line: string;
  /** What it prints. */
  readonly prints?: RegExp;
  /** A condition of sh that holds afterwards: $ROOT is the server's disk, $HERE ours. */
  readonly then?: string;
}

const row = (line: string, prints?: RegExp, then?: string): Row => ({
  line,
  ...(prints === undefined ? {} : { prints }),
  ...(then === undefined ? {} : { then }),
});

/** In this order, in one shell; URL stands for the server's. */
const ROWS: readonly Row[] = [
  row(
    'status',
    /^connected to localhost:\d+ as \S+, TLS explicit\nfolder \/\n.*\ntype binary\npassive on, prompt on, glob on, hash off/s,
  ),
  row('mkdir box', undefined, 'test -d "$ROOT/box"'),
  row('cd box'),
  row('pwd', /^\/box\n$/),
  row('lcd local'),
  row('lpwd', /\/local\n$/),
  row('put text.txt', undefined, 'cmp "$ROOT/box/text.txt" "$HERE/local/text.txt"'),
  row('put text.txt "two words.txt"', undefined, 'cmp "$ROOT/box/two words.txt" "$HERE/local/text.txt"'),
  row('size text.txt', /^8\n$/),
  row('modtime text.txt', /^20\d\d-\d\d-\d\d \d\d:\d\d/),
  row('ls', /^text\.txt\ntwo words\.txt\n$/),
  row('ls -l *.txt', /8 .*text\.txt\n/),
  row('dir', /^MODE .*\n-rw\S+ .* 8 .*text\.txt\n/),
  row('ascii'),
  row('type', /^ascii\n$/),
  row('put text.txt lines.txt', undefined, 'cmp "$ROOT/box/lines.txt" "$HERE/local/text.txt"'),
  row('get lines.txt ../lines.txt', undefined, 'cmp "$HERE/lines.txt" "$HERE/local/text.txt"'),
  row('binary'),
  row('get crlf.txt ../crlf.txt', undefined, 'printf "a\\r\\nb\\r\\n" | cmp - "$HERE/crlf.txt"'),
  row('type ascii'),
  row('type image'),
  row('type', /^binary\n$/),
  row('hash'),
  row('hash 64KB'),
  row('prompt'),
  row('verbose'),
  row('status', /prompt off, glob on, hash on, verbose on/),
  row('mput *.html big.bin', undefined, 'cmp "$ROOT/box/big.bin" "$HERE/local/big.bin" && test -f "$ROOT/box/page.html"'),
  row('verbose off'),
  row('hash off'),
  row('glob'),
  row('put star.txt *.star', undefined, 'test -f "$ROOT/box/*.star"'),
  row('mget *.star', undefined, 'test -f "$HERE/local/*.star"'),
  row('glob on'),
  row('lcd ..'),
  row('mget big.* page.*', undefined, 'cmp big.bin local/big.bin && cmp page.html local/page.html'),
  row('!head -c 100000 local/big.bin > part.bin', undefined, 'test "$(wc -c < part.bin)" = 100000'),
  row('reget big.bin part.bin', undefined, 'cmp part.bin local/big.bin'),
  row('chmod 640 text.txt', undefined, 'test "$(stat -c %a "$ROOT/box/text.txt")" = 640'),
  row('rename text.txt renamed.txt', undefined, 'test -f "$ROOT/box/renamed.txt" && ! test -e "$ROOT/box/text.txt"'),
  row('delete renamed.txt', undefined, '! test -e "$ROOT/box/renamed.txt"'),
  row('mdelete *.html', undefined, '! test -e "$ROOT/box/page.html"'),
  row('mkdir sub', undefined, 'test -d "$ROOT/box/sub"'),
  row('rmdir sub', undefined, '! test -e "$ROOT/box/sub"'),
  row('quote NOOP', /^200 /),
  row('passive'),
  row('get big.bin active.bin', undefined, 'cmp active.bin local/big.bin'),
  row('passive on'),
  row('pwd', /^\/box\n$/),
  row('cdup'),
  row('pwd', /^\/\n$/),
  row('!echo a command of ours', /^a command of ours\n$/),
  row('help', /^open URL[\s\S]*get REMOTE \[LOCAL\]/),
  row('help get', /^get REMOTE \[LOCAL\] {2}fetch a file/),
  row('? put', /^put LOCAL \[REMOTE\] {2}send a file/),
  row('close'),
  row('status', /^not connected\n/),
  row('open URL'),
  row('pwd', /^\/\n$/),
  row('disconnect'),
  row('open URL'),
];

/** Printed between the rows. */
const mark = (at: number) => `=== ${at}`;

describeReal.each('ftp shell: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ start }) => {
  let server: RealServer;
  let temp: Awaited<ReturnType<typeof tempDir>>;
  let result: CliResult;
  let printed: readonly string[];

  const url = () => `ftp://${server.user}@${server.host}:${server.port}/?ca=${encodeURIComponent(server.caFile)}`;
  const shell = (script: string) =>
    cli(['ftp', 'shell', url(), '-q'], {
      cwd: temp.path,
      env: { POSTRIDER_PASSWORD: server.password, ROOT: server.root, HERE: temp.path },
      stdin: script,
    });

  beforeAll(async () => {
    server = await start();
    temp = await tempDir();
    mkdirSync(join(temp.path, 'local'));
    writeFileSync(join(temp.path, 'local/text.txt'), 'one\ntwo\n');
    writeFileSync(join(temp.path, 'local/star.txt'), '*\n');
    writeFileSync(join(temp.path, 'local/page.html'), '<p>\n');
    writeFileSync(join(temp.path, 'local/big.bin'), Buffer.from(Array.from({ length: 300_000 }, (_, i) => i % 251)));
    const lines = ROWS.flatMap(({ line, then }, at) => [
      `!echo '${mark(at)}'`,
      ...(line.startsWith('get crlf') ? ['!printf "a\\r\\nb\\r\\n" > "$ROOT/box/crlf.txt"'] : []),
      line.replace('URL', url()),
      ...(then === undefined ? [] : [`!{ ${then}; } || { echo 'NOT: ${then.replaceAll("'", '')}'; exit 1; }`]),
    ]);
    result = await shell(`${lines.join('\n')}\n!echo '${mark(ROWS.length)}'\nbye\nno command any more\n`);
    printed = ROWS.map((_, at) => {
      const [, rest = ''] = result.stdout.split(`${mark(at)}\n`);
      return rest.split(mark(at + 1))[0] ?? '';
    });
  });
  afterAll(async () => {
    await server?.stop();
    await temp?.remove();
  });

  test('every command is done, and what it is to do is done on the disk', () => {
    expect(result.stderr).not.toContain('postrider:');
    expect(result.code).toBe(0);
    const wrong = ROWS.flatMap(({ line, prints }, at) =>
      prints === undefined || prints.test(printed[at] ?? '') ? [] : [{ line, printed: printed[at] }],
    );
    expect(wrong).toEqual([]);
  });

  test('a second open, and `quit` as a word for the end', async () => {
    const { code, stderr } = await shell('quit\n');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect((await shell(`open ${url()}\n`)).stderr).toContain('already connected');
  });

  test('reget goes on in the middle', async () => {
    const bytes = Buffer.from(Array.from({ length: 100_000 }, (_, i) => i % 251));
    writeFileSync(join(server.root, 'parts.bin'), bytes);
    chmodSync(join(server.root, 'parts.bin'), 0o644);
    writeFileSync(join(temp.path, 'parts.bin'), bytes.subarray(0, 40_000));
    const { code, stderr } = await shell('verbose\nreget parts.bin\n!cmp parts.bin "$ROOT/parts.bin"\nquit\n');
    expect({ code, restarted: /REST|40000|350/.test(stderr) }).toEqual({ code: 0, restarted: true });
  });

  test('the first error ends the script', async () => {
    const { stdout, stderr, code } = await shell('cd nowhere\npwd\n');
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('line 1 (cd nowhere)');
  });
});
