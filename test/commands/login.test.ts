// OAuth2 from `postrider login` to the last mail, against a real authorization server: used, ended in mid-run, replaced, revoked, shared.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import {
  browse,
  CLIENT_SECRET,
  PUBLIC_CLIENT,
  type RunningAuthorizationServer,
  SECRET_CLIENT,
  startAuthorizationServer,
} from '../support/authorization-server.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

const USER = 'sandbox';
const env: Record<string, string> = {};

let id: RunningAuthorizationServer;
let r: Rehearsal;
beforeEach(async () => {
  for (const name of Object.keys(env)) delete env[name];
  Object.assign(env, { POSTRIDER_VAULT_KEY_FILE: 'vault.key', POSTRIDER_SECRET_CUSTOM_CLIENT_ID: PUBLIC_CLIENT });
  id = await startAuthorizationServer();
  const oauth2 = { password: '', oauth2: 'robot' };
  r = await rehearsal({
    env,
    connections: { inbox: oauth2, outbox: oauth2 },
    acceptToken: async (user, token) => (await id.userOf(token)) === user,
    messages: [Buffer.from('Subject: hi\r\n\r\nhello\r\n')],
  });
});
afterEach(async () => {
  await r.close();
  await id.close();
});

const LOGIN = ['login', 'robot', '--provider', 'custom', '--scope', 'mail', '--issuer'];

/** Signs in by browser, which needs no waiting. */
async function signIn(user = USER): Promise<void> {
  const running = r.start(...LOGIN, id.issuer, '--method', 'browser');
  const [url = ''] = /http:\S+/.exec(await running.output(/http:\S+\n/)) ?? [];
  const page = await browse(url, { login: user, password: 'x' });
  expect(page.text).toContain('Signed in');
  const done = await running.done;
  expect(done.code, done.stderr).toBe(0);
}

function job(steps: string): void {
  writeFileSync(join(r.dir, 'job.yaml'), `name: job\nretry: { attempts: 1 }\nsteps:\n${steps}`);
}
const SEND = (id: string) =>
  `  - id: ${id}\n    uses: smtp/send\n    with: { connection: outbox, from: a@example.org, to: [b@example.org], subject: ${id}, text: hi }\n`;
/** Each signs in anew; mail steps of one run share a session. */
const FETCH = (id: string) => `  - id: ${id}\n    uses: pop3/archive\n    with: { connection: inbox, archive: ./kept }\n`;
const GET = (url: string) => `  - id: end\n    uses: http/check\n    with: { url: "${url}" }\n`;
const renewals = () => id.granted.get('refresh_token') ?? 0;

it('by device code: signed in once, used by all three kinds of connection, renewed by nobody before its time', async () => {
  const running = r.start(...LOGIN, id.issuer);
  const shown = await running.output(/type \S+/);
  const [, address = '', code = ''] = /Open (\S+) in any browser and type (\S+)/.exec(shown) ?? [];
  await browse(address, { user_code: code, login: USER, password: 'x' });
  const done = await running.done;
  expect([done.code, done.stderr]).toEqual([0, expect.stringContaining('Signed in as robot; the tokens are in ')]);

  const check = await r.cli('secret', 'check', 'main.yaml');
  expect(check.code, check.stderr).toBe(0);
  expect(check.stdout).toMatch(/oauth2-robot +vault .*connection inbox, connection outbox/);
  const run = await r.run();
  expect(run.code, run.stderr).toBe(0);
  expect(renewals()).toBe(0);
  const doctor = await r.cli('doctor', 'outbox', '--jobs', '.');
  expect(doctor.code, doctor.stdout).toBe(0);
  expect((await r.cli('pop3', 'stat', '@inbox', '--jobs', '.')).code).toBe(0);
});

it('a token that ends in mid-run is replaced, the run goes on, and the refresh token that came with it is kept', async () => {
  await signIn();
  job(FETCH('before') + GET(id.endTokensUrl) + FETCH('after') + GET(id.endTokensUrl).replace('end', 'again') + FETCH('last'));
  const run = await r.cli('run', 'job.yaml');
  expect(run.code, run.stderr).toBe(0);
  expect(renewals()).toBe(2);
  await id.endAccessTokens();
  const again = await r.cli('run', 'job.yaml', '--json');
  expect(again.code).toBe(0);
  expect(renewals()).toBe(5);

  const probe = await r.cli('smtp', 'probe', '@outbox', '--jobs', '.', '--transcript');
  expect(probe.stderr).toContain('AUTH OAUTHBEARER ****');
  const said = [run, again, probe].flatMap(({ stdout, stderr }) => [stdout, stderr]);
  const everything = [...said, ...filesBelow(r.dir)];
  expect(id.issued.size).toBeGreaterThan(10);
  for (const token of id.issued) {
    for (const form of [token, Buffer.from(`auth=Bearer ${token}`).toString('base64').slice(24, -4)]) {
      expect(everything.filter(text => text.includes(form))).toEqual([]);
    }
  }
});

function filesBelow(dir: string): string[] {
  return readdirSync(dir, { recursive: true, withFileTypes: true, encoding: 'utf8' })
    .filter(entry => entry.isFile())
    .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}

it('of many processes that find it ended at the same moment, one replaces it and all go on', async () => {
  await signIn();
  job(SEND('mail'));
  await id.endAccessTokens();
  writeFileSync(
    join(r.dir, 'job.yaml'),
    readFileSync(join(r.dir, 'job.yaml'), 'utf8').replace('name: job', 'name: job\noverlap: allow'),
  );
  const runs = await Promise.all(Array.from({ length: 5 }, () => r.cli('run', 'job.yaml')));
  expect(
    runs.map(({ code }) => code),
    runs.map(({ stderr }) => stderr).join(''),
  ).toEqual([0, 0, 0, 0, 0]);
  expect(renewals()).toBe(1);
  await id.endAccessTokens();
  expect((await r.cli('run', 'job.yaml')).code).toBe(0);
});

it('a sign-in that was taken back ends the run with 4 and says how to sign in again', async () => {
  await signIn();
  await id.revokeAll();
  await id.endAccessTokens();
  const run = await r.run('--json', '--only', 'report');
  expect(run.code, run.stdout).toBe(4);
  expect(run.stdout).toContain('"code":"oauth-expired"');
  expect(run.stdout).toContain('postrider login robot');
});

it('a token for somebody else, and a mailbox of nobody, are refused by the mail server and said to be', async () => {
  await signIn('somebody-else');
  const run = await r.run('--json');
  expect(run.code, run.stdout).toBe(4);
  expect(run.stdout).toContain('"code":"sign-in-refused"');
  // Each connection asked for a new token once, for the server refused the first; then it was over.
  expect(renewals()).toBeLessThanOrEqual(2);
});

it('an app signs in by itself, with a client secret that comes from a secret', async () => {
  Object.assign(env, {
    POSTRIDER_SECRET_ROBOT_CLIENT_ID: SECRET_CLIENT,
    POSTRIDER_SECRET_ROBOT_CLIENT_SECRET: CLIENT_SECRET,
  });
  const done = await r.cli(...LOGIN, id.issuer, '--method', 'app');
  expect(done.code, done.stderr).toBe(0);
  writeFileSync(
    join(r.dir, 'connections.yaml'),
    readFileSync(join(r.dir, 'connections.yaml'), 'utf8').replaceAll(/user: sandbox(\n +oauth2)/g, `user: ${SECRET_CLIENT}$1`),
  );
  job(FETCH('one') + GET(id.endTokensUrl) + FETCH('two'));
  const run = await r.cli('run', 'job.yaml');
  expect(run.code, run.stderr).toBe(0);
  expect(id.granted.get('client_credentials')).toBe(2);
  env['POSTRIDER_SECRET_ROBOT_CLIENT_SECRET'] = 'replaced';
  await id.endAccessTokens();
  const refused = await r.cli('run', 'job.yaml');
  expect([refused.code, refused.stderr]).toEqual([4, expect.stringContaining('the client secret is wrong')]);
  delete env['POSTRIDER_SECRET_ROBOT_CLIENT_SECRET'];
  const missing = await r.cli('secret', 'check', 'job.yaml');
  expect([missing.code, missing.stderr]).toEqual([4, expect.stringContaining('secret set robot-client-secret')]);
});

it.each<[string, readonly string[], Record<string, string>, number, RegExp]>([
  [
    'nobody signed in',
    ['run', 'main.yaml', '--only', 'report'],
    {},
    4,
    /nobody has signed in as robot[\s\S]*postrider login robot --provider/,
  ],
  [
    'no client id',
    ['login', 'robot', '--provider', 'google'],
    {},
    4,
    /client id for robot is nowhere[\s\S]*secret set google-client-id[\s\S]*Desktop app/,
  ],
  [
    'a scope that is not given',
    [...LOGIN.slice(0, 4), '--scope', 'admin', '--method', 'app', '--issuer', 'ISSUER'],
    { POSTRIDER_SECRET_ROBOT_CLIENT_ID: SECRET_CLIENT, POSTRIDER_SECRET_ROBOT_CLIENT_SECRET: CLIENT_SECRET },
    4,
    /scope that was asked for[\s\S]*--scope/,
  ],
  [
    'a wrong client secret',
    [...LOGIN, 'ISSUER', '--method', 'app'],
    { POSTRIDER_SECRET_ROBOT_CLIENT_ID: SECRET_CLIENT, POSTRIDER_SECRET_ROBOT_CLIENT_SECRET: 'not-the-one' },
    4,
    /does not know this client id, or the client secret is wrong/,
  ],
  ['a client that may not', [...LOGIN, 'ISSUER', '--method', 'app'], { POSTRIDER_SECRET_ROBOT_CLIENT_SECRET: 'x' }, 4, /client/],
  ['an address in clear text', [...LOGIN, 'http://id.example.org'], {}, 2, /is no https:\/\/ address/],
  ['a server that is none', [...LOGIN, 'http://127.0.0.1:1'], {}, 5, /cannot be reached/],
  [
    'an app of Microsoft without its tenant',
    ['login', 'robot', '--provider', 'microsoft', '--method', 'app'],
    {},
    2,
    /needs its tenant/,
  ],
  [
    'a way that Google has not',
    ['login', 'robot', '--provider', 'google', '--method', 'device'],
    {},
    2,
    /no sign-in to mail by --method device/,
  ],
  ['no address at all', ['login', 'robot', '--provider', 'custom'], {}, 2, /needs an address/],
  ['a name that is none', ['login', 'a b', '--provider', 'google'], {}, 2, /no name/],
  ['the tokens as a secret', ['run', 'leak.yaml'], {}, 4, /no secret for expressions/],
])('%s: refused with the right words', async (_what, args, more, code, words) => {
  Object.assign(env, more);
  if (args[0] === 'login' && args.includes('google')) delete env['POSTRIDER_SECRET_CUSTOM_CLIENT_ID'];
  writeFileSync(join(r.dir, 'leak.yaml'), 'name: leak\nsteps:\n  - id: a\n    run: "echo ${{ secrets.oauth2-robot }}"\n');
  const result = await r.cli(...args.map(arg => arg.replace('ISSUER', id.issuer)));
  expect(result.stderr).toMatch(words);
  expect(result.code).toBe(code);
});
