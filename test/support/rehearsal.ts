// A sandbox, a job folder that uses it, and the program run against it as a process: for end-to-end tests of good and bad weather.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { parseFault, type Sandbox, startSandbox } from '../../src/sandbox/index.ts';
import { type CliResult, cli, type RunningCli, startCli } from './cli.ts';
import { tempDir } from './temp-dir.ts';

export interface RehearsalOptions {
  readonly faults?: readonly string[];
  /** Lines that replace or extend those of a connection: `{web: {port: '1'}}`; an empty text drops the line. */
  readonly connections?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** What the program is told; default: the right one. */
  readonly password?: string;
  /** The sandbox's own; default: drawn by lot. */
  readonly sandboxPassword?: string;
  /** More variables for the program, read at each start; they win over its own. */
  readonly env?: Readonly<Record<string, string>>;
  /** Files of the site, path → content. */
  readonly site?: Readonly<Record<string, string | Buffer>>;
  /** Which access tokens the servers take; default: those of the sandbox's own authorization server. */
  readonly acceptToken?: (user: string, token: string) => Promise<boolean>;
  /** Messages that lie in the mailbox before the job runs. */
  readonly messages?: readonly Buffer[];
}

export interface Rehearsal {
  readonly dir: string;
  readonly sandbox: Sandbox;
  /** Runs `postrider run main.yaml` with more arguments. */
  run(...args: string[]): Promise<CliResult>;
  start(...args: string[]): RunningCli;
  cli(...args: string[]): Promise<CliResult>;
  /** Resolves when clients have said `count` lines that match. */
  said(pattern: RegExp, count?: number): Promise<void>;
  close(): Promise<void>;
}

export const MAIN_JOB = `name: main
retry: { attempts: 1 }
steps:
  - id: deploy
    uses: ftp/mirror
    needs: []
    with: { connection: web, direction: upload, local: ./site, remote: /www, delete: true }
  - id: mail
    uses: pop3/archive
    needs: []
    with: { connection: inbox, archive: ./archive, delete: after-archive }
  - id: report
    uses: smtp/report
    needs: [deploy, mail]
    if: always()
    with: { connection: outbox, from: robot@example.org, to: [ops@example.org], required: true }
`;

export const SMALL_SITE = {
  'index.html': '<h1>hello</h1>\n',
  'css/site.css': 'body { margin: 0 }\n',
  'img/dot.bin': Buffer.alloc(5_000, 7),
  'empty.txt': '',
};

export async function rehearsal(options: RehearsalOptions = {}): Promise<Rehearsal> {
  const temp = await tempDir();
  const dir = temp.path;
  const faults = (options.faults ?? []).map(parseFault);
  const lines: string[] = [];
  const watchers = new Set<() => void>();
  const onLine = (server: string, direction: string, text: string) => {
    lines.push(`${server} ${direction} ${text}`);
    for (const watch of watchers) watch();
  };
  const sandbox = await startSandbox({
    onLine,
    dir: join(dir, 'sandbox'),
    clock: systemClock,
    random: systemRandom,
    faults,
    ...(options.acceptToken === undefined ? {} : { acceptToken: options.acceptToken }),
    ...(options.sandboxPassword === undefined ? {} : { password: options.sandboxPassword }),
  });
  for (const [path, content] of Object.entries(options.site ?? SMALL_SITE)) {
    await mkdir(join(dir, 'site', path, '..'), { recursive: true });
    await writeFile(join(dir, 'site', path), content);
  }
  for (const message of options.messages ?? []) await sandbox.mailbox.add(message);
  await writeFile(join(dir, 'main.yaml'), MAIN_JOB);
  await writeFile(join(dir, 'connections.yaml'), connectionsText(sandbox, options.connections ?? {}));
  const env = () => ({ POSTRIDER_SECRET_SANDBOX: options.password ?? sandbox.password, ...options.env });
  return {
    dir,
    sandbox,
    run: (...args) => cli(['run', 'main.yaml', ...args], { cwd: dir, env: env() }),
    start: (...args) => startCli(args, { cwd: dir, env: env() }),
    cli: (...args) => cli(args, { cwd: dir, env: env() }),
    said: (pattern, count = 1) =>
      new Promise(resolve => {
        const look = () => (lines.filter(line => pattern.test(line)).length >= count ? resolve() : undefined);
        watchers.add(look);
        look();
      }),
    close: async () => {
      await sandbox.close();
      await temp.remove();
    },
  };
}

function connectionsText(sandbox: Sandbox, changes: NonNullable<RehearsalOptions['connections']>): string {
  const { endpoints, caFile, user } = sandbox;
  const common = { host: 'localhost', ca: JSON.stringify(caFile), user, password: '"${{ secrets.sandbox }}"' };
  const connections: Record<string, Record<string, string>> = {
    web: { type: 'ftp', port: String(endpoints.ftp.port), tls: 'explicit', ...common },
    inbox: { type: 'pop3', port: String(endpoints.pop3s.port), tls: 'implicit', ...common },
    outbox: { type: 'smtp', port: String(endpoints.smtp.port), tls: 'explicit', ...common },
  };
  return Object.entries(connections)
    .map(([name, lines]) => {
      const all = Object.entries({ ...lines, ...changes[name] }).filter(([, value]) => value !== '');
      return [`${name}:`, ...all.map(([key, value]) => `  ${key}: ${value}`), ''].join('\n');
    })
    .join('');
}
