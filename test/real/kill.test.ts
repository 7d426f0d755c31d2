// kill -9 at any moment, then again: the trees are equal, nothing foreign is left, and nobody ever saw half a file.
// KILLS=200 is the campaign; SEED repeats one. Without them a few kills each.
import { chownSync, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { mulberry } from '../support/chance.ts';
import { startCli } from '../support/cli.ts';
import { tempDir } from '../support/temp-dir.ts';
import { type Moment, mirror, Source, sumsOf, treeOf, watch } from './kill-rig.ts';
import { describeReal } from './require.ts';
import { type RealServer, startProftpd, startPureFtpd, startVsftpd } from './servers.ts';

const KILLS = Number(process.env['KILLS'] ?? 3);
const SEED = Number(process.env['SEED'] ?? 7);
const SERVERS = ['vsftpd', 'proftpd', 'pure-ftpd'] as const;
type Tls = 'none' | 'explicit';
const START = {
  vsftpd: (tls: Tls) => startVsftpd({ tls }),
  // Sessions whose client died before its data connection came stay for minutes.
  proftpd: (tls: Tls) => startProftpd({ tls, extra: ['MaxInstances 1000'] }),
  'pure-ftpd': (tls: Tls) => startPureFtpd({ tls }),
};

const [HALF, QUARTER] = [Math.ceil(KILLS / 2), Math.ceil(KILLS / 4)];
const WAYS = [
  { way: 'upload', tls: 'none', server: 'vsftpd', kills: KILLS, flags: [] },
  { way: 'upload, commit: end', tls: 'none', server: 'proftpd', kills: QUARTER, flags: ['--commit', 'end'] },
  { way: 'upload, compare: manifest', tls: 'none', server: 'pure-ftpd', kills: QUARTER, flags: ['--compare', 'manifest'] },
  { way: 'download', tls: 'none', server: 'proftpd', kills: KILLS, flags: [] },
  { way: 'upload by FTPS', tls: 'explicit', server: 'vsftpd', kills: HALF, flags: [] },
  { way: 'upload by FTPS, commit: end', tls: 'explicit', server: 'proftpd', kills: QUARTER, flags: ['--commit', 'end'] },
  { way: 'upload by FTPS', tls: 'explicit', server: 'pure-ftpd', kills: QUARTER, flags: [] },
  { way: 'download by FTPS', tls: 'explicit', server: 'vsftpd', kills: HALF, flags: [] },
] as const;

describeReal.each('$way, killed', WAYS, [...SERVERS], ({ way, tls, server: kind, kills, flags }) => {
  test(`${kills} times on ${kind}`, { timeout: 60_000 + kills * 20_000 }, async () => {
    const folder = await tempDir();
    const server = await START[kind](tls);
    try {
      const upload = way.startsWith('upload');
      const remote = servedFolder(server);
      const local = join(folder.path, 'local');
      mkdirSync(local);
      const [from, to] = upload ? [local, remote] : [remote, local];
      const random = mulberry(SEED);
      const source = new Source(from, random);
      const args = [...(upload ? [local, 'SERVER'] : ['SERVER', local]), '--delete', '--parallel', '4', ...flags];
      const run = (moment?: Moment) => mirror({ cwd: folder.path, server, tls, args }, moment);
      let length = (await run()).lines;
      let [killed, reads] = [0, 0];
      for (let turn = 0; killed < kills && turn < kills * 3; turn++) {
        const versions = [await sumsOf(from)];
        source.change();
        versions.push(await sumsOf(from));
        const stop = watch(to, versions);
        const first = await run({ lines: 1 + Math.floor(random() * length) });
        if (first.signal === 'SIGKILL') killed += 1;
        // Half of the time what the killed run was sending is old by now, or gone.
        if (random() < 0.5) source.change();
        const after = await sumsOf(from);
        versions.push(after);
        const second = await run();
        const seen = await stop();
        reads += seen.reads;
        const where = `seed ${SEED}, turn ${turn}`;
        expect({ where, code: second.code, error: second.error }).toEqual({ where, code: 0, error: '' });
        expect({ where, torn: seen.torn }).toEqual({ where, torn: [] });
        expect(await sumsOf(to), where).toEqual(after);
        expect(ours(to), where).toEqual(flags[1] === 'manifest' ? ['.postrider-manifest.json'] : []);
        length = Math.max(30, first.lines, Math.floor(second.lines * 0.9));
      }
      process.stdout.write(`${way} on ${kind}: killed ${killed} times, ${reads} reads of whole files, none torn\n`);
      expect(killed).toBe(kills);
    } finally {
      await server.stop();
      await folder.remove();
    }
  });
});

describeReal('what was sent before the kill', ['proftpd'], () => {
  test.each(['up', 'down'])('is not sent again: %s', async direction => {
    const folder = await tempDir();
    const server = await startProftpd({ tls: 'none' });
    try {
      const remote = servedFolder(server);
      const local = join(folder.path, 'local');
      mkdirSync(local);
      const [from, to] = direction === 'up' ? [local, remote] : [remote, local];
      const size = 40_000_000;
      const source = new Source(from, mulberry(SEED));
      source.write('huge', size);
      const args = [...(direction === 'up' ? [local, 'SERVER'] : ['SERVER', local]), '--parallel', '1', '--include', 'huge'];
      const stop = watch(to, [await sumsOf(from)]);
      const first = await mirror({ cwd: folder.path, server, args: [...args, '--bandwidth', '20MB/s'] }, { bytes: size / 4 });
      expect(first.signal).toBe('SIGKILL');
      const part = [...treeOf(to, false)].find(([path]) => path.endsWith('.part'));
      expect(Number(part?.[1])).toBeGreaterThan(1_000_000);
      const second = await mirror({ cwd: folder.path, server, args });
      expect(second.outputs?.['bytes']).toBeLessThanOrEqual(size - Number(part?.[1]));
      expect((await stop()).torn).toEqual([]);
      expect((await sumsOf(to)).get('huge')).toBe((await sumsOf(from)).get('huge'));
      expect(ours(to)).toEqual([]);
    } finally {
      await server.stop();
      await folder.remove();
    }
  });
});

describeReal.each(
  'a job with compare: manifest, killed on $server',
  SERVERS.map(server => ({ server })),
  [...SERVERS],
  one => {
    test('goes on where it was, and deletes what it had put there when the source is gone', async () => {
      const folder = await tempDir();
      const server = await START[one.server]('none');
      try {
        const remote = servedFolder(server);
        const local = join(folder.path, 'local');
        const source = new Source(local, mulberry(SEED));
        const { host, port, user } = server;
        const web = { type: 'ftp', host, port, user, tls: 'none', password: '${{ secrets.web }}' };
        const settings = {
          connection: 'web',
          direction: 'upload',
          local,
          remote: '/www',
          delete: true,
          compare: 'manifest',
          parallel: 2,
        };
        const job = { connections: { web }, steps: [{ id: 'up', uses: 'ftp/mirror', with: settings }] };
        writeFileSync(join(folder.path, 'job.yaml'), JSON.stringify(job));
        const env = { POSTRIDER_SECRET_WEB: server.password };
        const start = () => startCli(['run', 'job.yaml', '--state', 'state', '--json'], { cwd: folder.path, env });
        expect((await start().done).code).toBe(0);
        const before = await sumsOf(local);
        const killedWith = async (names: readonly string[]) => {
          for (const name of names) source.write(name, 50_000);
          const run = start();
          const isThere = () => names.some(name => existsSync(join(remote, name)));
          while (!isThere() && run.child.exitCode === null) await new Promise(resolve => setImmediate(resolve));
          run.child.kill('SIGKILL');
          await run.done;
          expect(isThere()).toBe(true);
          for (const name of names) rmSync(join(local, name));
        };
        await killedWith(Array.from({ length: 60 }, (_, n) => `folder 0/oops ${n}`));
        await killedWith(Array.from({ length: 60 }, (_, n) => `folder 1/oops ${n}`));
        writeFileSync(join(remote, 'theirs'), 'of others');
        expect((await start().done).code).toBe(0);
        const left = await sumsOf(remote);
        expect([left.delete('theirs'), left]).toEqual([true, before]);
      } finally {
        await server.stop();
        await folder.remove();
      }
    });
  },
);

function servedFolder(server: RealServer): string {
  const folder = join(server.root, 'www');
  mkdirSync(folder);
  const { uid, gid } = statSync(server.root);
  chownSync(folder, uid, gid);
  return folder;
}

/** What postrider keeps for itself: unfinished files, locks. */
function ours(root: string): string[] {
  return [...treeOf(root, false).keys()].filter(path => path.includes('.postrider-'));
}
