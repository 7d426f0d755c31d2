// The same tree of nasty names on vsftpd, proftpd, pure-ftpd and pyftpdlib, plain and under TLS: up, changed, partly deleted, down, times
// kept. A mirror says yes only when both trees are equal; a name that a server cannot carry is named in the error, and nothing else suffers.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, type Rig, T0 } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startPyftpdlib, startVsftpd } from './servers.ts';

/** Each is a file, and a folder with a file in it. */
const NAMES = [
  ...[
    'plain',
    ' leading',
    'trailing ',
    'two  blanks',
    ' ',
    '-la',
    '-R',
    '--help',
    '.hidden',
    '...',
    '..dots',
    '~',
    '~root',
    '$HOME',
    '%41',
    '#',
  ],
  ...[
    '[br]ack[et]s',
    'st*r',
    '*',
    'qu?stion',
    '{a,b}',
    "quo'te",
    'quo"te',
    '`tick`',
    'a|b',
    '<a>',
    'a&b',
    'a;b',
    'a,b',
    'a=b',
    'a:b',
    'back\\slash',
  ],
  ...[
    'a -> b',
    'total 5',
    '213 End',
    '226',
    'drwxr-xr-x    2 0        0            4096 Nov 26 04:28 fake',
    'type=dir; x',
    'tab\there',
    'del\x7f',
    'bell\x07',
    'esc\x1b[2J',
  ],
  ...[
    'case',
    'CASE',
    'Case',
    'caf\u00e9',
    'cafe\u0301',
    '\u65e5\u672c\u8a9e',
    '\u{1f600}',
    '\u00ff',
    '\u00a0',
    '\u2028',
    '\ufeffbom',
    'x'.repeat(255),
    '\u00e9'.repeat(127),
  ],
];
const isControl = (name: string) => /[\x00-\x1f\x7f]/.test(name);

/** What a server cannot carry, by its own doing: as a folder, as a file. */
interface Refusals {
  readonly folder: (name: string) => boolean;
  readonly file: (name: string) => boolean;
}
const NONE: Refusals = { folder: () => false, file: () => false };
const PROFTPD: Refusals = { ...NONE, folder: name => name.includes('*') };
/** Pure-FTPd puts `_` in the place of control characters and drops trailing blanks, and says yes: that is noticed before anything is sent. */
const PURE: Refusals = {
  folder: name => isControl(name) || name.includes('\\') || name.endsWith(' '),
  file: name => isControl(name) || name.includes('\\') || name.endsWith(' '),
};
/** What no server may make us write on this disk. */
const unsafeHere = (path: string) => path.split('/').some(name => name.includes('\\') || /^[A-Za-z]:/.test(name));

const WAYS = [
  { way: 'vsftpd, clear text', tls: 'none', refuses: NONE, start: () => startVsftpd({ tls: 'none' }) },
  { way: 'vsftpd, TLS', tls: 'explicit', refuses: NONE, start: () => startVsftpd() },
  { way: 'proftpd, clear text', tls: 'none', refuses: PROFTPD, start: () => startProftpd({ tls: 'none' }) },
  { way: 'proftpd, TLS', tls: 'explicit', refuses: PROFTPD, start: () => startProftpd() },
  { way: 'pure-ftpd, clear text', tls: 'none', refuses: PURE, start: () => startPureFtpd() },
  { way: 'pure-ftpd, TLS', tls: 'explicit', refuses: PURE, start: () => startPureFtpd({ tls: 'explicit' }) },
  { way: 'pyftpdlib, clear text', tls: 'none', refuses: NONE, start: () => startPyftpdlib() },
  { way: 'pyftpdlib, TLS', tls: 'explicit', refuses: NONE, start: () => startPyftpdlib({ tls: 'explicit' }) },
] as const;

describeReal.each('nasty names: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd', 'pyftpdlib'], ({ tls, refuses, start }) => {
  let server: RealServer;
  let rig: Rig;
  const config = { remote: '/site', delete: true, parallel: 4 };
  const files = NAMES.map(name => `files/${name}`);
  const inFolders = NAMES.map(name => `folders/${name}/${name === '226' ? 'inside' : 'in side'}`);
  const refused = new Set([
    ...files.filter(path => refuses.file(path.slice(6))),
    ...inFolders.filter(path => refuses.folder(path.split('/')[1] ?? '')),
  ]);

  beforeAll(async () => {
    server = await start();
  });
  afterAll(() => server?.stop());

  test('up, changed, deleted, down', async () => {
    rig = await makeRig({
      connect: (_, options) => connectFtp(endpointOf(server, 'ftp', tls), { ...options, dial, clock: systemClock }),
    });
    const remote = join(server.root, 'site');
    const copy = join(rig.folder, 'copy');
    for (const [index, path] of [...files, ...inFolders].entries()) put(rig.site, path, `${index}`, T0 + index * 61_000);

    const first = await outcome(rig.run({ ...config, direction: 'upload' }));
    expect(readdirSync(remote).sort(), 'nothing is left of how names were tried').toEqual(['files', 'folders']);
    if (refused.size === 0) expect(first).toBe('yes');
    else {
      expect(first).toMatch(/^mirror-incomplete/);
      for (const path of refused) expect([path, rig.notes.some(note => note.includes(shown(path)))]).toEqual([path, true]);
      expect(tree(remote)).not.toEqual(tree(rig.site));
      for (const path of refused) {
        const folder = /^folders\/[^/]+/.exec(path)?.[0];
        rmSync(join(rig.site, folder ?? path), { recursive: true });
      }
    }
    expect(await outcome(rig.run({ ...config, direction: 'upload' }))).toBe('yes');
    expect(tree(remote)).toEqual(tree(rig.site));

    for (const path of paths(rig.site)) put(rig.site, path, `changed ${path}`, T0 + 86_400_000);
    expect(await outcome(rig.run({ ...config, direction: 'upload' }))).toBe('yes');
    expect(tree(remote)).toEqual(tree(rig.site));

    for (const [index, path] of paths(rig.site).entries()) if (index % 2 === 0) rmSync(join(rig.site, path));
    for (const name of readdirSync(join(rig.site, 'folders'))) {
      const folder = join(rig.site, 'folders', name);
      if (readdirSync(folder).length === 0) rmSync(folder, { recursive: true });
    }
    expect(await outcome(rig.run({ ...config, direction: 'upload' }))).toBe('yes');
    expect(tree(remote)).toEqual(tree(rig.site));

    const unsafe = paths(rig.site).filter(unsafeHere);
    const down = await outcome(rig.run({ ...config, direction: 'download', local: 'copy' }));
    expect(down).toMatch(unsafe.length === 0 ? /^yes$/ : /^mirror-incomplete: .*(drive letter|path separator)/);
    expect(tree(copy)).toEqual(tree(rig.site).filter((_, index) => !unsafeHere(paths(rig.site)[index] ?? '')));
    for (const path of unsafe) rmSync(join(rig.site, /^folders\/[^/]+/.exec(path)?.[0] ?? path), { recursive: true });
    expect(await outcome(rig.run({ ...config, direction: 'upload' }))).toBe('yes');
    expect(await rig.run({ ...config, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: 0, deleted: 0 });
    expect(await rig.run({ ...config, direction: 'upload' })).toMatchObject({ uploaded: 0, deleted: 0 });
  });
});

async function outcome(run: Promise<unknown>): Promise<string> {
  return run.then(
    () => 'yes',
    error => `${(error as { code?: string }).code}: ${(error as Error).message}`,
  );
}

function put(root: string, path: string, data: string, modifiedAt: number): void {
  mkdirSync(join(root, path, '..'), { recursive: true });
  writeFileSync(join(root, path), data);
  utimesSync(join(root, path), modifiedAt / 1_000, modifiedAt / 1_000);
}

function paths(root: string): string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter(entry => entry.isFile())
    .map(entry => join(entry.parentPath, entry.name).slice(root.length + 1))
    .sort();
}

/** Path, content and time of every file. */
function tree(root: string): readonly string[] {
  return paths(root).map(path => `${path} ${readFileSync(join(root, path), 'utf8')} ${statSync(join(root, path)).mtimeMs}`);
}

/** As messages show it: control characters escaped. */
function shown(path: string): string {
  return (/^[^\x00-\x1f\x7f]*/.exec(path)?.[0] ?? '').slice(0, 60);
}
