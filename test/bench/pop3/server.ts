// Starts dovecot for a workload, here or on the far side of the link, in a process of its own.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Link } from '../ftp/link.ts';
import type { Workload } from './mailbox.ts';

export interface Host {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  readonly password: string;
  stop(): Promise<void>;
}

export async function startHost(workload: Workload, link: Link | undefined): Promise<Host> {
  const script = join(import.meta.dirname, 'server-process.ts');
  const [command = '', ...args] = [
    ...(link?.server ?? []),
    process.execPath,
    script,
    JSON.stringify(workload),
    link?.serverAddress ?? '127.0.0.1',
  ];
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'inherit'] });
  const ended = new Promise<void>(resolve => child.once('close', () => resolve()));
  for await (const line of createInterface({ input: child.stdout })) {
    const facts = JSON.parse(line) as Omit<Host, 'stop'>;
    const stop = () => {
      child.stdin.end();
      return ended;
    };
    return { ...facts, stop };
  }
  throw new Error('dovecot did not start');
}
