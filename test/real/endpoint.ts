// A connection to a real server, as a job file would describe it.
import { Secret } from '../../src/core/secret.ts';
import type { Endpoint, Protocol, TlsMode } from '../../src/protocols/net/endpoint.ts';
import type { RealServer } from './servers.ts';

const TIMEOUT_MS = 20_000;

export function endpointOf(server: RealServer, type: Protocol, tls: TlsMode, changes: Partial<Endpoint> = {}): Endpoint {
  return {
    name: 'real',
    type,
    host: server.host,
    port: server.port,
    tls,
    caFile: server.caFile,
    user: server.user,
    password: new Secret(server.password),
    timeoutMs: TIMEOUT_MS,
    ...changes,
  };
}
