// A sandbox of a test's own, with clients that are closed with it.
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { type EndpointName, parseFault, type Sandbox, type SandboxOptions, startSandbox } from '../../src/sandbox/index.ts';
import { tempDir } from '../support/temp-dir.ts';
import { LineClient } from './line-client.ts';

export interface Playground {
  readonly sandbox: Sandbox;
  /** Everything that onLine was told, `server direction text`. */
  readonly log: string[];
  /** Connects and takes the greeting (`greeting: false`: leaves it). Implicit endpoints speak TLS. */
  client(name: EndpointName, options?: { readonly greeting?: boolean }): Promise<LineClient>;
  /** The same, signed in as the sandbox's user. */
  ftp(): Promise<LineClient>;
  pop3(): Promise<LineClient>;
  smtp(): Promise<LineClient>;
  close(): Promise<void>;
}

export async function playground(faults: readonly string[] = [], options: Partial<SandboxOptions> = {}): Promise<Playground> {
  const temp = await tempDir();
  const log: string[] = [];
  const sandbox = await startSandbox({
    dir: temp.path,
    clock: systemClock,
    random: systemRandom,
    user: 'nora',
    password: 'p w:ü',
    faults: faults.map(parseFault),
    onLine: (server, direction, text) => log.push(`${server} ${direction} ${text}`),
    ...options,
  });
  const clients: LineClient[] = [];
  const client: Playground['client'] = async (name, { greeting = true } = {}) => {
    const made = await LineClient.connect(sandbox.endpoints[name].port, name.endsWith('s') ? sandbox.caFile : undefined);
    clients.push(made);
    if (greeting) await made.reply();
    return made;
  };
  const signedIn = async (name: EndpointName, ...lines: string[]) => {
    const made = await client(name);
    const reply = await made.say(...lines);
    if (!/^(2|\+OK)/.test(reply)) throw new Error(`sign-in failed: ${reply}`);
    return made;
  };
  const plain = Buffer.from(`\0${sandbox.user}\0${sandbox.password}`).toString('base64');
  return {
    sandbox,
    log,
    client,
    ftp: () => signedIn('ftp', `USER ${sandbox.user}`, `PASS ${sandbox.password}`),
    pop3: () => signedIn('pop3', `USER ${sandbox.user}`, `PASS ${sandbox.password}`),
    smtp: () => signedIn('smtp', 'EHLO test.example', `AUTH PLAIN ${plain}`),
    close: async () => {
      for (const one of clients) one.close();
      await sandbox.close();
      await temp.remove();
    },
  };
}

/** Opens the data connection that EPSV names. */
export async function openData(control: LineClient, caFile?: string): Promise<LineClient> {
  const reply = await control.say('EPSV');
  const port = Number(/\|\|\|(\d+)\|/.exec(reply)?.[1]);
  return LineClient.connect(port, caFile);
}

/** Gives what a transfer command sends over its data connection, and the final reply. */
export async function fetchData(
  control: LineClient,
  command: string,
): Promise<{ readonly data: Buffer; readonly reply: string }> {
  const data = await openData(control);
  const first = await control.say(command);
  if (!first.startsWith('1')) {
    data.close();
    return { data: Buffer.alloc(0), reply: first };
  }
  const bytes = await data.rest();
  data.close();
  return { data: bytes, reply: await control.reply() };
}

export async function sendData(control: LineClient, command: string, content: string | Buffer): Promise<string> {
  const data = await openData(control);
  const first = await control.say(command);
  if (!first.startsWith('1')) {
    data.close();
    return first;
  }
  data.send(content);
  data.end();
  const reply = await control.reply();
  data.close();
  return reply;
}
