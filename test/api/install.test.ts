// The package as somebody installs it: packed, unpacked into an empty folder, compiled against with strict types, and run.
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { ROOT } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

const run = promisify(execFile);
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
let stage: Rehearsal;
const app = (...names: string[]) => join(stage.dir, 'app', ...names);

beforeAll(async () => {
  stage = await rehearsal({ messages: [Buffer.from('Subject: hi\r\n\r\nhello\r\n')] });
  await mkdir(app('node_modules'), { recursive: true });
  await writeFile(app('package.json'), '{ "name": "app", "type": "module", "private": true }\n');
  await run('npm', ['pack', '--ignore-scripts', '--pack-destination', stage.dir], { cwd: ROOT });
  await run('tar', ['-xzf', join(stage.dir, `postrider-${version}.tgz`), '-C', stage.dir]);
  await rename(join(stage.dir, 'package'), app('node_modules/postrider'));
  // Nothing else is there but what whoever compiles for Node has; the package brings all that it is made of.
  await mkdir(app('node_modules/@types'));
  await symlink(join(ROOT, 'node_modules/@types/node'), app('node_modules/@types/node'));
});
afterAll(() => stage.close());

it.each([
  { module: 'nodenext' },
  { module: 'esnext', moduleResolution: 'bundler' },
])('compiles the example of the README, with strict types and those of the library checked, too: %j', async resolution => {
  const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
  const [, example = ''] = /```ts\n(import [\s\S]*?)```/.exec(readme) ?? [];
  expect(example).toContain("from 'postrider'");
  const kinds =
    "import { AppError, type FtpEntry, type SendResult } from 'postrider';\nexport const seen: [FtpEntry[], SendResult[], string] = [[], [], new AppError('a', 'b').code];\n";
  await writeFile(app('example.ts'), `${example}${kinds}`);
  const options = {
    ...resolution,
    target: 'es2024',
    lib: ['es2024', 'esnext.disposable'],
    strict: true,
    noEmit: true,
    types: ['node'],
  };
  await writeFile(app('tsconfig.json'), JSON.stringify({ compilerOptions: options, files: ['example.ts'] }));
  const { stdout } = await run(join(ROOT, 'node_modules/.bin/tsc'), ['-p', app()], { cwd: app() }).catch(
    error => error as { stdout: string },
  );
  expect(stdout).toBe('');
});

it('speaks to servers from there, and its program starts', async () => {
  const { ftp, pop3s, smtp } = stage.sandbox.endpoints;
  const ca = `?ca=${encodeURIComponent(stage.sandbox.caFile)}`;
  const at = (scheme: string, port: number) => JSON.stringify(`${scheme}://${stage.sandbox.user}@localhost:${port}/${ca}`);
  const script = `
    import { AppError, FtpClient, Pop3Client, SmtpClient } from 'postrider';
    const ftp = await FtpClient.connect(${at('ftp', ftp.port)});
    const names = (await ftp.list('/')).map(entry => entry.name);
    await ftp.quit();
    const inbox = await Pop3Client.connect(${at('pop3s', pop3s.port)});
    const { count } = await inbox.stat();
    await inbox.quit();
    const outbox = await SmtpClient.connect(${at('smtp', smtp.port)});
    const { outcome } = await outbox.send({ from: 'a@example.org', to: ['b@example.org'] }, Buffer.from('Subject: hi\\r\\n\\r\\nhello\\r\\n'));
    await outbox.quit();
    const refused = await FtpClient.connect('nothing').catch(error => error instanceof AppError && error.code);
    console.log(JSON.stringify({ listed: Array.isArray(names), count, outcome, refused }));
  `;
  await writeFile(app('run.js'), script);
  const env = { PATH: process.env['PATH'], HOME: stage.dir, POSTRIDER_PASSWORD: stage.sandbox.password };
  const { stdout } = await run(process.execPath, [app('run.js')], { cwd: app(), env });
  expect(JSON.parse(stdout)).toEqual({ listed: true, count: 1, outcome: 'accepted', refused: 'usage' });
  const program = await run(process.execPath, [app('node_modules/postrider/bin/postrider.js'), '--version'], { cwd: app(), env });
  expect(program.stdout).toContain(`postrider/${version}`);
});
