// The step through the real client against the sandbox's FTP server in clear: what it is told is written down, and its faults can end.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import type { Endpoint } from '../../../src/protocols/net/endpoint.ts';
import { FaultBook, parseFault, sandboxCertificates, startFtpServer } from '../../../src/sandbox/index.ts';
import { makeRig, temporaryFolder } from './rig.ts';

interface SandboxOptions {
  readonly tls?: 'none' | 'explicit';
  readonly onLine?: Parameters<typeof startFtpServer>[0]['onLine'];
}

/** The sandbox's server for one test; `weather` sets its faults anew. */
export async function sandboxFtp({ tls = 'none', onLine }: SandboxOptions = {}) {
  const dir = await temporaryFolder();
  const siteDir = join(dir, 'served');
  const password = new Secret('correct horse');
  const certificates = tls === 'none' ? undefined : await sandboxCertificates(dir, systemClock, systemRandom);
  let book = new FaultBook([]);
  const service = await startFtpServer({
    ...{ clock: systemClock, random: systemRandom, user: 'u', password, siteDir, allowClear: tls === 'none' },
    ...(certificates === undefined ? {} : { tls: certificates.tls }),
    ...(onLine === undefined ? {} : { onLine }),
    faults: { at: (server, point) => book.at(server, point) },
  });
  onTestFinished(() => service.close());
  const endpoint: Endpoint = {
    ...{ name: 'web', type: 'ftp', host: 'localhost', port: service.port, tls, user: 'u', password, timeoutMs: 20_000 },
    ...(certificates === undefined ? {} : { caFile: certificates.caFile }),
  };
  const weather = (...rules: readonly string[]) => {
    book = new FaultBook(rules.map(parseFault));
  };
  return { endpoint, siteDir, weather };
}

/** `www`: the served folder; `said`: the commands that came; `calm()`: no faults any more. */
export async function sandboxRig(faults: readonly string[] = []) {
  const said: string[] = [];
  const onLine = (_: string, direction: string, line: string) => (direction === 'received' ? void said.push(line) : undefined);
  const { endpoint, siteDir, weather } = await sandboxFtp({ onLine });
  await mkdir(join(siteDir, 'www'), { recursive: true });
  weather(...faults);
  const rig = await makeRig({ connect: (_, options) => connectFtp(endpoint, { ...options, dial, clock: systemClock }) });
  return { rig, www: join(siteDir, 'www'), said, calm: () => weather() };
}
