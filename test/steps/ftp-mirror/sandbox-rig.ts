// The step through the real client against the sandbox's FTP server in clear: what it is told is written down, and its faults can end.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { connectFtp } from '../../../src/protocols/ftp/index.ts';
import { dial } from '../../../src/protocols/net/dial.ts';
import { FaultBook, parseFault, startFtpServer } from '../../../src/sandbox/index.ts';
import { makeRig, temporaryFolder } from './rig.ts';

/** `www`: the served folder; `said`: the commands that came; `calm()`: no faults any more. */
export async function sandboxRig(faults: readonly string[] = []) {
  const siteDir = join(await temporaryFolder(), 'served');
  await mkdir(join(siteDir, 'www'), { recursive: true });
  const [password, said] = [new Secret('x'), [] as string[]];
  let book = new FaultBook(faults.map(parseFault));
  const service = await startFtpServer({
    clock: systemClock,
    random: systemRandom,
    user: 'u',
    password,
    allowClear: true,
    siteDir,
    faults: { at: (server, point) => book.at(server, point) },
    onLine: (_, direction, line) => (direction === 'received' ? void said.push(line) : undefined),
  });
  onTestFinished(() => service.close());
  const endpoint = { name: 'x', type: 'ftp', host: '127.0.0.1', port: service.port, tls: 'none', user: 'u', password } as const;
  const rig = await makeRig({
    connect: (_, options) => connectFtp({ ...endpoint, timeoutMs: 20_000 }, { ...options, dial, clock: systemClock }),
  });
  return { rig, www: join(siteDir, 'www'), said, calm: () => (book = new FaultBook()) };
}
