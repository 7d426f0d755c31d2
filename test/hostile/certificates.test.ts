// Servers that show a wrong certificate, against the whole program: each is refused by name, and never hears user or password.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

const PASSWORD = 'c4n4ry-Pa55w0rd';
const DAY_MS = 86_400_000;
const GREETINGS = { ftp: '220 hello\r\n', pop3: '+OK hello\r\n', smtp: '220 hello ESMTP\r\n' };
const USES = {
  ftp: 'ftp/mirror\n    with: { connection: evil, direction: download, local: ./site, remote: / }',
  pop3: 'pop3/archive\n    with: { connection: evil, archive: ./archive }',
  smtp: 'smtp/send\n    with: { connection: evil, from: a@example.org, to: [b@example.org], subject: hi, text: hi }',
};

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
  /** Lines of the connection besides host, port, user and password; CERTIFICATE stands for the certificate itself. */
  readonly settings?: string;
}

async function shown(protocol: keyof typeof GREETINGS, { name = 'localhost', from = -1, to = 30, settings = '' }: Shown) {
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
  const more = settings === '' ? '' : `, ${settings.replace('CERTIFICATE', './cert.pem')}`;
  const connection = `{ type: ${protocol}, host: localhost, port: ${port}, tls: implicit, timeout: 10s, user: me-myself, password: "\${{ secrets.evil }}"${more} }`;
  writeFileSync(
    join(dir.path, 'job.yaml'),
    `name: job\nretry: { attempts: 1 }\nconnections:\n  evil: ${connection}\nsteps:\n  - id: step\n    uses: ${USES[protocol]}\n`,
  );
  const result = await cli(['run', 'job.yaml', '--json'], { cwd: dir.path, env: { POSTRIDER_SECRET_EVIL: PASSWORD } });
  const finished = result.stdout.split('\n').find(line => line.includes('"step-finished"')) ?? '{}';
  const { error } = JSON.parse(finished) as { error?: { code: string; hint?: string } };
  expect([result.code, heard, error?.hint], result.stdout).toEqual([1, '', expect.any(String)]);
  return error?.code;
}

describe.each(['ftp', 'pop3', 'smtp'] as const)('%s', protocol => {
  it.each<[string, Shown, string]>([
    ['signed by itself', {}, 'tls-untrusted'],
    ['for another name', { name: 'bank.example.org', settings: 'ca: CERTIFICATE' }, 'tls-name-mismatch'],
    ['for a name that only begins the same', { name: 'localhost.example.org', settings: 'ca: CERTIFICATE' }, 'tls-name-mismatch'],
    ['expired', { from: -60, to: -1, settings: 'ca: CERTIFICATE' }, 'tls-expired'],
    ['not valid yet', { from: 1, settings: 'ca: CERTIFICATE' }, 'tls-expired'],
    [
      'another than the pinned one',
      { settings: `ca: CERTIFICATE, fingerprint: "sha256:${'ab'.repeat(32)}"` },
      'tls-fingerprint-mismatch',
    ],
    ['pinned, but not trusted', { settings: `fingerprint: "sha256:${'ab'.repeat(32)}"` }, 'tls-untrusted'],
  ])('a certificate %s', async (_what, certificate, code) => {
    expect(await shown(protocol, certificate)).toBe(code);
  });
});
