// Names and subjects that strangers chose, against the whole program: none leaves its folder, none steers a terminal, none is a bomb.
import { existsSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CliResult, cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

/** What moves the cursor, writes the title, answers as if typed, hides or turns text round. */
const EVIL = '\u001b]0;owned\u0007\u001b[2J\u009b5n\u202egnp.exe';
const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/;

let dir: TempDir;
let r: Rehearsal | undefined;
const servers: Server[] = [];
beforeEach(async () => {
  dir = await tempDir();
});
afterEach(async () => {
  for (const server of servers.splice(0)) server.close();
  await r?.close();
  r = undefined;
  await dir.remove();
});

function harmless({ stdout, stderr }: CliResult): string {
  const text = stdout + stderr;
  expect(STEERING.exec(text)?.index).toBeUndefined();
  return text;
}

async function listen(server: Server): Promise<number> {
  servers.push(server);
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as { port: number }).port;
}

/** An FTP server whose root holds these names, each a file of four octets. */
async function serveNames(names: readonly string[]): Promise<number> {
  const listing = names.map(name => `type=file;size=4;modify=20260101000000; ${name}\r\n`).join('');
  const control = createServer(socket => {
    let data: Promise<Socket> | undefined;
    socket.on('error', () => undefined);
    socket.write('220 hello\r\n');
    const answers: Record<string, () => void> = {
      USER: () => socket.write('331 password\r\n'),
      PASS: () => socket.write('230 in\r\n'),
      FEAT: () => socket.write('211-x\r\n MLST type*;size*;modify*;\r\n UTF8\r\n EPSV\r\n211 end\r\n'),
      PWD: () => socket.write('257 "/"\r\n'),
      EPSV: () => {
        const passive = createServer();
        data = new Promise(resolve => passive.once('connection', resolve));
        void listen(passive).then(port => socket.write(`229 ok (|||${port}|)\r\n`));
      },
    };
    const send = (text: string) => {
      socket.write('150 coming\r\n');
      void data?.then(peer => {
        peer.on('error', () => undefined).on('close', () => socket.write('226 done\r\n'));
        peer.end(text);
      });
    };
    socket.on('data', chunk => {
      for (const line of chunk.toString('latin1').split('\r\n').filter(Boolean)) {
        const [verb = ''] = line.split(' ');
        if (verb === 'MLSD') send(listing);
        else if (verb === 'RETR') send('evil');
        else (answers[verb] ?? (() => socket.write('200 fine\r\n')))();
      }
    });
  });
  return listen(control);
}

describe('names that would leave the folder', () => {
  it.each([
    ['../escaped'],
    ['../../escaped'],
    ['/tmp/postrider-escaped'],
    ['..'],
    ['a/../../escaped'],
    ['a\\..\\..\\escaped'],
    ['C:\\escaped'],
    ['.\u0000./escaped'],
  ])('%j stays inside or is refused', async name => {
    const port = await serveNames([name, 'good.txt']);
    mkdirSync(join(dir.path, 'inner'));
    writeFileSync(
      join(dir.path, 'inner/job.yaml'),
      `name: job
retry: { attempts: 1 }
connections:
  evil: { type: ftp, host: 127.0.0.1, port: ${port}, tls: none, timeout: 10s, user: me, password: "\${{ secrets.evil }}" }
steps:
  - id: get
    uses: ftp/mirror
    with: { connection: evil, direction: download, local: ./site, remote: / }
`,
    );
    const result = await cli(['run', 'inner/job.yaml'], { cwd: dir.path, env: { POSTRIDER_SECRET_EVIL: 'secret' } });
    harmless(result);
    expect(readdirSync(dir.path).filter(entry => !entry.startsWith('.'))).toEqual(['inner']);
    expect(readdirSync(join(dir.path, 'inner')).filter(entry => entry !== 'site')).toEqual(['job.yaml']);
    expect(existsSync('/tmp/postrider-escaped')).toBe(false);
    const got = existsSync(join(dir.path, 'inner/site')) ? readdirSync(join(dir.path, 'inner/site')) : [];
    for (const file of got) expect(file).not.toMatch(/escaped$/);
    const env = { POSTRIDER_PASSWORD: 'secret' };
    const listed = await cli(['ftp', 'ls', `ftp://me@127.0.0.1:${port}/?tls=none`], { cwd: dir.path, env });
    harmless(listed);
  });
});

describe('text that would steer a terminal', () => {
  it('in file names: listed, mirrored, refused, remembered', async () => {
    r = await rehearsal({ site: { 'index.html': 'x', [`a${EVIL}.txt`]: 'evil' } });
    mkdirSync(join(r.dir, 'jobs'));
    harmless(await r.run('--only', 'deploy'));
    harmless(await r.cli('plan', 'main.yaml'));
    harmless(await r.cli('logs', 'last'));
    harmless(await r.cli('show', 'last'));
    for (const args of [['ls'], ['ls', '--json'], ['ls', '--recursive'], ['du']]) {
      const text = harmless(await r.cli('ftp', ...args, '@web/www', '--jobs', '.'));
      if (args[0] === 'ls') expect(text).toContain('owned');
    }
    harmless(await r.cli('ftp', 'rm', `@web/www/no${EVIL}`, '--jobs', '.'));
    harmless(await r.cli('ftp', 'shell', '@web/www', '-c', 'dir; ls', '--jobs', '.'));
  });

  it('in subjects, senders and message ids: listed, archived, shown, verified', async () => {
    const encoded = `=?utf-8?B?${Buffer.from(`hello ${EVIL}`).toString('base64')}?=`;
    const mails = [
      `From: ${EVIL} <a@example.org>\r\nSubject: raw ${EVIL}\r\nMessage-ID: <${EVIL}@x>\r\n\r\nhi\r\n`,
      `From: b@example.org\r\nSubject: ${encoded}\r\n\r\nhi\r\n`,
    ];
    r = await rehearsal({ messages: mails.map(mail => Buffer.from(mail)) });
    for (const args of [[], ['--json']]) harmless(await r.cli('pop3', 'list', '@inbox', '--jobs', '.', ...args));
    harmless(await r.run('--only', 'mail'));
    harmless(await r.cli('logs', 'last'));
    harmless(await r.cli('archive', 'verify', '--archive', 'archive'));
    harmless(await r.cli('archive', 'stats', '--archive', 'archive'));
    const shown = await r.cli('archive', 'export', 'out', '--archive', 'archive');
    harmless(shown);
    for (const name of readdirSync(join(r.dir, 'out'), { recursive: true, encoding: 'utf8' }))
      expect(STEERING.test(name)).toBe(false);
  });

  it('in what a script prints, in job names and descriptions, in vars', async () => {
    writeFileSync(
      join(dir.path, 'job.yaml'),
      `name: job\ndescription: "hi \\e]0;owned\\a"\nvars: { v: "x\\e[2J" }\nsteps:\n  - id: a\n    run: printf 'out \\033[2J\\033]0;owned\\007\\n'; printf '\\033[2J' >&2; exit 3\n`,
    );
    for (const args of [
      ['run', 'job.yaml'],
      ['plan', 'job.yaml'],
      ['logs', 'last'],
      ['show', 'last'],
      ['validate', 'job.yaml'],
    ]) {
      harmless(await cli(args, { cwd: dir.path }));
    }
  });
});

describe('bombs', () => {
  const BOMB = [
    'a: &a [x, x, x, x, x, x, x, x, x]',
    ...'bcdefghi'.split('').map((name, i) => `${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[i]}`).join(', ')}]`),
  ].join('\n');

  it.each([
    [
      'a job',
      ['run', 'job.yaml'],
      'job.yaml',
      `name: job\nvars:\n${BOMB.replaceAll(/^/gm, '  ')}\nsteps: [{ id: a, run: "true" }]\n`,
    ],
    [
      'connections.yaml',
      ['ftp', 'ls', '@web', '--jobs', '.'],
      'connections.yaml',
      `${BOMB}\nweb: { type: ftp, host: localhost }\n`,
    ],
    ['depth', ['validate', 'job.yaml'], 'job.yaml', `vars: ${'['.repeat(20_000)}`],
    ['size', ['validate', 'job.yaml'], 'job.yaml', `name: ${'x'.repeat(20 * 1024 ** 2)}`],
  ] as const)('in %s are refused', async (_where, args, file, text) => {
    writeFileSync(join(dir.path, file), text);
    const result = await cli(args, { cwd: dir.path });
    expect(result.code, result.stderr.slice(0, 500)).toBe(3);
    expect(harmless(result).length).toBeLessThan(20_000);
  });
});
