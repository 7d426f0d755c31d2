// One server: its name, its port, its certificates, what it can do, whether it lets us in, and one command that changes nothing.
import { AppError } from '../../core/errors.ts';
import { formatCount, formatSize } from '../../core/units.ts';
import { connectFtp } from '../../protocols/ftp/index.ts';
import { dial } from '../../protocols/net/dial.ts';
import { addressOf, type Endpoint, type Protocol } from '../../protocols/net/endpoint.ts';
import { addressesOf, inspectTls, type TlsPreamble } from '../../protocols/net/inspect-tls.ts';
import { connectPop3 } from '../../protocols/pop3/index.ts';
import { connectSmtp } from '../../protocols/smtp/index.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { type Connecting, connectionNamed } from '../oneoff/target.ts';
import { attempt, broken, type Finding, fine, skipped, warning } from './finding.ts';
import { trustFindings } from './trust.ts';

/** RFC 4217 section 4, RFC 2595 section 4, RFC 3207 section 4. */
const PREAMBLES: Readonly<Record<Protocol, TlsPreamble>> = {
  ftp: { greeting: '220', exchanges: [['AUTH TLS', '234']] },
  pop3: { greeting: '+OK', exchanges: [['STLS', '+OK']] },
  smtp: {
    greeting: '220',
    exchanges: [
      ['EHLO [127.0.0.1]', '250'],
      ['STARTTLS', '220'],
    ],
  },
};

/** `text` is a name of connections.yaml, with or without `@`, or a URL. */
export async function examineConnection(text: string, one: OneOff): Promise<readonly Finding[]> {
  const connecting = await connectionNamed(/^(@|[a-z0-9]+:\/\/)/i.test(text) ? text : `@${text}`, one);
  const { anonymous } = connecting;
  const findings = [...(await attempt('dns', () => checkName(anonymous)))];
  if (hasFailed(findings)) return [...findings, skipped('connect', 'not tried')];
  findings.push(...(await attempt('connect', () => checkGreeting(anonymous, one))));
  if (hasFailed(findings)) return findings;
  if (anonymous.tls !== 'none') findings.push(...(await attempt('tls', () => checkTls(anonymous, one))));
  else findings.push(warning('tls', 'none: everything goes in clear text', 'Write `tls: explicit` if the server can.'));
  if (hasFailed(findings)) return [...findings, skipped('sign-in', 'not tried: nothing is sent to a server that is not trusted')];
  return [...findings, ...(await checkSession(connecting, one))];
}

function hasFailed(findings: readonly Finding[]): boolean {
  return findings.some(({ state }) => state === 'error');
}

async function checkName({ host, proxy }: Endpoint): Promise<Finding> {
  if (proxy !== undefined) return skipped('dns', `${host}: looked up by the proxy`);
  try {
    return fine('dns', `${host}: ${(await addressesOf(host)).join(', ')}`);
  } catch (cause) {
    const hint = 'Check `host` for a typing mistake, and this machine’s DNS.';
    throw new AppError('host-not-found', `${host}: there is no host of that name`, { hint, cause });
  }
}

/** Certificates that dial refuses are looked at in the next check. */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'tls-untrusted',
  'tls-name-mismatch',
  'tls-expired',
  'tls-fingerprint-mismatch',
]);

async function checkGreeting(endpoint: Endpoint, { clock, signal }: OneOff): Promise<Finding> {
  const since = clock.elapsed();
  try {
    (await dial(endpoint, { clock, signal })).close();
  } catch (error) {
    if (!(error instanceof AppError) || !CERTIFICATE_CODES.has(error.code)) throw error;
  }
  return fine('connect', `${addressOf(endpoint)} answers after ${Math.round(clock.elapsed() - since)} ms`);
}

async function checkTls(endpoint: Endpoint, { clock }: OneOff): Promise<readonly Finding[]> {
  const facts = await inspectTls(endpoint, PREAMBLES[endpoint.type], clock);
  return trustFindings(facts, endpoint, clock.now());
}

/** The error of a session tells where it stopped: at a secret, at TLS, at sign-in, or after. */
async function checkSession({ signedIn }: Connecting, one: OneOff): Promise<readonly Finding[]> {
  let endpoint: Endpoint;
  try {
    endpoint = await signedIn();
  } catch (error) {
    return [broken('secret', error), skipped('sign-in', 'not tried')];
  }
  try {
    const { capabilities, harmless, besides = [] } = await SESSIONS[endpoint.type](endpoint, one);
    const as = endpoint.user === undefined ? 'nobody signs in on this connection' : `as ${endpoint.user}`;
    return [fine('sign-in', as), fine('capabilities', capabilities), fine('command', harmless), ...besides];
  } catch (error) {
    return [broken(endpoint.user === undefined ? 'session' : 'sign-in', error)];
  }
}

interface Examined {
  readonly capabilities: string;
  readonly harmless: string;
  readonly besides?: readonly Finding[];
}

const SESSIONS: Readonly<Record<Protocol, (endpoint: Endpoint, one: OneOff) => Promise<Examined>>> = {
  async ftp(endpoint, { clock, signal }) {
    const client = await connectFtp(endpoint, { dial, clock, signal });
    const folder = await client.currentFolder();
    // Firewalls and proxies that let the control connection through often stop those that files go over.
    const besides = await attempt('data', async () =>
      fine('data', `${formatCount((await client.list(folder)).length, 'names')} listed over a connection for data`),
    );
    await client.quit().catch(() => undefined);
    return { capabilities: words(client.features.all.keys()), harmless: `PWD: ${folder}`, besides };
  },
  async pop3(endpoint, { clock, signal }) {
    const client = await connectPop3(endpoint, { dial, clock, signal });
    const { count, bytes } = await client.stat();
    await client.quit();
    return {
      capabilities: words(client.capabilities.all.keys()),
      harmless: `STAT: ${formatCount(count, 'messages')}, ${formatSize(bytes)}`,
    };
  },
  async smtp(endpoint, { clock, signal }) {
    const client = await connectSmtp(endpoint, { dial, clock, signal });
    const { keywords, sizeMax } = client.extensions;
    await client.quit();
    return {
      capabilities: words(keywords),
      harmless: `EHLO: mails up to ${sizeMax === undefined ? 'any size' : formatSize(sizeMax)}; nothing was sent`,
    };
  },
};

function words(names: Iterable<string>): string {
  return [...names].sort().join(' ') || 'the server names none';
}
