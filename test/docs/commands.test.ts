// Every command of README and docs is run, page by page, as its reader would; a console shows what then appears.
// A block that is not run says why in a comment before it.
import { spawn } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMMANDS, JOBS, nameOf, PAGES, scriptOf, shownBy } from './blocks.ts';
import { type World, world } from './world.ts';

describe.each(PAGES)('%s', page => {
  const own = COMMANDS.filter(block => block.page === page);
  let place: World;
  beforeAll(async () => {
    place = await world();
    // Its own jobs in the place of those that other pages call the same.
    for (const job of [...JOBS].sort((a, b) => Number(a.page === page) - Number(b.page === page))) {
      const name = /^name: (.+)$/m.exec(job.text)?.[1] ?? 'job';
      await writeFile(join(place.dir, 'jobs', `${name}.yaml`), place.local(job.text));
    }
    // There is a run to look at, one that failed because of what is mended now.
    if (own.some(block => / last\b/.test(scriptOf(block)))) await bash('postrider run flaky || touch jobs/fixed', place);
  });
  afterAll(() => place.close());

  it.each(
    own.filter(block => block.notRun === undefined).map(block => [nameOf(block), block] as const),
  )('%s', async (_name, block) => {
    const { code, output } = await bash(place.local(scriptOf(block)), place);
    expect(code, output).toBe(block.exit);
    const appeared = new Set(output.split('\n').map(comparable));
    for (const line of shownBy(block)) expect(isIn(appeared, comparable(line)), `${line}\n\n${output}`).toBe(true);
  });

  it('gives a reason for every block that is not run', () => {
    for (const block of own) expect(block.notRun ?? 'it runs', nameOf(block)).toMatch(/\w+ \w+/);
  });
});

function bash(script: string, { dir, env }: World): Promise<{ readonly code: number | null; readonly output: string }> {
  const child = spawn('bash', ['-eo', 'pipefail'], { cwd: dir, env: { ...env }, stdio: ['pipe', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', text => (output += text));
  child.stdin.end(script);
  return new Promise(done => child.on('close', code => done({ code, output })));
}

/** A line without what differs from run to run. */
function comparable(line: string): string {
  return line
    .replace(/\d{8}-\d{6}-[0-9a-f]{6}/g, 'RUN')
    .replace(/\d{4}-\d\d-\d\d( \d\d:\d\d)?/g, 'DATE')
    .replace(/\d\d:\d\d:\d\d/g, 'TIME')
    .replace(/\d+(\.\d+)? (ms|s)\b/g, 'TOOK')
    .replace(/\d+(\.\d+)? K?B\b/g, 'SIZE')
    .replace(/<postrider\..*/, 'MESSAGE')
    .replace(/\s+/g, ' ')
    .trimEnd();
}

/** A line that ends with … is the beginning of one. */
function isIn(lines: ReadonlySet<string>, line: string): boolean {
  if (!line.endsWith('…')) return lines.has(line);
  return [...lines].some(each => each.startsWith(line.slice(0, -1)));
}
