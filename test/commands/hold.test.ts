// Two runs of one job at once: what `overlap` says, and a monitor that is told how a run went.
import { existsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { cli, inTempDir, startCli } from '../support/cli.ts';

/** Runs until the file `go` appears. */
const job = (overlap: string) =>
  `name: slow\noverlap: ${overlap}\nsteps:\n  - { id: wait, run: "echo started; until [ -e go ]; do sleep 0.05; done" }\n`;

async function pair(dir: string, overlap: string) {
  writeFileSync(join(dir, 'slow.yaml'), job(overlap));
  const first = startCli(['run', 'slow.yaml', '--state', 'state'], { cwd: dir });
  await first.output(/started/);
  return { first, second: startCli(['run', 'slow.yaml', '--state', 'state'], { cwd: dir }) };
}

describe('overlap', () => {
  it('skip: the second leaves with 8 and says who holds the job', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'skip');
      const refused = await second.done;
      expect(refused).toMatchObject({ code: 8, stderr: expect.stringMatching(new RegExp(`\\b${first.child.pid}\\b`)) });
      writeFileSync(join(dir, 'go'), '');
      expect((await first.done).code).toBe(0);
    }));

  it('queue: the second waits for the first', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'queue');
      await second.output(/waiting for it to end/);
      writeFileSync(join(dir, 'go'), '');
      expect([(await first.done).code, (await second.done).code]).toEqual([0, 0]);
    }));

  it('replace: the second ends the first', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'replace');
      expect((await first.done).code).toBe(143);
      writeFileSync(join(dir, 'go'), '');
      expect((await second.done).code).toBe(0);
    }));

  it('allow: both run', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'allow');
      await second.output(/started/);
      writeFileSync(join(dir, 'go'), '');
      expect([(await first.done).code, (await second.done).code]).toEqual([0, 0]);
    }));

  it('a run whose process was killed holds nothing and is remembered as crashed', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'queue');
      await second.output(/waiting for it to end/);
      first.child.kill('SIGKILL');
      await first.done;
      writeFileSync(join(dir, 'go'), '');
      expect((await second.done).code).toBe(0);
      const { stdout } = await cli(['history', '--state', 'state', '--json'], { cwd: dir });
      expect(
        JSON.parse(stdout).runs.map((run: { status: string; error?: { code: string } }) => run.error?.code ?? run.status),
      ).toEqual(['succeeded', 'crashed']);
    }));

  it('Ctrl-C while waiting leaves with 130', () =>
    inTempDir(async dir => {
      const { first, second } = await pair(dir, 'queue');
      await second.output(/waiting for it to end/);
      second.child.kill('SIGINT');
      expect((await second.done).code).toBe(130);
      writeFileSync(join(dir, 'go'), '');
      expect((await first.done).code).toBe(0);
      expect(existsSync(join(dir, 'state'))).toBe(true);
    }));
});

describe('cancel', () => {
  it('ends a run from another terminal, and says how it ended', () =>
    inTempDir(async dir => {
      writeFileSync(join(dir, 'slow.yaml'), job('queue'));
      const running = startCli(['run', 'slow.yaml', '--state', 'state'], { cwd: dir });
      await running.output(/started/);
      const cancelled = await cli(['cancel', 'last', '--state', 'state', '--json'], { cwd: dir });
      expect(cancelled.code, cancelled.stderr).toBe(0);
      expect(JSON.parse(cancelled.stdout)).toMatchObject({ version: 1, status: 'cancelled' });
      expect((await running.done).code).toBe(143);
      const again = await cli(['cancel', 'last', '--state', 'state'], { cwd: dir });
      expect(again).toMatchObject({ code: 1, stderr: expect.stringMatching(/ended as cancelled/) });
    }));
});

describe('ping', () => {
  it.each([
    ['true', ['/abc/start', '/abc']],
    ['false', ['/abc/start', '/abc/fail']],
  ])('run: %s', (command, paths) =>
    inTempDir(async dir => {
      const seen: URL[] = [];
      const server = createServer((request, response) => {
        seen.push(new URL(request.url ?? '', 'http://x'));
        response.end('OK');
      });
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const { port } = server.address() as AddressInfo;
      writeFileSync(
        join(dir, 'p.yaml'),
        `name: p\nping: "http://127.0.0.1:${port}/\${{ secrets.key }}"\nsteps:\n  - { id: a, run: "${command}" }\n`,
      );
      await cli(['run', 'p.yaml'], { cwd: dir, env: { POSTRIDER_SECRET_KEY: 'abc' } });
      server.close();
      expect(seen.map(url => url.pathname)).toEqual(paths);
      expect(new Set(seen.map(url => url.searchParams.get('rid'))).size).toBe(1);
    }));

  it('a monitor that is away is mentioned and harms nothing', () =>
    inTempDir(async dir => {
      writeFileSync(join(dir, 'p.yaml'), 'name: p\nping: "http://127.0.0.1:1/x"\nsteps:\n  - { id: a, run: "true" }\n');
      const result = await cli(['run', 'p.yaml'], { cwd: dir });
      expect(result).toMatchObject({ code: 0, stderr: expect.stringMatching(/ping\/start: /) });
    }));
});
