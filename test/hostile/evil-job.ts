// A job that has a password, run against a server that means no good, and what its step came to.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cli } from '../support/cli.ts';

export const PROTOCOLS = ['ftp', 'pop3', 'smtp'] as const;
export type Protocol = (typeof PROTOCOLS)[number];

export const PASSWORD = 'c4n4ry-Pa55w0rd';
export const GREETINGS: Readonly<Record<Protocol, string>> = {
  ftp: '220 hello\r\n',
  pop3: '+OK hello\r\n',
  smtp: '220 hello ESMTP\r\n',
};

const USES: Readonly<Record<Protocol, string>> = {
  ftp: 'ftp/mirror\n    with: { connection: evil, direction: download, local: ./site, remote: / }',
  pop3: 'pop3/archive\n    with: { connection: evil, archive: ./archive }',
  smtp: 'smtp/send\n    with: { connection: evil, from: a@example.org, to: [b@example.org], subject: hi, text: hi }',
};

export interface EvilServer {
  readonly protocol: Protocol;
  readonly port: number;
  /** Further keys of the connection, as they are written in the job file. */
  readonly settings: string;
}

export interface EvilRun {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Of the one step. */
  readonly error: { readonly code: string; readonly message: string; readonly hint?: string } | undefined;
}

export async function runEvilJob(folder: string, { protocol, port, settings }: EvilServer): Promise<EvilRun> {
  const connection = `{ type: ${protocol}, host: localhost, port: ${port}, timeout: 10s, password: "\${{ secrets.evil }}", ${settings} }`;
  writeFileSync(
    join(folder, 'job.yaml'),
    `name: job\nretry: { attempts: 1 }\nconnections:\n  evil: ${connection}\nsteps:\n  - id: step\n    uses: ${USES[protocol]}\n`,
  );
  const { code, stdout, stderr } = await cli(['run', 'job.yaml', '--json'], {
    cwd: folder,
    env: { POSTRIDER_SECRET_EVIL: PASSWORD },
  });
  const finished = stdout.split('\n').find(line => line.includes('"step-finished"')) ?? '{}';
  const { error } = JSON.parse(finished) as Pick<EvilRun, 'error'>;
  return { code, stdout, stderr, error };
}
