// The sandbox's FTP server in a thread of its own, so that what it does is not counted as ours.
import { parentPort, workerData } from 'node:worker_threads';
import { systemClock } from '../../../src/core/clock.ts';
import { systemRandom } from '../../../src/core/random.ts';
import { Secret } from '../../../src/core/secret.ts';
import { FaultBook, startFtpServer } from '../../../src/sandbox/index.ts';

const { siteDir, password } = workerData as { siteDir: string; password: string };
const service = await startFtpServer({
  clock: systemClock,
  random: systemRandom,
  user: 'u',
  password: new Secret(password),
  allowClear: true,
  siteDir,
  faults: new FaultBook([]),
});
parentPort?.postMessage(service.port);
