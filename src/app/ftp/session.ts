// One FTP session for a one-off command, opened from what the user wrote and closed whatever happens.
import { connectFtp, type FtpClient } from '../../protocols/ftp/index.ts';
import { dial } from '../../protocols/net/dial.ts';
import type { Endpoint } from '../../protocols/net/endpoint.ts';
import type { OneOff } from '../oneoff/oneoff.ts';
import { resolveTarget } from '../oneoff/target.ts';

export async function withFtp<T>(
  target: string,
  one: OneOff,
  work: (client: FtpClient, path: string, endpoint: Endpoint) => Promise<T>,
): Promise<T> {
  const { endpoint, path } = await resolveTarget(target, 'ftp', one);
  const client = await openFtp(endpoint, one);
  try {
    return await work(client, path, endpoint);
  } finally {
    await client.quit();
  }
}

function openFtp(endpoint: Endpoint, { clock, signal, transcript }: OneOff): Promise<FtpClient> {
  return connectFtp(endpoint, { dial, clock, signal, transcript });
}
