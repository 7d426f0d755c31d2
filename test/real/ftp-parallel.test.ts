// Required session reuse: 300 files over four sessions to vsftpd and proftpd, TLS 1.2 and 1.3, and no session is ever replaced; then all deleted.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, read, write } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { startProftpd, startVsftpd } from './servers.ts';

const WAYS = [
  { way: 'vsftpd, TLS 1.2', start: () => startVsftpd({ tlsVersion: '1.2' }) },
  { way: 'vsftpd, TLS 1.3', start: () => startVsftpd({ tlsVersion: '1.3' }) },
  { way: 'proftpd, TLS 1.2', start: () => startProftpd({ tlsVersion: '1.2' }) },
  { way: 'proftpd, TLS 1.3', start: () => startProftpd({ tlsVersion: '1.3' }) },
] as const;
const FILES = 300;
const SESSIONS = 4;

describeReal.each('session reuse, $way', WAYS, ['vsftpd', 'proftpd'], ({ start }) => {
  test('300 files over four sessions up, down and deleted, without one failure', async () => {
    const server = await start();
    try {
      let logins = 0;
      const endpoint = endpointOf(server, 'ftp', 'explicit');
      const rig = await makeRig({
        connect: (_, { signal }) => {
          logins += 1;
          return connectFtp(endpoint, { dial, clock: systemClock, ...(signal === undefined ? {} : { signal }) });
        },
      });
      const tree = Object.fromEntries(Array.from({ length: FILES }, (_, n) => [`d${n % 7}/f${n}`, `${n}`.repeat(n % 900)]));
      await write(rig.site, tree);
      const both = { parallel: SESSIONS, remote: '/site' };
      expect(await rig.run({ ...both, direction: 'upload' })).toMatchObject({ uploaded: FILES, failed: 0 });
      expect(await rig.run({ ...both, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: FILES, failed: 0 });
      expect(await read(`${rig.folder}/copy`)).toEqual(tree);
      expect(logins).toBeLessThanOrEqual(2 * SESSIONS);
      expect(rig.notes).toEqual([]);
      await write(`${rig.folder}/one`, { one: '1' });
      expect(await rig.run({ ...both, direction: 'upload', local: 'one', delete: true })).toMatchObject({
        deleted: FILES,
        failed: 0,
      });
    } finally {
      await server.stop();
    }
  });
});
