// A password planted in a job shows up nowhere: not in state, logs, events, archive, stdout, stderr or the process list.
import { mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { cli } from '../support/cli.ts';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';
import { execFileSync } from '../support/sync-child.ts';

const CANARY = 'c4n4ry-Pa$$w0rd';
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString('base64').replace(/=+$/, ''),
  encodeURIComponent(CANARY),
  Buffer.from(`\0sandbox\0${CANARY}`).toString('base64'),
  Buffer.from(`u:${CANARY}`).toString('base64'),
  Buffer.from(CANARY).toString('hex'),
];

/** A diagnostic report of Node, as a crash leaves it, whenever SIGUSR2 comes. */
const REPORTS = { NODE_OPTIONS: '--report-on-signal --report-directory=.' };

let r: Rehearsal | undefined;
afterEach(() => r?.close());

/** A job that hands the secret to a shell step, which prints it in every way, and to all three connections. */
const LEAKY = `
  - id: leak
    uses: shell
    needs: []
    continue-on-error: true
    with:
      run: |
        ps -eo args > ps.txt
        cat /proc/[0-9]*/cmdline > cmdline.txt 2>/dev/null || true
        kill -USR2 $PPID
        echo "url $(printf %s "$CANARY" | sed 's/[$]/%24/g')"; echo "hex $(printf %s "$CANARY" | od -An -tx1 | tr -d '[:space:]')"
        echo "env \${{ env.POSTRIDER_SECRET_SANDBOX }} \${{ env.POSTRIDER_VAULT_PASSPHRASE }}"
        echo "basic $(printf 'u:%s' "$CANARY" | base64)"
        echo "plain $CANARY"; echo "base64 $(printf %s "$CANARY" | base64)"; echo "inline \${{ secrets.sandbox }}" >&2
        echo "value=$CANARY" >> "$POSTRIDER_OUTPUT"
        exit 3
      env: { CANARY: "\${{ secrets.sandbox }}" }
`;

interface Weather {
  /** What the program is told as password; default: the right one. */
  readonly password?: string;
  readonly faults?: readonly string[];
  /** Of the first run; a rule for a fault strikes once, so a later run may be luckier. */
  readonly code: number;
  /** In what is said. */
  readonly says?: string;
}

const GOOD: Weather = { code: 0 };
const REFUSED: Weather = { password: `${CANARY}-wrong`, code: 4 };
const BASE64 = Buffer.from(`\0sandbox\0${CANARY}`).toString('base64');
/** Servers that repeat the password in their refusals, as some do. */
const ECHOED: Weather = {
  faults: [
    `ftp:PASS=reply:530 wrong password ${CANARY} (${encodeURIComponent(CANARY)})`,
    `pop3:AUTH=reply:-ERR [AUTH] no user for ${BASE64}`,
    `pop3:PASS=reply:-ERR [AUTH] ${CANARY} is wrong`,
    `smtp:AUTH=reply:535 5.7.8 ${Buffer.from(CANARY).toString('hex')} ${BASE64} refused`,
  ],
  code: 4,
  says: 'wrong password **** (****)',
};

type Route = (dir: string, password: string) => Promise<Record<string, string>>;

const byEnvironment: Route = async (_dir, password) => ({ POSTRIDER_SECRET_SANDBOX: password });
const byFile: Route = async (dir, password) => {
  mkdirSync(join(dir, 'credentials'));
  writeFileSync(join(dir, 'credentials/sandbox'), `${password}\n`, { mode: 0o600 });
  return { POSTRIDER_SECRET_SANDBOX: '', CREDENTIALS_DIRECTORY: 'credentials' };
};
const byVault: Route = async (dir, password) => {
  const env = { POSTRIDER_SECRET_SANDBOX: '', POSTRIDER_VAULT_KEY_FILE: 'vault.key' };
  const set = await cli(['secret', 'set', 'sandbox'], { cwd: dir, env, stdin: password });
  expect(set.code, set.stderr).toBe(0);
  expect(set.stderr + set.stdout).not.toContain(CANARY);
  return env;
};

it.each([
  ['from the environment, all goes well', byEnvironment, GOOD],
  ['from a file, all goes well', byFile, GOOD],
  ['from the vault, all goes well', byVault, GOOD],
  ['from the environment, sign-in refused', byEnvironment, REFUSED],
  ['from the vault, the servers say it again', byVault, ECHOED],
] as const)('%s', async (_when, route, { password = CANARY, faults = [], code, says = '****' }) => {
  const env: Record<string, string> = {};
  r = await rehearsal({ sandboxPassword: CANARY, faults, env, messages: [Buffer.from('Subject: hi\r\n\r\nhello\r\n')] });
  Object.assign(env, await route(r.dir, password), REPORTS);
  const job = join(r.dir, 'main.yaml');
  writeFileSync(job, `ping: http://127.0.0.1:9/\${{ secrets.sandbox }}\n${readFileSync(job, 'utf8')}${LEAKY}`);
  const outputs: string[] = [];
  for (const args of [
    ['secret', 'list'],
    ['secret', 'check', 'main.yaml', '--json'],
    ['run', 'main.yaml', '--json'],
    ['run', 'main.yaml'],
    ['plan', 'main.yaml'],
    ['history'],
    ['show', 'last', '--json'],
    ['logs', 'last'],
    ['status'],
  ]) {
    const result = await r.cli(...args);
    outputs.push(result.stdout, result.stderr);
    if (args[2] === '--json' && args[0] === 'run') expect(result.code, result.stderr + result.stdout).toBe(code);
  }
  const files = filesBelow(r.dir, ['sandbox', 'credentials']);
  expect(files.some(text => text.includes('"javascriptStack"'))).toBe(true);
  const everything = [...outputs, ...files];
  for (const form of FORMS) {
    expect(
      everything
        .filter(text => text.includes(form))
        .map(text => text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form))),
    ).toEqual([]);
  }
  expect(outputs.join('')).toContain(says);
  expect(openToOthers(join(r.dir, '.state/postrider'))).toEqual([]);
});

it('a literal password in connections.yaml is masked like any secret', async () => {
  r = await rehearsal({ sandboxPassword: CANARY, connections: { web: { password: JSON.stringify(CANARY) } } });
  const result = await r.run('--only', 'deploy', '--json');
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout + result.stderr).not.toContain(CANARY);
  const state = filesBelow(join(r.dir, '.state'), []);
  expect(state.length).toBeGreaterThan(0);
  expect(state.filter(text => text.includes(CANARY))).toEqual([]);
});

it('the process list of this machine can be read, so the test above can fail', () => {
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).toContain('node');
});

function filesBelow(dir: string, except: readonly string[]): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name);
    if (except.includes(entry.name) || entry.name === 'connections.yaml') return [];
    return entry.isDirectory() ? filesBelow(path, []) : [readFileSync(path, 'latin1')];
  });
}

/** The folder itself and all in it that anybody but the owner may touch. */
function openToOthers(dir: string): string[] {
  const paths = [dir, ...readdirSync(dir, { recursive: true, encoding: 'utf8' }).map(name => join(dir, name))];
  return paths.filter(path => (statSync(path).mode & 0o077) !== 0);
}
