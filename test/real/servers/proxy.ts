// microsocks and tinyproxy: a SOCKS5 and an HTTP proxy as they are in use, on loopback, with a sign-in.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { binary } from './binaries.ts';
import { freePorts } from './ports.ts';
import { makeFolder, type RealServer, startProcess } from './process.ts';

export interface ProxyOptions {
  /** tinyproxy: the only ports that it connects to. Default: all. */
  readonly ports?: readonly number[];
}

export type RealProxy = Pick<RealServer, 'port' | 'user' | 'password' | 'pids' | 'log' | 'stop'>;

export async function startMicrosocks(): Promise<RealProxy> {
  // What a URL would take for something else; microsocks is told of it in an argument, since it knows no other way.
  const sign = { user: 'me', password: `p%41@${randomBytes(6).toString('hex')}:/` };
  const [port = 0] = await freePorts(1);
  const args = ['-i', '127.0.0.1', '-p', String(port), '-u', sign.user, '-P', sign.password];
  const running = await startProcess({ folder: makeFolder(), command: binary('/usr/bin/microsocks'), args, ports: [port] });
  return { port, ...sign, ...running };
}

export async function startTinyproxy({ ports = [] }: ProxyOptions = {}): Promise<RealProxy> {
  const folder = makeFolder();
  const sign = { user: 'me', password: randomBytes(9).toString('hex') };
  const [port = 0] = await freePorts(1);
  const config = join(folder, 'tinyproxy.conf');
  const lines = [
    `Port ${port}`,
    'Listen 127.0.0.1',
    'Timeout 60',
    'MaxClients 50',
    `BasicAuth ${sign.user} ${sign.password}`,
    ...ports.map(allowed => `ConnectPort ${allowed}`),
  ];
  writeFileSync(config, `${lines.join('\n')}\n`, { mode: 0o600 });
  const running = await startProcess({
    folder,
    command: binary('/usr/bin/tinyproxy'),
    args: ['-d', '-c', config],
    ports: [port],
  });
  return { port, ...sign, ...running };
}
