// Every command that touches a secret, in good weather and against servers that repeat it: it stands in no output, file or argument.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { type RunningCli, startCli } from '../support/cli.ts';
import { type Rehearsal, type RehearsalOptions, rehearsal } from '../support/rehearsal.ts';

const CANARY = 'c4n4ry-Pa$$w0rd';
const PLAIN = Buffer.from(`\0sandbox\0${CANARY}`).toString('base64');
const FORMS = [
  CANARY,
  PLAIN,
  Buffer.from(CANARY).toString('base64').replace(/=+$/, ''),
  Buffer.from(CANARY).toString('hex'),
  encodeURIComponent(CANARY),
  JSON.stringify({ CANARY }).slice(11, -2),
];

/** Servers that repeat the password in every form, wherever they can. */
const ECHO = `${CANARY} ${PLAIN} ${Buffer.from(CANARY).toString('hex')} ${encodeURIComponent(CANARY)}`;
const ECHOES = [
  ...['ftp:STOR', 'ftp:RETR', 'ftp:DELE', 'ftp:MKD', 'ftp:RNFR', 'ftp:SITE', 'ftp:CWD'].map(
    point => `${point}=reply:550 ${ECHO}`,
  ),
  ...['pop3:STAT', 'pop3:LIST', 'pop3:UIDL', 'pop3:RETR', 'pop3:TOP', 'pop3:DELE'].map(point => `${point}=reply:-ERR ${ECHO}`),
  `smtp:RCPT=reply:550 5.1.1 ${ECHO}`,
];
const REFUSALS = [
  `ftp:PASS=reply:530 ${ECHO}`,
  `pop3:AUTH=reply:-ERR [AUTH] ${ECHO}`,
  `pop3:PASS=reply:-ERR [AUTH] ${ECHO}`,
  `smtp:AUTH=reply:535 5.7.8 ${ECHO}`,
];

const WITH_SERVER: readonly (readonly string[])[] = [
  ['ftp', 'put', 'a.txt', '@web/'],
  ['ftp', 'ls', '@web/'],
  ['ftp', 'ls', '@web/', '--json', '--transcript'],
  ['ftp', 'get', '@web/a.txt', 'b.txt'],
  ['ftp', 'cat', '@web/a.txt'],
  ['ftp', 'stat', '@web/a.txt'],
  ['ftp', 'du', '@web/'],
  ['ftp', 'sum', '@web/a.txt'],
  ['ftp', 'mkdir', '@web/d'],
  ['ftp', 'chmod', '644', '@web/a.txt'],
  ['ftp', 'mv', '@web/a.txt', '@web/c.txt'],
  ['ftp', 'rm', '@web/c.txt'],
  ['ftp', 'mirror', 'site', '@web/m'],
  ['ftp', 'shell', '@web', '-c', 'dir; put a.txt; get a.txt; user; status; quote NOOP'],
  ['pop3', 'stat', '@inbox', '--transcript'],
  ['pop3', 'list', '@inbox'],
  ['pop3', 'top', '@inbox', '1'],
  ['pop3', 'retr', '@inbox', '1'],
  ['pop3', 'archive', '@inbox', 'arc'],
  ['pop3', 'delete', '@inbox', '1', '--yes'],
  ['pop3', 'shell', '@inbox', '-c', 'STAT; LIST'],
  ['smtp', 'probe', '@outbox', '--transcript'],
  ['smtp', 'send', '@outbox', '--from', 'a@example.org', '--to', 'b@example.org', '--subject', 'hi', '--text', 'hi'],
  ['doctor', 'web'],
  ['doctor', 'inbox', '--json'],
  ['doctor', 'outbox'],
  ['run', 'main.yaml'],
  ['retry', 'last'],
  ['report', 'preview', 'last'],
  ['outbox', 'list'],
  ['outbox', 'flush'],
];
const ALONE: readonly (readonly string[])[] = [
  ['doctor'],
  ['validate', 'main.yaml'],
  ['plan', 'main.yaml', '--json'],
  ['next', '--cron', '@daily', '--timezone', 'UTC', '--count', '1'],
  ['secret', 'list'],
  ['secret', 'check', 'main.yaml'],
  ['secret', 'set', 'sandbox'],
  ['secret', 'set'],
  ['ftp', 'ls'],
  ['login'],
  ['history', '--json'],
  ['show', 'last'],
  ['logs', 'last'],
  ['status'],
  ['cancel', 'last'],
  ['why', 'main.yaml', '2026-11-26'],
  ['pause', 'main.yaml', '--reason', 'move'],
  ['resume', 'main.yaml'],
  ['service', 'install', '--print'],
  ['archive', 'stats'],
  ['archive', 'verify'],
  ['archive', 'search', 'hello'],
  ['archive', 'export', 'exported'],
  ['archive', 'seal'],
  ['archive', 'reindex'],
  ['outbox', 'show', '0'],
  ['outbox', 'resend', '0'],
  ['outbox', 'drop', '0'],
  ['init', 'more', '--yes'],
  ['explain', 'sign-in-refused'],
  ['ftp', 'ls', 'ftp://sandbox@127.0.0.1:1/?tls=none', '--password-stdin'],
  ['secret', 'delete', 'sandbox'],
  ['login', 'robot', '--provider', 'custom', '--method', 'app', '--issuer', 'ISSUER', '--scope', 'mail'],
];

/** The tests run at once, each in a place of its own: nearly all their time goes into starting the program, and some of it into waiting. */
async function inRehearsal<T>(options: RehearsalOptions, work: (r: Rehearsal) => Promise<T>): Promise<T> {
  const r = await rehearsal(options);
  try {
    return await work(r);
  } finally {
    await r.close();
  }
}

/** What the process list of this machine shows of the program and all it started. */
function commandLines({ child }: RunningCli): string {
  return readdirSync('/proc')
    .filter(name => /^\d+$/.test(name))
    .filter(pid => pid === String(child.pid) || parentOf(pid) === String(child.pid))
    .map(pid => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, 'latin1');
      } catch {
        return '';
      }
    })
    .join('\n');
}

function parentOf(pid: string): string | undefined {
  try {
    return /^PPid:\t(\d+)$/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1];
  } catch {
    return undefined;
  }
}

/** The commands three at a time would disturb each other; one after the other they share a mailbox and a site. */
async function everything(commands: readonly (readonly string[])[], faults: readonly string[]): Promise<readonly string[]> {
  const env: Record<string, string> = {
    POSTRIDER_VAULT_KEY_FILE: 'vault.key',
    POSTRIDER_PASSWORD: CANARY,
    POSTRIDER_SECRET_CUSTOM_CLIENT_ID: 'me',
    POSTRIDER_SECRET_CUSTOM_CLIENT_SECRET: CANARY,
  };
  const mails = [1, 2, 3].map(n => Buffer.from(`Subject: ${n}\r\n\r\nhello\r\n`));
  return inRehearsal({ sandboxPassword: CANARY, faults, env, messages: mails }, async ({ dir, sandbox }) => {
    mkdirSync(join(dir, 'jobs'));
    writeFileSync(join(dir, 'jobs/connections.yaml'), readFileSync(join(dir, 'connections.yaml'), 'utf8'));
    writeFileSync(join(dir, 'a.txt'), 'a\n');
    const seen: string[] = [];
    for (const args of commands) {
      const filled = args.map(arg => arg.replace('ISSUER', sandbox.issuer));
      const running = startCli(filled, { cwd: dir, env: { POSTRIDER_SECRET_SANDBOX: CANARY, ...env }, stdin: CANARY });
      seen.push(`${filled.join(' ')}: ${commandLines(running)}`);
      const { code, stdout, stderr } = await running.done;
      expect([0, 1, 2, 3, 4, 5], `${filled.join(' ')}\n${stdout}${stderr}`).toContain(code);
      expect(stderr, filled.join(' ')).not.toMatch(/TypeError|at .*\.js:\d+/);
      seen.push(`${filled.join(' ')} → ${code}\n${stdout}${stderr}`);
    }
    return [...seen, ...filesBelow(dir, ['sandbox'])];
  });
}

function filesBelow(dir: string, except: readonly string[]): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name);
    if (except.includes(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(path, []) : [`${path}: ${readFileSync(path, 'latin1')}`];
  });
}

type Weather = readonly [weather: string, commands: readonly (readonly string[])[], faults: readonly string[]];
const WEATHERS: readonly Weather[] = [
  ['good weather', WITH_SERVER, []],
  ['after a run in good weather', [['run', 'main.yaml'], ...ALONE], []],
  ['servers that repeat the password when they refuse a command', WITH_SERVER, ECHOES],
  ['servers that repeat the password when they refuse the sign-in', WITH_SERVER.filter((_, i) => i % 3 === 0), REFUSALS],
];

it.concurrent.each(WEATHERS)('%s', async (_weather, commands, faults) => {
  // A rule strikes once, so each is there once for every command.
  const many = commands.flatMap(() => faults);
  const seen = await everything(commands, many);
  const found = FORMS.flatMap(form =>
    seen
      .filter(text => text.includes(form))
      .map(text => `${form} in ${text.slice(0, 60)}… ${text.slice(Math.max(0, text.indexOf(form) - 100), text.indexOf(form))}`),
  );
  expect(found).toEqual([]);
  expect(seen.length).toBeGreaterThan(2 * commands.length);
  if (faults.length > 0) expect(seen.join('')).toContain('****');
});

it.concurrent('the scheduler, whose servers repeat the password', async () => {
  const env = { POSTRIDER_SECRET_SANDBOX: CANARY };
  const options = { sandboxPassword: CANARY, faults: [`ftp:STOR=reply:550 ${ECHO}`, ...REFUSALS], env };
  await inRehearsal(options, async ({ dir }) => {
    mkdirSync(join(dir, 'jobs'));
    writeFileSync(join(dir, 'jobs/connections.yaml'), readFileSync(join(dir, 'connections.yaml'), 'utf8'));
    const job = readFileSync(join(dir, 'main.yaml'), 'utf8').replaceAll('./', '../');
    writeFileSync(join(dir, 'jobs/main.yaml'), `schedule: { cron: "* * * * * *", seconds: true }\n${job}`);
    const running = startCli(['schedule', '--drain', '5s'], { cwd: dir, env });
    await running.output(/run-finished|failed|succeeded/);
    const shown = commandLines(running);
    running.child.kill('SIGTERM');
    const { stdout, stderr } = await running.done;
    const seen = [shown, stdout + stderr, ...filesBelow(dir, ['sandbox'])];
    for (const form of FORMS) expect(seen.filter(text => text.includes(form)).map(text => text.slice(0, 200))).toEqual([]);
  });
});

it.concurrent.each([
  ['taken', true, []],
  ['refused by servers that repeat it', false, REFUSALS],
  ['taken by servers that repeat it later', true, ECHOES],
] as const)('an OAuth2 token that is %s', async (_how, taken, faults) => {
  const account = {
    ...{ provider: 'custom', method: 'device', 'client-id': 'me', scope: 'mail', 'token-url': 'https://127.0.0.1:1/token' },
    ...{ 'access-token': CANARY, 'refresh-token': CANARY, 'renew-at': '2099-01-01T00:00:00.000Z' },
  };
  const oauth2 = { password: '', oauth2: 'robot' };
  const options = {
    ...{ env: { POSTRIDER_SECRET_OAUTH2_ROBOT: JSON.stringify(account) }, connections: { inbox: oauth2, outbox: oauth2 } },
    ...{ acceptToken: async () => taken, messages: [Buffer.from('Subject: 1\r\n\r\nhello\r\n')] },
    // The FTP server is never told the token, and cannot repeat it.
    faults: Array.from({ length: 4 }, () => faults.filter(fault => !fault.startsWith('ftp:'))).flat(),
  };
  await inRehearsal(options, async r => {
    const seen: string[] = [];
    for (const args of WITH_SERVER.filter(words =>
      words.some(word => /^@(inbox|outbox)$|^main\.yaml$|^(in|out)box$/.test(word)),
    )) {
      const { code, stdout, stderr } = await r.cli(...args);
      expect([0, 1, 2, 3, 4, 5], stderr).toContain(code);
      seen.push(`${args.join(' ')} → ${code}\n${stdout}${stderr}`);
    }
    const all = [...seen, ...filesBelow(r.dir, ['sandbox'])];
    for (const form of FORMS) expect(all.filter(text => text.includes(form)).map(text => text.slice(0, 300))).toEqual([]);
    // Refused, it is to be renewed, at a server that does not answer: temporary.
    expect(seen[0]).toMatch(taken ? (faults.length === 0 ? /^pop3 stat.*→ 0\n/ : /^pop3 stat.*→ 1\n/) : /^pop3 stat.*→ 5\n/);
    if (faults.length > 0) expect(seen.join('')).toContain('****');
  });
});

it.concurrent.each([
  ['ftp', 'ls', `ftp://sandbox:${encodeURIComponent(CANARY)}@localhost/`],
  ['pop3', 'stat', `pop3s://sandbox:${CANARY}@localhost/`],
  ['smtp', 'probe', `smtp://localhost/?password=${CANARY}`],
  ['doctor', `ftp://sandbox:${encodeURIComponent(CANARY)}@localhost/`],
])('a password in a URL is refused and not repeated: %s %s', async (...args) => {
  const { code, stdout, stderr } = await inRehearsal({}, r => r.cli(...args));
  expect([code, stderr]).toEqual([2, expect.stringContaining('password')]);
  for (const form of FORMS) expect(stdout + stderr).not.toContain(form);
});
