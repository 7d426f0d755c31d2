// `postrider doctor`: what is wrong with this machine or a connection, what to do, and an exit code that says so.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createServer, type Server } from 'node:tls';
import { generate } from 'selfsigned';
import { afterEach, expect, it } from 'vitest';
import { type CliResult, cli } from '../support/cli.ts';
import { type Rehearsal, type RehearsalOptions, rehearsal } from '../support/rehearsal.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';

let r: Rehearsal | undefined;
let dir: TempDir | undefined;
let server: Server | undefined;
afterEach(async () => {
  await r?.close();
  await dir?.remove();
  server?.close();
  [r, dir, server] = [undefined, undefined, undefined];
});

type Row = { check: string; state: string; found: string; advice?: string; error?: { code: string } };

async function doctor(...args: string[]): Promise<{ result: CliResult; rows: Record<string, Row> }> {
  const result = await (r as Rehearsal).cli('doctor', ...args, '--jobs', '.', '--json');
  const { version, healthy, checks } = JSON.parse(result.stdout) as { version: number; healthy: boolean; checks: Row[] };
  expect([version, healthy]).toEqual([1, result.code === 0]);
  return { result, rows: Object.fromEntries(checks.map(row => [row.check, row])) };
}

const start = async (options: RehearsalOptions = {}) => {
  r = await rehearsal(options);
  return r;
};

it('finds nothing wrong with a machine that is well, and changes nothing', async () => {
  await start();
  const { result, rows } = await doctor();
  expect(result.code, result.stdout).toBe(0);
  expect(Object.values(rows).filter(({ state }) => state === 'error')).toEqual([]);
  expect(Object.keys(rows)).toEqual(
    expect.arrayContaining(['node', 'time zones', 'clock', 'state folder', 'state store', 'keychain', 'vault', 'job files']),
  );
  expect(rows['state store']).toMatchObject({ state: 'skipped' });
  expect((await (r as Rehearsal).cli('doctor')).stdout).toMatch(/^CHECK +STATE +FOUND\nnode +ok +Node\.js 24/);
});

it('tells of a state folder that can neither be used nor made', async () => {
  const { dir: folder } = await start();
  const file = join(folder, 'file');
  writeFileSync(file, '');
  const { result, rows } = await doctor('--state', join(file, 'state'));
  expect(result.code).toBe(10);
  expect(rows['state folder']).toMatchObject({
    state: 'error',
    error: { code: 'store-unusable' },
    found: expect.stringContaining(file),
  });
});

it('tells of a wrong job file, an open state folder, a damaged vault and a debugger', async () => {
  const { dir: folder } = await start({ env: { NODE_OPTIONS: '--abort-on-uncaught-exception' } });
  const state = join(folder, 'its state');
  mkdirSync(state, { recursive: true });
  chmodSync(state, 0o755);
  writeFileSync(join(state, 'vault.age'), 'torn');
  writeFileSync(join(folder, 'broken.yaml'), 'steps: 5\n');
  const { result, rows } = await doctor('--state', state);
  expect(result.code).toBe(4);
  expect(rows['state folder']).toMatchObject({ state: 'warning', advice: `chmod 700 '${state}'` });
  expect(rows['vault']).toMatchObject({
    state: 'error',
    error: { code: 'vault-damaged' },
    advice: expect.stringContaining(`cp '${state}/vault.age.bak' '${state}/vault.age'`),
  });
  expect(rows['job files']).toMatchObject({
    state: 'error',
    error: { code: 'job-invalid' },
    advice: expect.stringContaining('validate'),
  });
  expect(rows['node']).toMatchObject({ state: 'warning' });
});

it('tells that TZ names no zone', async () => {
  await start({ env: { TZ: '' } });
  const { result, rows } = await doctor();
  expect(result.code).toBe(0);
  expect(rows['time zones']).toMatchObject({ state: 'warning', found: expect.stringContaining('go by UTC') });
});

it('a run whose process is gone is told', async () => {
  const { dir: folder } = await start();
  writeFileSync(join(folder, 'slow.yaml'), 'name: slow\nsteps:\n  - id: a\n    run: echo running; sleep 30\n');
  const run = (r as Rehearsal).start('run', 'slow.yaml');
  await run.output(/running/);
  run.child.kill('SIGKILL');
  await run.done;
  const { result, rows } = await doctor();
  expect(result.code).toBe(0);
  expect(rows['stale runs']).toMatchObject({ state: 'warning', found: expect.stringContaining('slow (') });
});

it.each(['web', 'inbox', 'outbox'])('speaks to %s no newer TLS than `tls-max`', async name => {
  await start({ connections: { [name]: { 'tls-max': '"1.2"' } } });
  const { result, rows } = await doctor(name);
  expect(result.code, result.stdout).toBe(0);
  expect(rows['tls']?.found).toMatch(/^TLSv1\.2, /);
});

it.each([
  ['web', 'PWD: /', 'MLST'],
  ['inbox', 'STAT: 1 message', 'PIPELINING'],
  ['@outbox', 'EHLO: ', '8BITMIME'],
])('looks at %s from its name to a harmless command', async (name, command, capability) => {
  await start({ messages: [Buffer.from('Subject: hi\r\n\r\nhello\r\n')] });
  const { result, rows } = await doctor(name);
  expect(result.code, result.stdout).toBe(0);
  expect(Object.values(rows).map(({ state }) => state)).not.toContain('error');
  expect(rows['tls']?.found).toMatch(/^TLSv1\.3, /);
  expect(rows['certificate']?.found).toMatch(/CN=localhost; by CN=postrider sandbox CA.*sha256:[0-9a-f]{64}$/);
  expect(rows['capabilities']?.found).toContain(capability);
  expect(rows['command']?.found).toContain(command);
  expect(rows['data']?.found).toEqual(
    name === 'web' ? expect.stringMatching(/^\d+ names? listed over a connection for data$/) : undefined,
  );
});

it.each<[string, RehearsalOptions, string, string, string, number]>([
  ['an unknown authority', { connections: { web: { ca: '' } } }, 'web', 'trust', 'tls-untrusted', 1],
  [
    'another fingerprint',
    { connections: { outbox: { fingerprint: `sha256:${'ab'.repeat(32)}` } } },
    'outbox',
    'trust',
    'tls-fingerprint-mismatch',
    1,
  ],
  ['a server that refuses TLS', { faults: ['ftp:AUTH=reply:534 no TLS here'] }, 'web', 'tls', 'tls-refused', 1],
  ['a closed port', { connections: { web: { port: '1' } } }, 'web', 'connect', 'connection-refused', 5],
  ['a host that is none', { connections: { web: { host: 'no-such-host.invalid' } } }, 'web', 'dns', 'host-not-found', 1],
  ['no way for data', { faults: ['ftp:MLSD=reply:425 no data connection'] }, 'web', 'data', 'data-not-opened', 5],
  ['a wrong password', { password: 'wrong' }, 'inbox', 'sign-in', 'sign-in-refused', 4],
  ['a missing secret', { password: '' }, 'outbox', 'secret', 'secret-missing', 4],
])('%s', async (_what, options, name, check, code, exit) => {
  await start(options);
  const { result, rows } = await doctor(name);
  expect(rows[check], result.stdout).toMatchObject({ state: 'error', error: { code } });
  expect(rows[check]?.advice).toBeTruthy();
  expect(result.code).toBe(exit);
  if (check === 'trust') expect(rows['sign-in']?.state).toBe('skipped');
});

it('names the exact lines that trust a certificate that signed itself, and they work', async () => {
  dir = await tempDir();
  const port = await serveMailbox('localhost');
  const entry = `own: { type: pop3, host: localhost, port: ${port}, user: me, password: "\${{ secrets.own }}"`;
  const file = join(dir.path, 'connections.yaml');
  const examine = () =>
    cli(['doctor', 'own', '--jobs', '.'], { cwd: (dir as TempDir).path, env: { POSTRIDER_SECRET_OWN: 'secret' } });
  writeFileSync(file, `${entry} }\n`);
  const before = await examine();
  expect(before.code).toBe(1);
  expect(before.stdout).toMatch(/trust +ERROR/);
  const pem = /-----BEGIN CERTIFICATE-----[\s\S]*?-----END CERTIFICATE-----/.exec(before.stdout)?.[0] ?? '';
  const ca = /^ +(ca: \S+)$/m.exec(before.stdout)?.[1];
  const fingerprint = /^ +(fingerprint: sha256:[0-9a-f]{64})$/m.exec(before.stdout)?.[1];
  expect(ca).toBe('ca: ./own-ca.pem');
  writeFileSync(join(dir.path, 'own-ca.pem'), pem.replaceAll(/^ +/gm, ''));
  writeFileSync(file, `${entry}, ${ca}, ${fingerprint} }\n`);
  const after = await examine();
  expect(after.code, after.stdout + after.stderr).toBe(0);
  expect(after.stdout).toMatch(/trust +ok/);
  expect(readFileSync(file, 'utf8')).toContain('fingerprint');
});

it('says whom a certificate is for when that is somebody else', async () => {
  dir = await tempDir();
  const port = await serveMailbox('mail.example.org');
  const result = await cli(['doctor', `pop3s://me@localhost:${port}`], { cwd: dir.path });
  expect(result.code).toBe(1);
  expect(result.stdout).toMatch(/is not for localhost\n +It is for DNS:mail\.example\.org/);
});

it('a connection that does not exist is wrong usage', async () => {
  await start();
  const result = await (r as Rehearsal).cli('doctor', 'wbe', '--jobs', '.');
  expect(result.stderr).toContain('Did you mean @web?');
  expect(result.code).not.toBe(0);
});

/** A POP3 server with an empty mailbox, and a certificate for that name that signed itself. */
async function serveMailbox(name: string): Promise<number> {
  const { cert, private: key } = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    extensions: [{ name: 'subjectAltName', altNames: [{ type: 2, value: name }] }],
  });
  const mailbox = createServer({ key, cert }, socket => {
    socket.on('error', () => undefined);
    socket.write('+OK hello\r\n');
    socket.on('data', data => socket.write(/^(CAPA|AUTH)/.test(String(data)) ? '-ERR\r\n' : '+OK 0 0\r\n'));
  });
  server = mailbox;
  await new Promise<void>(resolve => mailbox.listen(0, '127.0.0.1', resolve));
  return (mailbox.address() as { port: number }).port;
}

it('--all: the machine, whether names are known, and every connection, each in rows of its own', async () => {
  await start({ connections: { inbox: { port: '1' }, outbox: { host: 'no-such-host.invalid' } } });
  const { result, rows } = await doctor('--all');
  expect(rows['dns']).toMatchObject({ state: 'warning', found: 'not known here: no-such-host.invalid' });
  expect(rows['web sign-in']).toMatchObject({ state: 'ok' });
  expect(rows['inbox connect']).toMatchObject({ state: 'error', error: { code: 'connection-refused' } });
  expect(rows['outbox dns']).toMatchObject({ state: 'error', error: { code: 'host-not-found' } });
  expect(result.code).toBe(5);
});

it('a server of another kind is named', async () => {
  await start();
  const { endpoints } = (r as Rehearsal).sandbox;
  const result = await (r as Rehearsal).cli('doctor', `pop3://me@localhost:${endpoints.smtp.port}`);
  expect([result.code, result.stdout]).toEqual([
    1,
    expect.stringMatching(/is an SMTP server, not a POP3 server\n +Write `type: smtp`/),
  ]);
});
