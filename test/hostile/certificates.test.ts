// Servers that show a wrong certificate, against the whole program: each is refused by name, and never hears user or password.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { GREETINGS, PROTOCOLS, type Protocol, runEvilJob } from './evil-job.ts';

const DAY_MS = 86_400_000;

let dir: TempDir;
let server: Server | undefined;
let heard = '';
beforeEach(async () => {
  dir = await tempDir();
  heard = '';
});
afterEach(async () => {
  server?.close();
  await dir.remove();
});

interface Shown {
  readonly name?: string;
  readonly from?: number;
  readonly to?: number;
  /** More keys of the connection, a comma before each; CERTIFICATE stands for the certificate itself. */
  readonly settings?: string;
}

async function shown(protocol: Protocol, { name = 'localhost', from = -1, to = 30, settings = '' }: Shown) {
  const now = Date.now();
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    notBeforeDate: new Date(now + from * DAY_MS),
    notAfterDate: new Date(now + to * DAY_MS),
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  writeFileSync(join(dir.path, 'cert.pem'), cert);
  const listening = createServer({ key, cert }, socket => {
    socket.on('error', () => undefined);
    socket.write(GREETINGS[protocol]);
    socket.on('data', data => {
      heard += data.toString('latin1');
    });
  });
  listening.on('tlsClientError', () => undefined);
  server = listening;
  await new Promise<void>(resolve => listening.listen(0, '127.0.0.1', resolve));
  const { port } = listening.address() as { port: number };
  const { code, stdout, error } = await runEvilJob(dir.path, {
    protocol,
    port,
    settings: `tls: implicit, user: me-myself${settings.replace('CERTIFICATE', './cert.pem')}`,
  });
  expect([code, heard, error?.hint], stdout).toEqual([1, '', expect.any(String)]);
  return error?.code;
}

describe.each(PROTOCOLS)('%s', protocol => {
  it.each<[string, Shown, string]>([
    ['signed by itself', {}, 'tls-untrusted'],
    ['for another name', { name: 'bank.example.org', settings: ', ca: CERTIFICATE' }, 'tls-name-mismatch'],
    [
      'for a name that only begins the same',
      { name: 'localhost.example.org', settings: ', ca: CERTIFICATE' },
      'tls-name-mismatch',
    ],
    ['expired', { from: -60, to: -1, settings: ', ca: CERTIFICATE' }, 'tls-expired'],
    ['not valid yet', { from: 1, settings: ', ca: CERTIFICATE' }, 'tls-expired'],
    [
      'another than the pinned one',
      { settings: `, ca: CERTIFICATE, fingerprint: "sha256:${'ab'.repeat(32)}"` },
      'tls-fingerprint-mismatch',
    ],
    ['pinned, but not trusted', { settings: `, fingerprint: "sha256:${'ab'.repeat(32)}"` }, 'tls-untrusted'],
  ])('a certificate %s', async (_what, certificate, code) => {
    expect(await shown(protocol, certificate)).toBe(code);
  });
});
