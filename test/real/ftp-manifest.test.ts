// compare: manifest against vsftpd, proftpd and pure-ftpd: nasty names, another machine, files of others, and how few questions it takes.
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { connectFtp } from '../../src/protocols/ftp/index.ts';
import { dial } from '../../src/protocols/net/dial.ts';
import { makeRig, read, T0, write } from '../steps/ftp-mirror/rig.ts';
import { endpointOf } from './endpoint.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const SERVERS = [
  { name: 'vsftpd', tls: 'none', start: () => startVsftpd({ tls: 'none' }) },
  { name: 'proftpd', tls: 'explicit', start: () => startProftpd() },
  { name: 'pure-ftpd', tls: 'none', start: () => startPureFtpd() },
] as const;
const CONFIG = { direction: 'upload', compare: 'manifest', delete: true };
const NASTY = {
  'index.html': '<p>',
  'deep/er/ü 文.txt': 'unicode',
  'a [b] (c) $d %20 #e': 'signs',
  '-la': 'dash',
  'two  blanks': 'inside',
  'empty/none': '',
};

async function rigFor(server: RealServer, tls: 'none' | 'explicit', heard: string[] = []) {
  return makeRig({
    connect: (_, { signal }) =>
      connectFtp(endpointOf(server, 'ftp', tls), {
        ...{ dial, clock: systemClock, transcript: (direction, line) => void (direction === '>' && heard.push(line)) },
        ...(signal === undefined ? {} : { signal }),
      }),
  });
}

describeReal.each('manifest on $name', SERVERS, ['vsftpd', 'proftpd', 'pure-ftpd'], ({ tls, start }) => {
  test('deployed, unchanged, from another machine, with files of others', async () => {
    const server = await start();
    try {
      const heard: string[] = [];
      const rig = await rigFor(server, tls, heard);
      await write(rig.site, NASTY);
      expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 6, failed: 0 });
      heard.length = 0;
      expect(await rig.run(CONFIG)).toMatchObject({ uploaded: 0, unchanged: 6 });
      expect(heard.filter(line => /^(MLSD|LIST|RETR|STOR|EPSV|DELE|RNFR|MFMT)/.test(line))).toEqual([]);

      mkdirSync(join(server.root, 'www/uploads'));
      writeFileSync(join(server.root, 'www/uploads/theirs'), 'theirs');
      const there = await rigFor(server, tls);
      await write(there.site, { ...NASTY, 'index.html': '<b>', 'new/x': 'x' }, T0);
      await rm(join(there.site, 'deep'), { recursive: true });
      expect(await there.run(CONFIG)).toMatchObject({ uploaded: 2, deleted: 1, unchanged: 4, failed: 0 });
      const www = await read(join(server.root, 'www'));
      expect(www).toEqual({ ...(await read(there.site)), 'uploads/theirs': 'theirs' });
      expect(JSON.parse(readFileSync(join(server.root, 'www/.postrider-manifest.json'), 'utf8'))).toMatchObject({
        folders: ['empty', 'new'],
      });
    } finally {
      await server.stop();
    }
  });
});
