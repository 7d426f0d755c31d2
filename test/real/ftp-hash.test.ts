// compare: hash and verify: hash against proftpd with mod_digest; vsftpd, which makes no checksums, refuses clearly.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, T0, write } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startVsftpd } from './servers.ts';

const NAMES = ['a b.txt', 'deep/er/ü [x] "quoted".txt', ' leading', 'empty'];

async function rigFor(server: RealServer, tls: 'none' | 'explicit') {
  return makeRig({
    connect: (_, { signal }) =>
      connectFtp(endpointOf(server, 'ftp', tls), { dial, clock: systemClock, ...(signal === undefined ? {} : { signal }) }),
  });
}

describeReal('server checksums', ['proftpd', 'vsftpd'], () => {
  test('proftpd, HASH over TLS: same size and time, other content', async () => {
    const server = await startProftpd({ extra: ['LoadModule mod_digest.c'] });
    try {
      const rig = await rigFor(server, 'explicit');
      const tree = Object.fromEntries(NAMES.map((name, index) => [name, name === 'empty' ? '' : `content ${index} of it`]));
      await write(rig.site, tree, T0);
      const config = { direction: 'upload', compare: 'hash', verify: 'hash' };
      expect(await rig.run(config)).toMatchObject({ uploaded: NAMES.length, failed: 0 });
      await write(rig.site, { ' leading': 'CONTENT 2 of it' }, T0);
      expect(await rig.run({ ...config, compare: 'time-size' })).toMatchObject({ uploaded: 0 });
      expect(await rig.run(config)).toMatchObject({ uploaded: 1, unchanged: NAMES.length - 1 });
      for (const name of NAMES)
        expect(readFileSync(join(server.root, 'www', name), 'utf8')).toBe(readFileSync(join(rig.site, name), 'utf8'));
      expect(await rig.run({ ...config, direction: 'download', local: 'copy' })).toMatchObject({ downloaded: NAMES.length });
    } finally {
      await server.stop();
    }
  });

  test('vsftpd: refused before anything is changed', async () => {
    const server = await startVsftpd({ tls: 'none' });
    try {
      const rig = await rigFor(server, 'none');
      mkdirSync(join(server.root, 'www'));
      writeFileSync(join(server.root, 'www/a'), 'old');
      await write(rig.site, { a: 'new' });
      await expect(rig.run({ direction: 'upload', compare: 'hash' })).rejects.toMatchObject({ code: 'hash-unavailable' });
      expect(readFileSync(join(server.root, 'www/a'), 'utf8')).toBe('old');
    } finally {
      await server.stop();
    }
  });
});
