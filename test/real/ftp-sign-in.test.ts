// Signing in again costs fewer round trips: what the first session has learned, the next ones need not wait for.
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { FTP_ANSWERS, RoundTrips } from '../support/round-trips.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

/** Round trips from the TCP connection to a session that can work: one for TCP, one for the greeting. */
const WAYS = [
  { way: 'vsftpd, clear text', tls: 'none', most: 3, start: () => startVsftpd({ tls: 'none' }) },
  { way: 'vsftpd, TLS', tls: 'explicit', most: 5, start: () => startVsftpd() },
  { way: 'proftpd, clear text', tls: 'none', most: 3, start: () => startProftpd({ tls: 'none' }) },
  { way: 'proftpd, TLS', tls: 'explicit', most: 5, start: () => startProftpd() },
  { way: 'pure-ftpd, clear text', tls: 'none', most: 3, start: () => startPureFtpd() },
  { way: 'pure-ftpd, TLS', tls: 'explicit', most: 5, start: () => startPureFtpd({ tls: 'explicit' }) },
] as const;

describeReal.each('sign-in: $way', WAYS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, most, start }) => {
  test(`the second session signs in within ${most} round trips`, async () => {
    const server = await start();
    try {
      const endpoint = endpointOf(server, 'ftp', tls);
      await (await connectFtp(endpoint, { dial, clock: systemClock })).quit();
      const trips = new RoundTrips(FTP_ANSWERS);
      const said: string[] = [];
      const client = await connectFtp(endpoint, {
        dial: trips.over(dial),
        clock: trips.clock,
        transcript: (direction, line) => (direction === '>' ? void said.push(line) : undefined),
      });
      expect(trips.count).toBeLessThanOrEqual(most);
      expect(said.filter(line => line.startsWith('USER'))).toHaveLength(1);
      expect(await client.list('/')).toEqual([]);
      await client.quit();
    } finally {
      await server.stop();
    }
  });
});
