// Downloads from servers that seem far away: the next data port is asked for behind the last file's data. Each is whole, and vsftpd and
// ProFTPD, which let that be, take a round trip less for each. (As counted: that they accept a connection a trip after it was made is not.)
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, read } from '../steps/ftp-mirror/rig.ts';
import { farAway } from '../support/far-away.ts';
import { FTP_ANSWERS, RoundTrips } from '../support/round-trips.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const SERVERS = [
  { server: 'vsftpd', most: 2.1, start: () => startVsftpd({ tls: 'none' }) },
  { server: 'proftpd', most: 2.1, start: () => startProftpd({ tls: 'none' }) },
  { server: 'pure-ftpd', most: 3.1, start: () => startPureFtpd() },
] as const;
const FEW = 10;
const MORE = 60;

describeReal.each('downloads far away: $server', SERVERS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ most, start }) => {
  test(`at most ${most} round trips for one more file`, async () => {
    const server = await start();
    try {
      const few = await download(server, FEW, 1);
      const more = await download(server, MORE, 1);
      expect((more - few) / (MORE - FEW)).toBeLessThanOrEqual(most);
      await download(server, 4 * MORE, 8);
    } finally {
      await server.stop();
    }
  });
});

/** Round trips of a mirror of so many files of all sizes. */
async function download(server: RealServer, count: number, parallel: number): Promise<number> {
  const files = Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, `${n}`.padEnd((n * 977) % 20_000, '.')]));
  const remote = `of${count}`;
  mkdirSync(join(server.root, remote));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(server.root, remote, name), content);
  const trips = new RoundTrips(FTP_ANSWERS);
  const far = farAway(trips.over(dial), 50);
  const rig = await makeRig({
    connect: (_, options) => connectFtp(endpointOf(server, 'ftp', 'none'), { ...options, ...far }),
  });
  const done = await rig.run({ direction: 'download', parallel, remote: `/${remote}` });
  expect(done).toMatchObject({ downloaded: count, failed: 0 });
  expect(await read(rig.site)).toEqual(files);
  return trips.count;
}
