// The completion scripts in the shells that they are for, with somebody pressing Tab.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { BIN, ROOT } from '../support/cli.ts';
import { Pty } from '../support/pty.ts';
import { tempDir } from '../support/temp-dir.ts';
import { describeReal } from './require.ts';

/** What is typed before Tab, and what stands there afterwards. */
const CASES = [
  ['postrider valid', 'postrider validate '],
  ['postrider run nightl', 'postrider run nightly-report '],
  ['postrider run nightly-report --only de', 'postrider run nightly-report --only deploy '],
  ['postrider ftp ls @w', 'postrider ftp ls @web'],
  ['postrider secret set pi', 'postrider secret set ping-url '],
  ['postrider history --status=fai', 'postrider history --status=failed '],
  ['postrider ftp put "@web/x" publ', 'postrider ftp put "@web/x" public/'],
] as const;

describeReal('completion', ['shells'], () => {
  let temp: Awaited<ReturnType<typeof tempDir>>;
  let env: Record<string, string>;

  beforeAll(async () => {
    temp = await tempDir();
    await mkdir(join(temp.path, 'bin'));
    await mkdir(join(temp.path, 'public'));
    await mkdir(join(temp.path, 'jobs'));
    for (const name of ['nightly-report.yaml', 'connections.yaml', 'deploy-site.yaml']) {
      await copyFile(join(ROOT, 'jobs', name), join(temp.path, 'jobs', name));
    }
    await writeFile(join(temp.path, 'jobs/pinged.yaml'), 'ping: "${{ secrets.ping-url }}"\nsteps: [{ id: a, run: "true" }]\n');
    const program = join(temp.path, 'bin/postrider');
    await writeFile(program, `#!/bin/sh\nexec '${process.execPath}' '${BIN}' "$@"\n`);
    await chmod(program, 0o755);
    env = { PATH: `${join(temp.path, 'bin')}:${process.env['PATH']}`, HOME: temp.path, LANG: 'C.UTF-8', PS1: '% ' };
  });
  afterAll(() => temp.remove());

  const typing = async (shell: Pty) => {
    for (const [typed, completed] of CASES) {
      shell.type(`${typed}\t`);
      await shell.until(new RegExp(escaped(completed)));
      shell.type('\u0015');
    }
    shell.enter('exit');
    expect(await shell.exit).toBe(0);
  };

  it('bash', async () => {
    const shell = new Pty(['/usr/bin/bash', '--norc', '--noprofile', '-i'], { cwd: temp.path, env });
    shell.enter('source <(postrider completion bash); echo READ""Y');
    await shell.until(/READY/);
    await typing(shell);
  });

  it('zsh', async () => {
    const shell = new Pty(['/usr/bin/zsh', '-f', '-i'], { cwd: temp.path, env });
    shell.enter('autoload -Uz compinit; compinit -u -D; source <(postrider completion zsh); print READ""Y');
    await shell.until(/READY/);
    await typing(shell);
  });

  it('fish', async () => {
    const asked = CASES.map(([typed]) => `complete -C '${typed}'; echo END`).join('; ');
    const script = `postrider completion fish | source; ${asked}`;
    const { stdout } = await promisify(execFile)('/usr/bin/fish', ['--no-config', '-c', script], { cwd: temp.path, env });
    const answers = stdout.split('END\n').slice(0, CASES.length);
    expect(answers.map(answer => answer.split('\t')[0]?.trim())).toEqual(
      CASES.map(([, completed]) => completed.trim().split(' ').at(-1)),
    );
  });
});

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
