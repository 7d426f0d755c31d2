// What a mirror costs when nothing changed, in round trips over one session: a lost optimisation fails here. Real servers tell no times
// to the second in what lists many folders at once, so that each file takes a question.
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, write } from '../steps/ftp-mirror/rig.ts';
import { FTP_ANSWERS, RoundTrips } from '../support/round-trips.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const SERVERS = [
  { server: 'vsftpd', start: () => startVsftpd({ tls: 'none' }) },
  { server: 'proftpd', start: () => startProftpd({ tls: 'none' }) },
  { server: 'pure-ftpd', start: () => startPureFtpd() },
] as const;
const FOLDERS = 40;
const FILES = 800;
const ROOTS = ['/www', 'www'];
/**
 * Connecting and the greeting 2, name 1, password with all that it allows 1, the first folder 2 or 3, the others with the first
 * questions 3, up to 150 questions each 6, the lock's end 1: 16 or 17 as counted, and as answers that come in pieces leave a window
 * less than full, once in sixty times 18. Questions that wait for whole windows take six more.
 */
const MOST = 20;

describeReal.each('nothing changed: $server', SERVERS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ start }) => {
  test.each(ROOTS)(`${FILES} files below %s: at most ${MOST} round trips over one session`, async remote => {
    const server = await start();
    try {
      const trips = new RoundTrips(FTP_ANSWERS);
      const rig = await makeRig({
        connect: (_, options) =>
          connectFtp(endpointOf(server, 'ftp', 'none'), { ...options, dial: trips.over(dial), clock: trips.clock }),
      });
      const paths = Array.from({ length: FILES }, (_, n) => `d${n % FOLDERS}/f${n}`);
      await write(rig.site, Object.fromEntries(paths.map(path => [path, path])));
      cpSync(rig.site, join(server.root, 'www'), { recursive: true, preserveTimestamps: true });
      const same = await rig.run({ direction: 'upload', parallel: 1, delete: true, remote });
      expect(same).toMatchObject({ unchanged: FILES, uploaded: 0, deleted: 0, failed: 0 });
      expect(trips.count).toBeLessThanOrEqual(MOST);
    } finally {
      await server.stop();
    }
  });
});
