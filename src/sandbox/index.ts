// The sandbox: FTP, SMTP and POP3 servers on this machine to rehearse with, in good weather and in bad.
import { join, resolve } from 'node:path';
import type { Clock } from '../core/clock.ts';
import { fileError } from '../core/errors.ts';
import { type Random, randomHex } from '../core/random.ts';
import { Secret } from '../core/secret.ts';
import { makeFolder } from '../files/make-folder.ts';
import { startAuthorizationServer } from './authorization-server.ts';
import { sandboxCertificates } from './certificates.ts';
import { FaultBook, type FaultRule } from './faults.ts';
import { startFtpServer } from './ftp/server.ts';
import { MailboxStore } from './mailbox.ts';
import { startPop3Server } from './pop3/server.ts';
import type { Service } from './service.ts';
import type { OnLine, ServiceOptions } from './service-options.ts';
import { startSmtpServer } from './smtp/server.ts';
import { TokenBook } from './token-book.ts';

export { sandboxCertificates } from './certificates.ts';
export type { ServerName } from './fault-points.ts';
export { FaultBook, type FaultRule, parseFault, readFault } from './faults.ts';
export { startFtpServer } from './ftp/server.ts';
export { MailboxStore, type StoredMessage } from './mailbox.ts';
export { startPop3Server } from './pop3/server.ts';
export { seedSandbox } from './seed.ts';
export type { Service } from './service.ts';
export type { LineDirection, OnLine, ServiceOptions } from './service-options.ts';
export { startSmtpServer } from './smtp/server.ts';

/** ftp, smtp, pop3: explicit TLS, or none. ftps, smtps, pop3s: implicit TLS. */
export type EndpointName = 'ftp' | 'ftps' | 'smtp' | 'smtps' | 'pop3' | 'pop3s';

const ENDPOINTS: readonly EndpointName[] = ['ftp', 'ftps', 'smtp', 'smtps', 'pop3', 'pop3s'];

export interface SandboxOptions {
  /** Everything lies below: `ftp/`, `mail/`, `ca.pem` and the server's key. Made when missing, taken up again when not. */
  readonly dir: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Round-trip time added to every connection. */
  readonly latencyMs?: number;
  readonly faults?: readonly FaultRule[];
  /** 0 or absent: a free port. */
  readonly ports?: Readonly<Partial<Record<EndpointName, number>>>;
  /** Default `sandbox`. */
  readonly user?: string;
  /** Default: a random one. */
  readonly password?: string;
  /** Take passwords on clear connections, for rehearsals with `tls: none`; default true, for nothing leaves this machine. */
  readonly allowClear?: boolean;
  /** Whether an access token opens this user's mailbox; default: when the sandbox's own authorization server gave it out. */
  readonly acceptToken?: ServiceOptions['acceptToken'];
  /** Every command and reply, passwords masked, and every fault that strikes. */
  readonly onLine?: OnLine;
}

export interface SandboxEndpoint {
  readonly host: 'localhost';
  readonly port: number;
}

export interface Sandbox {
  readonly dir: string;
  readonly caFile: string;
  readonly user: string;
  readonly password: string;
  readonly endpoints: Readonly<Record<EndpointName, SandboxEndpoint>>;
  /** What SMTP accepted and POP3 serves. */
  readonly mailbox: MailboxStore;
  /** The authorization server, and what it gave out. */
  readonly issuer: string;
  readonly tokens: TokenBook;
  /** The FTP server's root. */
  readonly siteDir: string;
  /** Stops listening and cuts every connection; the files stay. */
  close(): Promise<void>;
}

/** Starts all six endpoints, or none: when one port is taken, the others are closed and Node's error is thrown. */
export async function startSandbox(options: SandboxOptions): Promise<Sandbox> {
  const dir = resolve(options.dir);
  const siteDir = join(dir, 'ftp');
  await makeFolder(siteDir).catch((error: unknown) => Promise.reject(fileError(error, siteDir)));
  const { caFile, tls } = await sandboxCertificates(dir, options.clock, options.random);
  const mailbox = await MailboxStore.open(join(dir, 'mail'), options.random);
  const { clock, random, latencyMs = 0, user = 'sandbox', allowClear = true, onLine } = options;
  const password = options.password ?? randomHex(random, 8);
  const tokens = new TokenBook(clock, random);
  const common: ServiceOptions = {
    ...{ clock, random, latencyMs, user, allowClear, tls },
    password: new Secret(password),
    acceptToken: options.acceptToken ?? ((_user, token) => tokens.accepts(token)),
    faults: new FaultBook(options.faults ?? []),
    ...(onLine === undefined ? {} : { onLine }),
  };
  const services: { close(): Promise<void> }[] = [];
  const close = async () => {
    await Promise.all(services.map(service => service.close()));
  };
  const isFree = (name: EndpointName) => (options.ports?.[name] ?? 0) === 0;
  const start = async (name: EndpointName): Promise<SandboxEndpoint> => {
    const settings = { ...common, port: options.ports?.[name] ?? 0, implicitTls: name.endsWith('s') };
    const service = await startOne(name, settings, siteDir, mailbox);
    services.push(service);
    return { host: 'localhost', port: service.port };
  };
  try {
    const endpoints: Partial<Record<EndpointName, SandboxEndpoint>> = {};
    // The ports that were asked for first, or one of them could be given away as a free one.
    const byWish = ENDPOINTS.toSorted((a, b) => Number(isFree(a)) - Number(isFree(b)));
    for (const name of byWish) endpoints[name] = await start(name);
    const authorization = await startAuthorizationServer({ tokens, random, password: new Secret(password) });
    services.push(authorization);
    const all = endpoints as Sandbox['endpoints'];
    return { dir, caFile, user, password, endpoints: all, mailbox, siteDir, issuer: authorization.issuer, tokens, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function startOne(name: EndpointName, options: ServiceOptions, siteDir: string, mailbox: MailboxStore): Promise<Service> {
  switch (name) {
    case 'ftp':
    case 'ftps':
      return startFtpServer({ ...options, siteDir });
    case 'smtp':
    case 'smtps':
      return startSmtpServer({ ...options, mailbox });
    case 'pop3':
    case 'pop3s':
      return startPop3Server({ ...options, mailbox });
  }
}
