// The programs and how each is told to do a workload, at its fastest that is still correct.
import { execFileSync, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Place } from './cells.ts';
import type { Command } from './measure.ts';
import type { BenchOptions, CellName, Tls } from './options.ts';
import type { Samples } from './samples.ts';
import type { Host } from './server.ts';

export interface Task {
  readonly cell: CellName;
  readonly host: Host;
  readonly tls: Tls;
  readonly place: Place;
  readonly samples: Samples;
  readonly parallel: number | undefined;
}

export interface Contestant {
  readonly name: string;
  /** Connections at once; 0: its own choice. */
  readonly connections: number;
  /** Undefined: it cannot do this workload. */
  command(task: Task): Command | undefined;
}

const ROOT = resolve(import.meta.dirname, '../../..');

/** postrider first; missing programs are said and left out. */
export function contestants(cell: CellName, options: BenchOptions): readonly Contestant[] {
  const wide = cell.startsWith('big') || cell === 'list' ? [1] : [1, 4, 8];
  const peers: Contestant[] = [
    ...(has('lftp') ? wide.map(lftp) : []),
    ...(has('rclone') ? (cell.startsWith('big') ? [1] : [4, 8]).map(rclone) : []),
    ...(existsSync(join(ROOT, 'node_modules/basic-ftp')) ? [basicFtp] : []),
    ...(has('curl') && cell.startsWith('big') ? [curl] : []),
  ];
  const wanted = ({ name }: Contestant) => options.peers.length === 0 || options.peers.some(start => name.startsWith(start));
  const ours = cell.startsWith('big') || cell === 'list' ? [postrider()] : [postrider(), postrider(1), olderTls];
  return [...ours, ...peers.filter(wanted)];
}

const known = new Map<string, boolean>();

function has(program: string): boolean {
  const found = known.get(program) ?? spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined;
  if (!known.has(program) && !found) console.log(`${program} is not installed: left out`);
  known.set(program, found);
  return found;
}

function postrider(connections = 0, settings = ''): Contestant {
  return {
    name: connections === 0 ? 'postrider' : `postrider-${connections}`,
    connections,
    command({ cell, host, tls, place, samples, parallel }) {
      const query = tls === 'plain' ? 'tls=none' : `ca=${encodeURIComponent(host.caFile)}${settings}`;
      const url = `ftp://${host.user}@${host.host}:${host.port}/${place.remote}?${query}`;
      const lanes = connections || parallel;
      const more = ['-q', ...(lanes === undefined ? [] : ['-P', `${lanes}`])];
      const program = [process.execPath, join(ROOT, 'bin/postrider.js'), 'ftp'];
      const argv: Record<CellName, readonly string[]> = {
        up: ['mirror', samples.site, url, ...more],
        same: ['mirror', samples.site, url, ...more],
        change: ['mirror', samples.edited, url, '--delete', ...more],
        down: ['mirror', url, place.local, ...more],
        'big-up': ['mirror', samples.big, url, ...more],
        'big-down': ['mirror', url, place.local, ...more],
        list: ['ls', '-R', '--json', url],
      };
      return { argv: [...program, ...argv[cell]], env: { POSTRIDER_PASSWORD: host.password } };
    },
  };
}

/** rclone speaks TLS 1.2 alone, which costs less: this compares like with like. */
const olderTls: Contestant = {
  name: 'postrider-tls1.2',
  connections: 0,
  command: task => (task.tls === 'plain' ? undefined : postrider(0, '&tls-max=1.2').command(task)),
};

function lftp(connections: number): Contestant {
  return {
    name: `lftp-${connections}`,
    connections,
    command({ cell, host, tls, place, samples }) {
      const secure =
        tls === 'plain'
          ? 'set ftp:ssl-allow no'
          : `set ftp:ssl-force yes; set ftp:ssl-protect-data yes; set ssl:ca-file ${host.caFile}`;
      const settings = `set cmd:fail-exit yes; set net:max-retries 3; set ftp:sync-mode off; ${secure}`;
      const open = `open --env-password -u ${host.user} -p ${host.port} ftp://${host.host}`;
      const mirror = `mirror --no-perms --parallel=${connections}`;
      const { local, remote } = place;
      const words: Record<CellName, string> = {
        up: `${mirror} -R ${samples.site} ${remote}`,
        same: `${mirror} -R ${samples.site} ${remote}`,
        change: `${mirror} -R --delete ${samples.edited} ${remote}`,
        down: `${mirror} ${remote} ${local}`,
        'big-up': `put ${samples.big}/big -o ${remote}/big`,
        'big-down': `get ${remote}/big -o ${local}/big`,
        list: `find ${remote}`,
      };
      return { argv: ['lftp', '-c', `${settings}; ${open}; ${words[cell]}`], env: { LFTP_PASSWORD: host.password } };
    },
  };
}

function rclone(connections: number): Contestant {
  return {
    name: `rclone-${connections}`,
    connections,
    command({ cell, host, tls, place, samples }) {
      const secret = execFileSync('rclone', ['obscure', '-'], { input: host.password, encoding: 'utf8' }).trim();
      const to = ['--ftp-host', host.host, '--ftp-port', `${host.port}`, '--ftp-user', host.user];
      // It resumes no session of TLS 1.3, which servers demand.
      const secure = tls === 'plain' ? [] : ['--ftp-explicit-tls', '--ftp-disable-tls13'];
      const lanes = [
        '--transfers',
        `${connections}`,
        '--checkers',
        `${connections}`,
        '--retries',
        '1',
        '--ftp-idle-timeout',
        '0',
      ];
      const remote = `:ftp:${place.remote}`;
      const words: Record<CellName, readonly string[]> = {
        up: ['copy', samples.site, remote],
        same: ['copy', samples.site, remote],
        change: ['sync', samples.edited, remote],
        down: ['copy', remote, place.local],
        'big-up': ['copy', samples.big, remote],
        'big-down': ['copy', remote, place.local],
        list: ['lsf', '-R', remote],
      };
      const argv = ['rclone', ...words[cell], ...to, ...secure, ...lanes];
      return { argv, env: { RCLONE_CONFIG: '/dev/null', RCLONE_FTP_PASS: secret, SSL_CERT_FILE: host.caFile } };
    },
  };
}

const basicFtp: Contestant = {
  name: 'basic-ftp',
  connections: 1,
  command({ cell, host, tls, place, samples }) {
    const jobs: Partial<Record<CellName, readonly [way: 'up' | 'down', local: string]>> = {
      up: ['up', samples.site],
      down: ['down', place.local],
      'big-up': ['up', samples.big],
      'big-down': ['down', place.local],
    };
    const job = jobs[cell];
    if (job === undefined) return undefined;
    const script = join(import.meta.dirname, 'basic-ftp-client.ts');
    const facts = { host: host.host, port: host.port, user: host.user, password: host.password };
    const settings = JSON.stringify({ ...facts, caFile: tls === 'plain' ? undefined : host.caFile });
    return { argv: [process.execPath, script, job[0], job[1], place.remote], env: { BASIC_FTP: settings } };
  },
};

const curl: Contestant = {
  name: 'curl',
  connections: 1,
  command({ cell, host, tls, place, samples }) {
    const url = `ftp://${host.host}:${host.port}/${place.remote}/big`;
    const common = [
      '-sS',
      '--fail',
      '-u',
      `${host.user}:${host.password}`,
      ...(tls === 'plain' ? [] : ['--ssl-reqd', '--cacert', host.caFile]),
    ];
    if (cell === 'big-up') return { argv: ['curl', ...common, '-T', `${samples.big}/big`, url] };
    if (cell === 'big-down')
      return { argv: ['curl', ...common, '--remote-time', '--create-dirs', '-o', `${place.local}/big`, url] };
    return undefined;
  },
};
