// The system keychain as it is on a desktop: a real gnome-keyring on a D-Bus session of its own, through keytar and libsecret.
import { execFile } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { systemClock } from '../../src/core/clock.ts';
import { systemRandom } from '../../src/core/random.ts';
import { startSandbox } from '../../src/sandbox/index.ts';
import { BIN } from '../support/cli.ts';
import { type TempDir, tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';

const CANARY = 'c4n4ry-Pa55w0rd';

let dir: TempDir;
beforeEach(async () => {
  dir = await tempDir();
  mkdirSync(join(dir.path, 'runtime'), { mode: 0o700 });
});
afterEach(() => dir.remove());

/** Runs lines of a script inside a session with an unlocked keyring; `postrider` is the built program. */
function inSession(script: string): Promise<{ code: number; output: string }> {
  const lines = `printf unlock | gnome-keyring-daemon --unlock --components=secrets >keyring.log 2>&1
postrider() { "${process.execPath}" "${BIN}" "$@" 2>&1; }
${script}`;
  const env = {
    PATH: process.env.PATH,
    HOME: dir.path,
    XDG_STATE_HOME: join(dir.path, 'state'),
    XDG_RUNTIME_DIR: join(dir.path, 'runtime'),
    LANG: 'C.UTF-8',
  };
  return new Promise(resolve => {
    execFile('dbus-run-session', ['--', 'sh', '-c', lines], { cwd: dir.path, env }, (error, stdout, stderr) =>
      resolve({ code: Number(error?.code ?? 0), output: stdout + stderr }),
    );
  });
}

describeReal('gnome-keyring', ['gnome-keyring'], () => {
  it('keeps a secret that a run uses, that is listed by name only, and that can be deleted', async () => {
    writeFileSync(
      join(dir.path, 'job.yaml'),
      `name: job\nsteps:\n  - id: use\n    uses: shell\n    with: { run: 'test \${#VALUE} = ${CANARY.length}; echo "it is $VALUE"', env: { VALUE: "\${{ secrets.web }}" } }\n`,
    );
    const { code, output } = await inSession(`
printf %s '${CANARY}' | postrider secret set web --backend keychain || exit 1
echo; postrider secret list || exit 2
echo; postrider secret check job.yaml || exit 3
echo; postrider run job.yaml || exit 4
echo; postrider doctor || exit 5
echo; postrider secret delete web || exit 6
echo; postrider run job.yaml; test $? = 4 || exit 7
`);
    expect(code, output).toBe(0);
    expect(output).toContain('web is in the keychain');
    expect(output).toMatch(/^web +keychain/m);
    expect(output).toMatch(/^web +keychain +keychain +step use$/m);
    expect(output).toContain('it is ****');
    expect(output).toMatch(/^keychain +ok +usable; 1 secret$/m);
    expect(output).toContain('web is no longer in the keychain');
    expect(output).toContain('the secret web is nowhere to be found');
    expect(output).not.toContain(CANARY);
  });

  it('that is locked says so, to who asks for what is in it and to who looks for it', async () => {
    const { code, output } = await inSession(`
printf %s '${CANARY}' | postrider secret set web --backend keychain || exit 1
dbus-send --session --print-reply --dest=org.freedesktop.secrets /org/freedesktop/secrets \\
  org.freedesktop.Secret.Service.Lock array:objpath:/org/freedesktop/secrets/collection/login >lock.log || exit 2
printf 'steps: [{ id: a, run: "echo \${{ secrets.web }}" }]\n' >job.yaml
postrider secret list || exit 3
postrider doctor || exit 4
postrider secret check job.yaml; test $? = 4 || exit 5
printf x | postrider secret set other --backend keychain; test $? = 4 || exit 6
postrider secret delete web; test $? = 4 || exit 7
postrider secret delete web --backend keychain; test $? = 4 || exit 8
export POSTRIDER_VAULT_KEY_FILE="$HOME/vault.key"
printf x | postrider secret set web || exit 9
postrider secret delete web || exit 10
printf 'connections: { out: { type: smtp, host: localhost, user: me, oauth2: robot } }\nsteps: [{ id: a, uses: smtp/send, with: { connection: out, from: a@b.example, to: [c@d.example], subject: x, text: x } }]\n' >mail.yaml
postrider secret check mail.yaml; test $? = 4 || exit 11
`);
    expect(code, output).toBe(0);
    expect(output).toMatch(/^keychain +- +the system’s keychain cannot be used: it is locked$/m);
    expect(output).toContain('the secret web is nowhere to be found, and the keychain is locked');
    expect(output).toContain('Unlock it: sign in on the desktop');
    expect(output).toContain('The keychain is locked');
    expect(output.match(/whether web is in the keychain is not known, and nothing was deleted: it is locked/g)).toHaveLength(2);
    expect(output).toContain('web is no longer in the vault\nThe keychain is locked: what is in it was not looked at.');
    expect(output).toContain('whether anybody has signed in as robot is not known: the keychain is locked');
  });

  it('keeps the tokens of a sign-in, which are replaced there and stand nowhere else', async () => {
    const sandbox = await startSandbox({ dir: join(dir.path, 'sandbox'), clock: systemClock, random: systemRandom });
    try {
      const { port } = sandbox.endpoints.smtp;
      const connection = `{ type: smtp, host: localhost, port: ${port}, ca: ${sandbox.caFile}, user: me, oauth2: robot }`;
      const send = 'connection: outbox, from: a@example.org, to: [b@example.org], subject: hi, text: hi';
      writeFileSync(
        join(dir.path, 'job.yaml'),
        `name: job\nconnections:\n  outbox: ${connection}\nsteps:\n  - id: send\n    uses: smtp/send\n    with: { ${send} }\n`,
      );
      const { code, output } = await inSession(`
export POSTRIDER_SECRET_CUSTOM_CLIENT_ID=me
postrider login robot --provider custom --scope mail --issuer ${sandbox.issuer} --backend keychain || exit 1
postrider run job.yaml || exit 2
"${process.execPath}" -e 'await fetch("${sandbox.issuer}/end-access-tokens")' --input-type=module || exit 6
postrider run job.yaml || exit 3
postrider secret list || exit 4
postrider secret check job.yaml || exit 5
`);
      expect(code, output).toBe(0);
      expect(output).toMatch(/^oauth2-robot +keychain/m);
      expect(await sandbox.mailbox.list()).toHaveLength(2);
      const refresh = sandbox.tokens.issued;
      expect(refresh.length).toBeGreaterThanOrEqual(4);
      const files = readdirSync(dir.path, { recursive: true, withFileTypes: true, encoding: 'utf8' })
        .filter(entry => entry.isFile())
        .map(entry => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
      for (const token of refresh) expect([output, ...files].filter(text => text.includes(token))).toEqual([]);
    } finally {
      await sandbox.close();
    }
  });
});
