// Servers of one test, which are gone after it, and the certificate that they show under TLS.
import { afterAll, afterEach } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import type { Endpoint, TlsMode } from '../../../src/protocols/net/endpoint.ts';
import { type Listener, listen, type ServerTransport } from '../../../src/protocols/net/listener.ts';
import { sandboxCertificates } from '../../../src/sandbox/certificates.ts';
import { tempDir } from '../../support/temp-dir.ts';

export const dir = await tempDir();
export const certificates = await sandboxCertificates(dir.path, systemClock, systemRandom);
export const listeners: Listener[] = [];
export const peers: ServerTransport[] = [];

afterEach(async () => {
  for (const peer of peers.splice(0)) peer.close();
  await Promise.all(listeners.splice(0).map(listener => listener.close()));
});
afterAll(() => dir.remove());

/** Its port. */
export async function serve(handle: (peer: ServerTransport) => Promise<void> | void, host = '127.0.0.1'): Promise<number> {
  const listener = await listen({
    host,
    port: 0,
    onConnection: peer => {
      peers.push(peer);
      void Promise.resolve(handle(peer)).catch(() => undefined);
    },
  });
  listeners.push(listener);
  return listener.port;
}

export const greet = (peer: ServerTransport) => peer.write(Buffer.from('220 hello\r\n'));

export const greetOverTls = async (peer: ServerTransport) => {
  await peer.startTlsServer(certificates.tls);
  await greet(peer);
};

export function endpoint(port: number, tls: TlsMode, more: Partial<Endpoint> = {}): Endpoint {
  return { name: 'test', type: 'ftp', host: 'localhost', port, tls, timeoutMs: 10_000, caFile: certificates.caFile, ...more };
}
