// The FTP shell running scripts, as a process against the sandbox.
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

let stage: Rehearsal;
const root = () => stage.sandbox.siteDir;
const env = () => ({ POSTRIDER_SECRET_SANDBOX: stage.sandbox.password });
const shell = (commands: string, ...args: string[]) => stage.cli('ftp', 'shell', '@web/www', '-q', ...args, '-c', commands);

beforeAll(async () => {
  // The second MDTM of the whole stage is one of the last test: there the server goes.
  stage = await rehearsal({ faults: ['ftp:MDTM#2=cut'] });
  await mkdir(join(root(), 'www/css'), { recursive: true });
  await writeFile(join(root(), 'www/index.html'), 'home\n');
  await writeFile(join(root(), 'www/text.txt'), 'one\ntwo\n');
});
afterAll(() => stage.close());

describe('ftp shell', () => {
  it('walks, lists, and says where it is', async () => {
    const { stdout, code } = await shell('pwd; ls; cd css; pwd; cdup; pwd; lpwd; lcd site; lpwd; dir *.txt');
    expect(code).toBe(0);
    const lines = stdout.split('\n');
    expect(lines.slice(0, 4)).toEqual(['/www', 'css/', 'index.html', 'text.txt']);
    expect(lines.slice(4, 8)).toEqual(['/www/css', '/www', stage.dir, join(stage.dir, 'site')]);
    expect(stdout).toMatch(/8 .*text\.txt/);
  });

  it('transfers single files and many, and nobody is asked in a script', async () => {
    const { code, stderr } = await shell(
      'lcd site; put index.html sent.html; mput *.txt; mkdir new; cd new; lcd ..; mget ../*.html',
    );
    expect(stderr).not.toContain('?');
    expect(code).toBe(0);
    expect(await readFile(join(root(), 'www/sent.html'), 'utf8')).toBe('<h1>hello</h1>\n');
    expect(await readdir(join(root(), 'www'))).toContain('empty.txt');
    expect((await readdir(stage.dir)).filter(name => name.endsWith('.html')).sort()).toEqual(['index.html', 'sent.html']);
  });

  it('converts line ends in ascii mode, both ways, and nothing in binary', async () => {
    await writeFile(join(stage.dir, 'lf.txt'), 'a\nb\n');
    const { code } = await stage.cli(
      'ftp',
      'shell',
      '@web',
      '-c',
      'ascii; put lf.txt; get lf.txt back.txt; quote NOOP',
      '--transcript',
    );
    expect(code).toBe(0);
    expect(await readFile(join(stage.dir, 'back.txt'), 'utf8')).toBe('a\nb\n');
    const { stderr } = await stage.cli(
      'ftp',
      'shell',
      '@web',
      '-c',
      'ascii; get lf.txt back.txt; binary; get lf.txt back.txt',
      '--transcript',
    );
    expect(stderr).toMatch(/> TYPE A[\s\S]*> RETR[\s\S]*> TYPE I[\s\S]*> RETR/);
  });

  it('goes on with a file that is here in part', async () => {
    await writeFile(join(root(), 'www/long.bin'), Buffer.alloc(50_000, 5));
    await writeFile(join(stage.dir, 'long.bin'), Buffer.alloc(20_000, 5));
    const { stderr, code } = await shell('reget long.bin', '--transcript');
    expect(code).toBe(0);
    expect(stderr).toContain('> REST 20000');
    expect(await readFile(join(stage.dir, 'long.bin'))).toEqual(Buffer.alloc(50_000, 5));
  });

  it('asks for size, time and mode, renames and deletes', async () => {
    const { stdout, code } = await shell(
      'put connections.yaml a; size text.txt; modtime text.txt; chmod 600 a; rename a b; delete b; mkdir d; rmdir d; status; hash; verbose; glob; prompt; type; quote NOOP',
    );
    expect(code).toBe(0);
    expect(stdout).toMatch(/^8\n\d{4}-\d\d-\d\d .*\nconnected to localhost:\d+ as sandbox, TLS explicit\nfolder \/www\n/);
    expect(stdout).toContain('binary\n200 ');
  });

  it('reads a script from stdin, and stops at the first error with its line', async () => {
    const stdin = 'cd www\n# a note\nget missing.txt\npwd\n';
    const { stdout, stderr, code } = await cli(['ftp', 'shell', '@web'], { cwd: stage.dir, env: env(), stdin });
    expect(code).toBe(1);
    expect(stdout).toBe('');
    expect(stderr).toContain('line 3 (get missing.txt): missing.txt: there is no such file or folder on the server');
  });

  it.each([
    ['gte x', 2, 'there is no command "gte"'],
    ['get', 2, 'something is missing'],
    ['open @web', 1, 'already connected'],
    ['close; ls', 1, 'not connected'],
    ['quote TYPE A', 1, 'cannot be sent by hand'],
    ['!exit 7', 1, 'ended with 7'],
    ['passive maybe', 2, 'neither on nor off'],
    ['ls -lR', 2, 'ls has no option -R'],
    ['mget css', 1, 'css is a folder'],
    ['mget c[s]s', 1, 'c[s]s matches folders only'],
    ['mirror . x', 2, '`postrider ftp mirror` does that'],
    ['dir | less', 2, 'there are no pipes here'],
    ['get index.html |less', 2, 'there are no pipes here'],
    ['get -c index.html', 2, 'get has no option -c'],
    ['get *.html', 1, 'Patterns are for: mget *.html'],
    ['put *.yaml', 1, 'Patterns are for: mput *.yaml'],
    ['delete *.htm', 1, 'Patterns are for: mdelete *.htm'],
    ['put a b c', 2, 'for several files: mput'],
    ['lls', 2, '!ls'],
    ['$deploy', 2, 'postrider ftp shell @name < FILE'],
    ['umask 022', 2, 'Write: site UMASK 022'],
    ['close; open localhost 21', 2, 'open ftp://user@host:port/'],
    ['mdelete css', 1, 'css is a folder'],
    ['mput site', 1, 'site is a folder'],
  ])('%s: exit %i', async (commands, code, message) => {
    const result = await shell(commands);
    expect(result.code).toBe(code);
    expect(result.stderr).toContain(message);
  });

  it.each([
    'user deploy hunter2',
    'close; open -u deploy,hunter2 ftp.example.org',
    'close; open ftp://deploy:hunter2@ftp.example.org/',
    'pass hunter2',
    'quote TYPE hunter2',
  ])('does not repeat the password of a sign-in as other clients take it: %s', async commands => {
    const { stderr, code } = await shell(commands);
    expect({ code, stderr }).toEqual({ code: expect.any(Number), stderr: expect.stringContaining(' …): ') });
    expect(code).toBeGreaterThan(0);
    expect(stderr).not.toContain('hunter2');
  });

  it('takes several names where lftp and ncftp do, and goes back to the folder before', async () => {
    const { stdout, stderr, code } = await shell(
      'mkdir -p deep/er/est; mkdir one two; rmdir one two; cd deep; cd er; cd -; pwd; lcd site; put index.html a.html; put index.html b.html; chmod 600 a.html b.html; delete a.html b.html; ls',
    );
    expect({ stdout, code }).toEqual({ stdout: '/www/deep\ner/\n', code: 0 });
    expect(stderr).not.toContain('goes to');
  });

  it('says so where one local file is sent under the name of another', async () => {
    await writeFile(join(stage.dir, 'first.txt'), '1');
    await writeFile(join(stage.dir, 'second.txt'), '2');
    const { stderr, code } = await shell('put first.txt second.txt; delete second.txt');
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: expect.stringContaining('first.txt goes to second.txt on the server; both are sent by: mput FILE…'),
    });
  });

  it('hands on what follows a command sent by hand, dashes too', async () => {
    const { stdout, code } = await shell('quote STAT -a css');
    expect({ stdout, code }).toEqual({ stdout: expect.stringMatching(/^21\d /), code: 0 });
  });

  it('says that folders among what a pattern names are left out', async () => {
    const { stderr, code } = await shell(
      'mkdir some; put connections.yaml some.txt; lcd site; mget some*; mdelete some*; rmdir some',
    );
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.stringMatching(/1 folder left out\n[\s\S]*1 folder left out\n/) });
  });

  it('shows a file, and lists with what dir is given in habit', async () => {
    const { stdout, code } = await shell('get index.html -; dir -la text.txt; site help');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^home\nMODE .*\n.* 8 .* text\.txt\n2\d\d/);
  });

  it('takes a name that only looks like a pattern for itself', async () => {
    await mkdir(join(root(), 'www/shots [1]'));
    for (const name of ['photo[1].jpg', 'photo1.jpg', 'shots [1]/a.txt']) await writeFile(join(root(), 'www', name), name);
    const { stdout, code } = await shell('mget photo[1].jpg; ls "shots [1]"; ls "shots [1]/*"; mdelete photo[1].jpg; ls photo*');
    expect({ stdout, code }).toEqual({ stdout: 'a.txt\nshots [1]/a.txt\nphoto1.jpg\n', code: 0 });
    expect(await readFile(join(stage.dir, 'photo[1].jpg'), 'utf8')).toBe('photo[1].jpg');
    expect(await stage.cli('ftp', 'get', '@web/www/photo[1].jpg', 'other.jpg')).toMatchObject({ code: 1 });
    expect(await stage.cli('ftp', 'rm', '@web/www/photo[1].jpg')).toMatchObject({ code: 0 });
    expect(await readdir(join(root(), 'www'))).not.toContain('photo1.jpg');
  });

  it('goes on with no file that is no beginning', async () => {
    await writeFile(join(stage.dir, 'index.html'), 'longer than what is there\n');
    const { stderr, code } = await shell('reget index.html');
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('it is no beginning of it') });
    expect(await readFile(join(stage.dir, 'index.html'), 'utf8')).toBe('longer than what is there\n');
  });

  it('hands its own secrets to no local command', async () => {
    const { stdout } = await shell('!env');
    expect(stdout).toContain('PATH=');
    expect(stdout).not.toContain(stage.sandbox.password);
  });

  it('connects again when the server has gone, and is in the same folder and type', async () => {
    const { stdout, stderr, code } = await shell(
      'cd css; ascii; modtime ../text.txt; modtime ../text.txt; pwd; type; help size; bye; nothing',
    );
    expect(stderr).toContain('connecting again');
    expect(code).toBe(0);
    expect(stdout).toMatch(/\n\/www\/css\nascii\nsize FILE {2}how many bytes/);
  });
});
