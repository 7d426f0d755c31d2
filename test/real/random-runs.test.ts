// Random trees and settings against the real servers. SEEDS=50 SEED=1 runs more of them; a failure names its seed and what was done.
import { mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { history } from '../steps/ftp-mirror/random-runs.ts';
import { execFileSync } from '../support/sync-child.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const SEEDS = Number(process.env['SEEDS'] ?? 2);
const FIRST = Number(process.env['SEED'] ?? 1);
const SERVERS = [
  { name: 'vsftpd', tls: 'none', start: () => startVsftpd({ tls: 'none' }) },
  { name: 'proftpd', tls: 'explicit', start: () => startProftpd() },
  { name: 'pure-ftpd', tls: 'none', start: () => startPureFtpd({ tls: 'none' }) },
] as const;

describeReal.each('trees that change at random on $name', SERVERS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, start }) => {
  test('whatever changes, every run leaves what it should', { timeout: 600_000 }, async () => {
    const server = await start();
    try {
      const { uid, gid } = statSync(server.root);
      for (let seed = FIRST; seed < FIRST + SEEDS; seed++) {
        const www = join(server.root, `www-${seed}`);
        mkdirSync(www);
        const settle = () => void execFileSync('chown', ['-R', `${uid}:${gid}`, www]);
        settle();
        const place = { endpoint: endpointOf(server, 'ftp', tls), www, remote: `/www-${seed}`, settle, rounds: 8 };
        expect(await history(seed, place)).toBe('');
      }
    } finally {
      await server.stop();
    }
  });
});
