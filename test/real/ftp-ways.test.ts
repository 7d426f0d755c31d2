// The less usual ways to move a file, on real servers: active mode, plain and under TLS, files in clear under an encrypted dialogue, an older TLS.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../src/protocols/net/endpoint.ts';
import { makeRig, read, write } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

type Way = {
  readonly way: string;
  readonly tls: Endpoint['tls'];
  readonly changes: Partial<Endpoint>;
  readonly start: () => ReturnType<typeof startVsftpd>;
};
const ACTIVE = { passive: false };
const CLEAR = { protection: 'control' } as const;
const OLDER = { tlsMax: '1.2' } as const;
const NO_REUSE = ['require_ssl_reuse=NO', 'force_local_data_ssl=NO'];
const WAYS: readonly Way[] = [
  { way: 'vsftpd, active', tls: 'none', changes: ACTIVE, start: () => startVsftpd({ tls: 'none' }) },
  { way: 'vsftpd, active, TLS', tls: 'explicit', changes: ACTIVE, start: () => startVsftpd() },
  { way: 'vsftpd, PROT C', tls: 'explicit', changes: CLEAR, start: () => startVsftpd({ extra: NO_REUSE }) },
  { way: 'proftpd, active', tls: 'none', changes: ACTIVE, start: () => startProftpd({ tls: 'none' }) },
  { way: 'proftpd, active, TLS', tls: 'explicit', changes: ACTIVE, start: () => startProftpd() },
  { way: 'proftpd, PROT C', tls: 'explicit', changes: CLEAR, start: () => startProftpd({ clearData: true }) },
  { way: 'pure-ftpd, active', tls: 'none', changes: ACTIVE, start: () => startPureFtpd() },
  { way: 'vsftpd, TLS 1.2 of two', tls: 'explicit', changes: OLDER, start: () => startVsftpd() },
  { way: 'pure-ftpd, TLS 1.2 of two', tls: 'explicit', changes: OLDER, start: () => startPureFtpd({ tls: 'explicit' }) },
  { way: 'pure-ftpd, active, TLS', tls: 'explicit', changes: ACTIVE, start: () => startPureFtpd({ tls: 'explicit' }) },
];
const TREE = { a: 'a', 'b/c': 'c'.repeat(100_000), empty: '' };

describeReal.each('$way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, changes, start }) => {
  test('a mirror up and down', async () => {
    const server = await start();
    try {
      const rig = await makeRig({
        connect: (_, options) => connectFtp(endpointOf(server, 'ftp', tls, changes), { ...options, dial, clock: systemClock }),
      });
      await write(rig.site, TREE);
      const config = { remote: '/site', parallel: 2 };
      expect(await rig.run({ ...config, direction: 'upload' })).toMatchObject({ uploaded: 3, failed: 0 });
      expect(await rig.run({ ...config, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: 3, failed: 0 });
      expect(await read(`${rig.folder}/copy`)).toEqual(TREE);
    } finally {
      await server.stop();
    }
  });
});

describeReal('tls-max on a server that has TLS 1.3 only', ['pure-ftpd'], () => {
  test('is refused by name', async () => {
    const server = await startPureFtpd({ tls: 'explicit', tlsVersion: '1.3' });
    try {
      const session = connectFtp(endpointOf(server, 'ftp', 'explicit', OLDER), { dial, clock: systemClock });
      await expect(session).rejects.toMatchObject({ code: 'tls-version-refused', retry: 'never' });
    } finally {
      await server.stop();
    }
  });
});
