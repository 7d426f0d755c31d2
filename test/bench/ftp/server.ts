// Starts one real server for the bench, here or on the far side of the link, in a process of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Link } from './link.ts';
import type { ServerName, Tls } from './options.ts';

/** How a client reaches the server, and where its files lie on this disk. */
export interface Host {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  readonly caFile: string;
  readonly root: string;
  stop(): Promise<void>;
}

export interface HostOptions {
  readonly server: ServerName;
  readonly tls: Tls;
  readonly link?: Link;
}

export async function startHost({ server, tls, link }: HostOptions): Promise<Host> {
  const script = join(import.meta.dirname, 'server-process.ts');
  const [command = '', ...args] = [
    ...(link?.server ?? []),
    process.execPath,
    script,
    server,
    tls,
    link?.serverAddress ?? '127.0.0.1',
  ];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const facts = JSON.parse(line) as Omit<Host, 'stop'>;
    return {
      ...facts,
      stop: () => {
        child.stdin.end();
        return ended;
      },
    };
  }
  throw new Error(`${server} did not start`);
}
