// Where the commands of a page are run: a folder with what its reader has, servers on this machine, and the programs by their names.
import { createHash } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { openAccount } from '../../src/archive/account.ts';
import { nodeFiles } from '../../src/archive/index.ts';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { seedSandbox, startSandbox } from '../../src/sandbox/index.ts';
import { BIN } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';

export interface World {
  readonly dir: string;
  readonly env: Readonly<Record<string, string>>;
  /** A script or a job of a page with the servers of this machine in the place of those that it names. */
  local(text: string): string;
  close(): Promise<void>;
}

const MAIL = (n: number) =>
  [
    'From: billing@acme.example',
    'To: me@example.org',
    `Date: Mon, 05 Oct 2026 09:0${n}:00 +0000`,
    `Message-ID: <${n}@acme.example>`,
    `Subject: Invoice ${n}`,
    'MIME-Version: 1.0',
    'Content-Type: multipart/mixed; boundary=x',
    ...['', '--x', '', `From here on: invoice ${n}`],
    ...['--x', `Content-Disposition: attachment; filename=invoice-${n}.csv`, '', '1;2', '--x--', ''],
  ].join('\r\n');

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

const FILES: Readonly<Record<string, string>> = {
  // As of a build that makes nothing anew: the second run finds all as it was, however long it takes until then.
  'package.json': '{"scripts":{"build":"test -e public/built.html || echo built > public/built.html"}}',
  'public/index.html': '<h1>hello</h1>',
  'public/css/site.css': 'body {}',
  'index.html': '<h1>hello</h1>',
  'work.sh': '#!/bin/sh\ntrue\n',
  'backup.sh': '#!/bin/sh\ntrue\n',
  'old.mbox': `From a@b Mon Oct  5 09:00:00 2026\n${MAIL(7).replaceAll('\r\n', '\n')}\n`,
  'Maildir/cur/1.x:2,S': MAIL(8).replaceAll('\r\n', '\n'),
  'Maildir/new/.keep': '',
  'Maildir/tmp/.keep': '',
  'jobs/flaky.yaml': 'steps:\n  - { id: one, run: "true" }\n  - { id: two, run: test -e fixed }\n',
  'broken.yaml': `name: nightly site
steps:
  - id: deploy
    uses: ftp/miror
    with: { connection: web, direction: upload, local: ./public, remote: /www }
  - id: report
    uses: smtp/report
    need: [deploy]
    if: alwyas()
    with: { connection: outbux, from: robot@example.org, to: [ops@example.org], when: somtimes }
`,
};

export async function world(): Promise<World> {
  const temp = await tempDir();
  const at = (...names: readonly string[]) => join(temp.path, ...names);
  const web = createServer((_request, response) => response.end('<html>hello</html>'));
  await new Promise<void>(ready => web.listen(0, '127.0.0.1', ready));
  const site = `http://127.0.0.1:${(web.address() as AddressInfo).port}/`;
  const sandbox = await startSandbox({ dir: at('servers'), clock: systemClock, random: systemRandom });
  await seedSandbox(sandbox);
  const { endpoints, caFile, user, password } = sandbox;
  const write = async (path: string, text: string) => {
    await mkdir(dirname(at(path)), { recursive: true });
    await writeFile(at(path), text);
    if (text.startsWith('#!')) await chmod(at(path), 0o755);
  };
  for (const [path, text] of Object.entries({ ...FILES, ...programs() })) await write(path, text);
  const kinds = { web: 'ftp', backup: 'ftp', inbox: 'pop3s', outbox: 'smtp' } as const;
  const connections = Object.entries(kinds).map(([name, kind]) => {
    const type = kind === 'pop3s' ? 'pop3' : kind;
    return `${name}: { type: ${type}, host: localhost, port: ${endpoints[kind].port}, ca: ${JSON.stringify(caFile)}, user: ${user}, password: "\${{ secrets.sandbox }}" }\n`;
  });
  for (const folder of ['.', 'jobs']) await write(join(folder, 'connections.yaml'), connections.join(''));
  await write('servers/ftp/www/index.html', 'old');
  await write('servers/ftp/backup/.keep', '');
  await write('servers/ftp/logs/2026-11.gz', 'log');
  await fillArchive(at('archive'));
  const url = (kind: keyof typeof endpoints, path = '') =>
    `${kind}://${user}@localhost:${endpoints[kind].port}${path}?ca=${caFile}`;
  return {
    dir: temp.path,
    env: {
      PATH: `${at('bin')}:${process.env['PATH']}`,
      HOME: temp.path,
      TMPDIR: at('tmp'),
      TZ: 'UTC',
      LANG: 'C.UTF-8',
      NO_COLOR: '1',
      POSTRIDER_STATE: at('state'),
      POSTRIDER_PASSWORD: password,
      POSTRIDER_SECRET_SANDBOX: password,
      POSTRIDER_SECRET_PING_URL: site,
      POSTRIDER_VAULT_PASSPHRASE: 'correct horse',
      WEB_PASSWORD: password,
    },
    local: text =>
      text
        .replace(/ftp:\/\/deploy@ftp\.example\.org(\/[^\s']*)?/g, (_, path = '') => url('ftp', path))
        .replace(/smtp:\/\/robot@smtp\.example\.org/g, url('smtp'))
        .replaceAll('--jobs ./postrider-sandbox', '--jobs ./jobs')
        .replaceAll('https://www.example.org/', site)
        .replaceAll('/srv/site', temp.path)
        .replaceAll('4f2a9c', sha256(MAIL(0)).slice(0, 6))
        .replaceAll('/etc/postrider/jobs', at('jobs')),
    close: async () => {
      web.close();
      await sandbox.close();
      await temp.remove();
    },
  };
}

/** `postrider` itself, `npx` before it, and what a reader's machine has besides. What runs until it is stopped is stopped as soon as it says something. */
function programs(): Readonly<Record<string, string>> {
  const stop = `
import { spawn } from 'node:child_process';
const child = spawn(process.execPath, process.argv.slice(2), { stdio: ['ignore', 'pipe', 'pipe'] });
let said = '';
for (const stream of [child.stdout, child.stderr]) stream.on('data', text => { said += text; if (/Ctrl-C ends it|job/.test(said)) child.kill('SIGTERM'); });
child.on('close', code => { process.stdout.write(said); process.exit([0, 130, 143].includes(code) ? 0 : 1); });
`;
  const run = `"${process.execPath}" "${BIN}"`;
  return {
    'tmp/.keep': '',
    'bin/stop.mjs': stop,
    'bin/postrider': `#!/bin/sh\ncase "$1" in sandbox|schedule) exec "${process.execPath}" "$(dirname "$0")/stop.mjs" "${BIN}" "$@" ;; esac\nexec ${run} "$@"\n`,
    'bin/npx': '#!/bin/sh\nexec "$@"\n',
    'bin/mysqldump': '#!/bin/sh\necho "create table $1"\n',
    'bin/lftp': '#!/bin/sh\ntrue\n',
  };
}

/** October is sealed, November open. */
async function fillArchive(root: string): Promise<void> {
  const months = [Date.UTC(2026, 9, 5), Date.UTC(2026, 10, 5)];
  const clock = { ...systemClock, now: () => Date.UTC(2026, 10, 6) };
  const archive = await openAccount({ root, account: 'invoices', clock, files: nodeFiles });
  for (const [index, fetchedAt] of months.flatMap(month => [month, month + 1]).entries()) {
    const incoming = archive.incoming();
    await incoming.push(Buffer.from(MAIL(index)));
    await archive.store(incoming.complete(), { uidl: `u${index}`, fetchedAt });
    await incoming.discard();
  }
  await archive.commit();
  for await (const _ of archive.seal());
  await archive.close();
}
