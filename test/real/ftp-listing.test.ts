// A whole tree listed by vsftpd, proftpd and pure-ftpd: what we see is what is on their disk, in a few round trips; and what Pure-FTPd cuts.
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { Batch } from '../../src/steps/ftp-mirror/sessions/batch.ts';
import { Pool } from '../../src/steps/ftp-mirror/sessions/pool.ts';
import { makeFilter } from '../../src/steps/ftp-mirror/trees/filter.ts';
import { walkRemote } from '../../src/steps/ftp-mirror/trees/remote-tree.ts';
import { makeRig, write } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const CUT = 2_000;
const WAYS = [
  { way: 'vsftpd', tls: 'explicit', start: () => startVsftpd() },
  { way: 'proftpd', tls: 'explicit', start: () => startProftpd() },
  { way: 'pure-ftpd', tls: 'none', start: () => startPureFtpd({ extra: ['--limitrecursion', `${CUT}:8`] }) },
] as const;

const FOLDERS = 120;
/** What no STAT can be asked for, what only `-a` shows, what is empty. */
const ODD = ['with blank', 'br[a]ck', 'st*r', '.hidden', 'empty', '-la', 'ünï', 'a/b/c/d/e/f/g'];

describeReal.each('listing: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ way, tls, start }) => {
  let server: RealServer;
  const said: string[] = [];
  const files: string[] = [];
  const put = (path: string) => {
    writeFileSync(join(server.root, path), path);
    files.push(path);
  };

  beforeAll(async () => {
    server = await start();
    for (let n = 0; n < FOLDERS; n++) {
      mkdirSync(join(server.root, `d${n}/sub`), { recursive: true });
      for (const name of [`d${n}/f`, `d${n}/.h`, `d${n}/sub/g`]) put(name);
    }
    for (const name of ODD) {
      mkdirSync(join(server.root, name), { recursive: true });
      if (name !== 'empty') put(`${name}/file in it`);
    }
    symlinkSync('../d0', join(server.root, 'd1/link'));
  });
  afterAll(() => server?.stop());

  function poolOf(): Pool {
    const endpoint = endpointOf(server, 'ftp', tls);
    const transcript = (direction: string, line: string) => (direction === '>' ? void said.push(line) : undefined);
    return new Pool({
      connect: () => connectFtp(endpoint, { dial, clock: systemClock, transcript }),
      sessions: 2,
      signal: new AbortController().signal,
      clock: systemClock,
      warn: () => undefined,
    });
  }

  test('the tree is what is on the disk, and few folders need a data connection', async () => {
    const pool = poolOf();
    try {
      const walk = {
        root: '/',
        pool,
        batch: new Batch(pool),
        filter: makeFilter([], []),
        symlinks: 'stay',
        exact: false,
        warn: () => undefined,
        unsafeName: () => undefined,
      } as const;
      const { tree } = await walkRemote(walk);
      expect([...tree.files.keys()].sort()).toEqual([...files].sort());
      expect(tree.folders.size).toBe(2 * FOLDERS + ODD.length + 6);
      expect([...tree.barred]).toEqual([['d1/link', 'a symbolic link']]);
      const listed = said.filter(line => /^(MLSD|LIST)/.test(line)).length;
      expect(listed).toBeLessThanOrEqual(6);
      expect(said.filter(line => line.startsWith('STAT')).length).toBeGreaterThan(2 * FOLDERS);
    } finally {
      await pool.close();
    }
  });

  if (way !== 'pure-ftpd') return;

  test('a folder that Pure-FTPd cuts ends the mirror before anything is deleted', async () => {
    mkdirSync(join(server.root, 'deep/big'), { recursive: true });
    for (let n = 0; n < CUT + 50; n++) writeFileSync(join(server.root, `deep/big/${n}`), '');
    const rig = await makeRig({
      connect: (_, options) => connectFtp(endpointOf(server, 'ftp', tls), { ...options, dial, clock: systemClock }),
    });
    await write(rig.site, { one: '1' });
    await expect(rig.run({ direction: 'upload', remote: '/deep', delete: true })).rejects.toMatchObject({
      code: 'listing-truncated',
    });
    await expect(rig.run({ direction: 'download', remote: '/deep', local: 'copy', delete: true })).rejects.toMatchObject({
      code: 'listing-truncated',
    });
  });
});
