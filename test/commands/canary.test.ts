// A password planted in a job shows up nowhere: not in state, logs, events, archive, stdout, stderr or the process list.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { type Rehearsal, rehearsal } from '../support/rehearsal.ts';

const CANARY = 'c4n4ry-Pa$$w0rd';
const FORMS = [
  CANARY,
  Buffer.from(CANARY).toString('base64').replace(/=+$/, ''),
  encodeURIComponent(CANARY),
  Buffer.from(`\0sandbox\0${CANARY}`).toString('base64'),
];

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
        echo "plain $CANARY"; echo "base64 $(printf %s "$CANARY" | base64)"; echo "inline \${{ secrets.sandbox }}" >&2
        echo "value=$CANARY" >> "$POSTRIDER_OUTPUT"
        exit 3
      env: { CANARY: "\${{ secrets.sandbox }}" }
`;

it.each([
  ['when all goes well', CANARY, 0],
  ['when sign-in is refused', `${CANARY}-wrong`, 4],
])('%s', async (_when, password, code) => {
  r = await rehearsal({ sandboxPassword: CANARY, password, messages: [Buffer.from('Subject: hi\r\n\r\nhello\r\n')] });
  const job = join(r.dir, 'main.yaml');
  writeFileSync(job, readFileSync(job, 'utf8') + LEAKY);
  const outputs: string[] = [];
  for (const args of [
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
    if (args[0] === 'run') expect(result.code, result.stderr + result.stdout).toBe(code);
  }
  const everything = [...outputs, ...filesBelow(r.dir, join(r.dir, 'sandbox'))];
  for (const form of FORMS) {
    expect(
      everything
        .filter(text => text.includes(form))
        .map(text => text.slice(Math.max(0, text.indexOf(form) - 200), text.indexOf(form))),
    ).toEqual([]);
  }
  expect(outputs.join('')).toContain('****');
});

it('a literal password in connections.yaml is masked like any secret', async () => {
  r = await rehearsal({ sandboxPassword: CANARY, connections: { web: { password: JSON.stringify(CANARY) } } });
  const result = await r.run('--only', 'deploy', '--json');
  expect(result.code, result.stderr).toBe(0);
  expect(result.stdout + result.stderr).not.toContain(CANARY);
  const state = filesBelow(join(r.dir, '.state'), '');
  expect(state.length).toBeGreaterThan(0);
  expect(state.filter(text => text.includes(CANARY))).toEqual([]);
});

it('the process list of this machine can be read, so the test above can fail', () => {
  expect(execFileSync('ps', ['-eo', 'args'], { encoding: 'utf8' })).toContain('node');
});

function filesBelow(dir: string, except: string): string[] {
  return readdirSync(dir, { withFileTypes: true }).flatMap(entry => {
    const path = join(dir, entry.name);
    if (path === except || path === join(dir, 'connections.yaml')) return [];
    return entry.isDirectory() ? filesBelow(path, except) : [readFileSync(path, 'latin1')];
  });
}
