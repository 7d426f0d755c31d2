// Two network namespaces with a slow link between them: servers in one, clients in the other.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

export interface Link {
  readonly rttMs: number;
  /** Where servers listen. */
  readonly serverAddress: string;
  /** Goes before a command to run it on that side. */
  readonly client: readonly string[];
  readonly server: readonly string[];
  close(): Promise<void>;
}

const SERVER_ADDRESS = '10.231.0.1';
const READY_WITHIN_MS = 10_000;

export async function openLink(rttMs: number): Promise<Link | 'missing'> {
  const script = delayLink();
  if (script === undefined || process.getuid?.() !== 0 || !existsSync('/dev/net/tun')) return 'missing';
  const [client, server] = [`bench-c${process.pid}`, `bench-s${process.pid}`];
  for (const name of [client, server]) {
    execFileSync('ip', ['netns', 'add', name]);
    execFileSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  }
  const ready = `/tmp/${client}.ready`;
  const carrier = spawn('python3', [script, '--rtt', `${rttMs}`, '--cli', client, '--srv', server, '--ready', ready], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  let open = true;
  const takeDown = () => {
    if (!open) return;
    open = false;
    carrier.kill('SIGKILL');
    for (const name of [client, server]) execFileSync('ip', ['netns', 'del', name]);
  };
  process.once('exit', takeDown);
  const close = async () => takeDown();
  for (let waited = 0; !existsSync(ready); waited += 50) {
    if (waited > READY_WITHIN_MS || carrier.exitCode !== null) {
      await close();
      throw new Error('the delay link does not start');
    }
    await pause(50);
  }
  const inside = (name: string) => ['nsenter', `--net=/run/netns/${name}`];
  return { rttMs, serverAddress: SERVER_ADDRESS, client: inside(client), server: inside(server), close };
}

/** Not part of this repository: named by the environment, or in a folder `shared` above the checkout. */
function delayLink(): string | undefined {
  const root = resolve(import.meta.dirname, '../../..');
  const beside = ['..', '../..'].map(up => join(root, up, 'shared/tools/delay-link.py'));
  return [process.env.POSTRIDER_DELAY_LINK ?? '', ...beside].find(path => path !== '' && existsSync(path));
}
