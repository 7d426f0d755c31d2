// Connections as written → Connection: types, ports and time limits filled in, the CA file's path absolute.
import { resolve } from 'node:path';
import { MisuseError } from '../core/errors.ts';
import { check, type Infer, type Schema } from '../core/schema.ts';
import type { Protocol, TlsMode } from '../protocols/net/endpoint.ts';
import { protocolOf } from './checks/connection-check.ts';
import { connectionSchemas } from './connection-definition.ts';
import { isMapping } from './issue.ts';
import type { Connection, Raw } from './job.ts';

const TIMEOUT_MS = 30_000;

/** CONTRACT section 1. */
const TLS: Readonly<Record<Protocol, TlsMode>> = { ftp: 'explicit', pop3: 'implicit', smtp: 'explicit' };
const PORTS: Readonly<Record<Protocol, Readonly<Record<TlsMode, number>>>> = {
  ftp: { explicit: 21, implicit: 990, none: 21 },
  pop3: { explicit: 110, implicit: 995, none: 110 },
  smtp: { explicit: 587, implicit: 465, none: 25 },
};

const LMTP_PORT = 24;

/** Shown where a host would stand; nothing connects to it. */
const DIRECT_HOST = 'direct';

type AnyConnection = Infer<(typeof connectionSchemas)[Protocol]>;

/** `folder` is where relative paths start. The connections have been checked. */
export function normaliseConnections(connections: Raw | undefined, folder: string): Readonly<Record<string, Connection>> {
  if (!isMapping(connections)) return {};
  return Object.fromEntries(Object.entries(connections).map(([name, raw]) => [name, normaliseConnection(name, raw, folder)]));
}

function normaliseConnection(name: string, raw: Raw, folder: string): Connection {
  const type = protocolOf(raw);
  const direct = isMapping(raw) && raw['delivery'] === 'direct';
  const whole = direct ? { ...raw, host: DIRECT_HOST } : raw;
  const checked = type === undefined ? undefined : check(connectionSchemas[type] as Schema<AnyConnection>, whole);
  if (type === undefined || checked?.ok !== true) throw new MisuseError(`connection ${name} was not checked`);
  const {
    host,
    port,
    ca,
    fingerprint,
    user,
    password,
    timeout,
    'max-connections': maxConnections,
    'tls-max': tlsMax,
    ...own
  } = checked.value;
  const { 'max-rate': maxRate, 'require-tls': requireTls, ...rest } = { 'max-rate': undefined, 'require-tls': undefined, ...own };
  const lmtp = 'protocol' in rest && rest.protocol === 'lmtp';
  const tls = rest.tls ?? TLS[type];
  return definedOnly({
    ...rest,
    name,
    type,
    host,
    port: port ?? (direct ? 25 : lmtp ? LMTP_PORT : PORTS[type][tls]),
    tls,
    caFile: ca === undefined ? undefined : resolve(folder, ca),
    tlsMax,
    fingerprint,
    user,
    password,
    timeoutMs: timeout ?? TIMEOUT_MS,
    maxConnections,
    mailsPerSecond: maxRate === undefined ? undefined : mailsPerSecond(maxRate),
    requireTls,
  });
}

const SECONDS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3_600 };

/** Of `30/m`. */
function mailsPerSecond(rate: string): number {
  const [mails, unit = ''] = rate.split('/');
  return Number(mails) / (SECONDS[unit] ?? 1);
}

function definedOnly(connection: { [K in keyof Connection]: Connection[K] | undefined }): Connection {
  return Object.fromEntries(Object.entries(connection).filter(([, value]) => value !== undefined)) as unknown as Connection;
}
