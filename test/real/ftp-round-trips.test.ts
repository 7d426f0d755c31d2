// Round trips of an atomic upload of 2 KB files over one session, counted on vsftpd, proftpd and pure-ftpd, plain and under TLS.
// vsftpd lingers for one more when it closes its data connection, which no client can count: it is left out here.
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, T0, write } from '../steps/ftp-mirror/rig.ts';
import { FTP_ANSWERS, RoundTrips } from '../support/round-trips.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const WAYS = [
  { way: 'vsftpd, clear text', tls: 'none', most: 3.1, start: () => startVsftpd({ tls: 'none' }) },
  { way: 'vsftpd, TLS 1.2', tls: 'explicit', most: 4.2, start: () => startVsftpd({ tlsVersion: '1.2' }) },
  { way: 'vsftpd, TLS 1.3', tls: 'explicit', most: 4.2, start: () => startVsftpd({ tlsVersion: '1.3' }) },
  { way: 'proftpd, clear text', tls: 'none', most: 3.1, start: () => startProftpd({ tls: 'none' }) },
  { way: 'proftpd, TLS 1.2', tls: 'explicit', most: 4.2, start: () => startProftpd({ tlsVersion: '1.2' }) },
  { way: 'proftpd, TLS 1.3', tls: 'explicit', most: 4.2, start: () => startProftpd({ tlsVersion: '1.3' }) },
  { way: 'pure-ftpd, clear text', tls: 'none', most: 3.1, start: () => startPureFtpd() },
  { way: 'proftpd, commit: end', tls: 'none', most: 3.2, config: { commit: 'end' }, start: () => startProftpd({ tls: 'none' }) },
  {
    way: 'vsftpd, modes',
    tls: 'none',
    most: 3.1,
    config: { chmod: { files: '640' } },
    start: () => startVsftpd({ tls: 'none' }),
  },
  {
    way: 'proftpd, verify: hash and compare: manifest',
    tls: 'none',
    most: 3.2,
    config: { verify: 'hash', compare: 'manifest' },
    start: () => startProftpd({ tls: 'none', extra: ['LoadModule mod_digest.c'] }),
  },
  { way: 'pure-ftpd, TLS 1.2', tls: 'explicit', most: 4.2, start: () => startPureFtpd({ tls: 'explicit', tlsVersion: '1.2' }) },
] as const;
const FEW = 5;
const MORE = 45;

describeReal.each('round trips: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, most, start, ...way }) => {
  const config = 'config' in way ? way.config : {};
  test(`at most ${most} for one more file, each whole and with its time`, async () => {
    const server = await start();
    try {
      const few = await upload(server, tls, { ...config, remote: '/few' }, FEW);
      const more = await upload(server, tls, { ...config, remote: '/more' }, MORE);
      expect((more - few) / (MORE - FEW)).toBeLessThanOrEqual(most);
      const names = readdirSync(join(server.root, 'more')).filter(name => !name.startsWith('.'));
      expect(names).toHaveLength(MORE);
      for (const name of names) {
        expect(readFileSync(join(server.root, 'more', name), 'utf8')).toBe(content(name));
        expect(statSync(join(server.root, 'more', name)).mtimeMs).toBe(T0);
      }
    } finally {
      await server.stop();
    }
  });
});

async function upload(server: RealServer, tls: 'none' | 'explicit', config: object, files: number): Promise<number> {
  const trips = new RoundTrips(FTP_ANSWERS);
  const rig = await makeRig({
    connect: (_, { signal }) =>
      connectFtp(endpointOf(server, 'ftp', tls), {
        dial: trips.over(dial),
        clock: trips.clock,
        ...(signal === undefined ? {} : { signal }),
      }),
  });
  const names = Array.from({ length: files }, (_, index) => `file ${index}`);
  await write(rig.site, Object.fromEntries(names.map(name => [name, content(name)])));
  expect(await rig.run({ direction: 'upload', parallel: 1, ...config })).toMatchObject({ uploaded: files, failed: 0 });
  return trips.count;
}

function content(name: string): string {
  return name.padEnd(2_048, '.');
}
