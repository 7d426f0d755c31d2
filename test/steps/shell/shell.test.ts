import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../../src/core/clock.ts';
import { CancelledError } from '../../../src/core/errors.ts';
import { check } from '../../../src/core/schema.ts';
import { shell } from '../../../src/steps/shell/index.ts';
import { LINE_LENGTH_MAX, LineReader } from '../../../src/steps/shell/line-reader.ts';
import { OUTPUTS_MAX, parseOutputs } from '../../../src/steps/shell/output-file.ts';
import { ERROR_LINE_LENGTH_MAX } from '../../../src/steps/shell/run.ts';
import type { StepContext } from '../../../src/steps/step.ts';
import { spawnSync } from '../../support/sync-child.ts';
import { type TempDir, tempDir } from '../../support/temp-dir.ts';

let dir: TempDir;
let notes: string[];
beforeEach(async () => {
  dir = await tempDir();
  notes = [];
});
afterEach(() => dir.remove());

function context(overrides: Partial<StepContext> = {}): StepContext {
  return {
    signal: new AbortController().signal,
    clock: systemClock,
    progress: () => undefined,
    note: (_, message) => notes.push(message),
    workdir: dir.path,
    env: { PATH: process.env['PATH'], POSTRIDER_PASSWORD: 'hidden', HOME: '/home/x', TMPDIR: dir.path },
    job: { name: 'job', file: '/job.yaml' },
    run: { id: 'run-1', startedAt: 0, host: 'h', trigger: 'manual' },
    ...overrides,
  } as StepContext;
}

function run(settings: Record<string, unknown>, overrides: Partial<StepContext> = {}) {
  const config = check(shell.schema, settings);
  if (!config.ok) throw new Error(JSON.stringify(config.issues));
  return shell.run(config.value, context(overrides));
}

/** Ended, collected or not. The kernel takes a moment between closing a process's output and calling it ended. */
function hasEnded(pid: number): Promise<void> {
  return vi.waitFor(() => expect(stateOf(pid)).toMatch(/^[ZX]/), 10_000);
}

function stateOf(pid: number): string {
  return spawnSync('ps', ['-o', 'stat=', '-p', String(pid)], { encoding: 'utf8' }).stdout.trim() || 'X';
}

describe('a script', () => {
  it('runs in the workdir, says what it says, and gives its exit code', async () => {
    expect(await run({ run: 'pwd\necho "two  spaces"\nprintf "no end"' })).toEqual({ 'exit-code': 0 });
    expect(notes).toEqual([dir.path, 'two  spaces', 'no end']);
  });

  it('gives outputs back through $POSTRIDER_OUTPUT', async () => {
    const script = 'echo "a=1=2" >> "$POSTRIDER_OUTPUT"\nprintf "long<<END\\nx\\ny\\nEND\\n" >> "$POSTRIDER_OUTPUT"';
    expect(await run({ run: script })).toEqual({ a: '1=2', long: 'x\ny', 'exit-code': 0 });
  });

  it('stops at the first failing command, and the error shows its last words', async () => {
    const error = await run({ run: 'echo before\necho why >&2\n(exit 3)\necho after' }).catch((cause: unknown) => cause);
    expect(error).toMatchObject({ code: 'shell-failed', retry: 'never' });
    expect((error as Error).message).toContain('exit code 3');
    expect((error as Error).message).toContain('why');
    expect(notes).not.toContain('after');
  });

  it('shows no long line in the error, where it would have to be cut', async () => {
    const script = `printf '%*s\\n' ${ERROR_LINE_LENGTH_MAX + 1} x\nprintf '%*s\\n' ${ERROR_LINE_LENGTH_MAX} y\nexit 1`;
    const error = (await run({ run: script }).catch((cause: unknown) => cause)) as Error;
    expect(error.message.split('\n').slice(1)).toEqual([
      `(a line of ${ERROR_LINE_LENGTH_MAX + 1} characters)`,
      'y'.padStart(ERROR_LINE_LENGTH_MAX),
    ]);
    expect(notes).toHaveLength(2);
  });

  it.each([
    ['a failing pipe', 'false | cat', 'never'],
    ['exit code 75', 'exit 75', 'later'],
    ['a signal', 'kill -KILL $$', 'never'],
    ['a syntax error', 'if then', 'never'],
  ])('fails with %s', async (_, script, retry) => {
    await expect(run({ run: script })).rejects.toMatchObject({ code: 'shell-failed', retry });
  });

  it('says why exit code 75 brings no second try', async () => {
    await expect(run({ run: 'exit 75' })).rejects.toMatchObject({ hint: expect.stringContaining('repeatable: true') });
    const repeatable = run({ run: 'exit 75', repeatable: true });
    await expect(repeatable).rejects.toMatchObject({ hint: expect.not.stringContaining('repeatable') });
    const final = run({ run: 'exit 1', repeatable: true });
    await expect(final).rejects.toMatchObject({ hint: expect.stringContaining('only 75 asks for another try') });
  });

  it('has an empty standard input: no command can swallow the rest of the script', async () => {
    await run({ run: 'cat\necho still here' });
    expect(notes).toEqual(['still here']);
  });

  it('waits for its own children alone, and knows of no others', async () => {
    await run({ run: 'wait; jobs; (exit 3) & wait; (: <&3) 2>/dev/null || echo alone' });
    expect(notes).toEqual(['alone']);
  });

  it('gets few variables of ours, and those of the job', async () => {
    await run({ run: 'env', env: { MINE: 'yes' } });
    expect(notes).toContain('MINE=yes');
    expect(notes).toContain('POSTRIDER_RUN=run-1');
    expect(notes.join('\n')).not.toContain('hidden');
  });

  it('is in no argument and no file while it runs', async () => {
    await run({
      run: `: canary-7341\ntr '\\0' ' ' < /proc/$$/cmdline\necho\nfind . -type f | xargs grep -l canary || echo none`,
    });
    expect(notes.join('\n')).not.toContain('canary');
    expect(notes.at(-1)).toBe('none');
    expect(readdirSync(dir.path)).toEqual([]);
  });

  it('runs with another program, from standard input or from a file', async () => {
    await run({ run: 'print(6 * 7)', shell: 'python3 -' });
    await run({ run: 'import sys; print(len(sys.argv))', shell: 'python3 {0}' });
    expect(notes).toEqual(['42', '1']);
    await expect(run({ run: 'x', shell: 'no-such-program-here' })).rejects.toMatchObject({ code: 'shell-missing' });
  });

  it('says that the workdir is missing', async () => {
    await expect(run({ run: 'true' }, { workdir: join(dir.path, 'gone') })).rejects.toMatchObject({ code: 'file-missing' });
  });

  it('ends, with its children, when it is cancelled, however deaf it is', async () => {
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const note: StepContext['note'] = (_, message) => {
      notes.push(message);
      if (message === 'ready') started.resolve();
    };
    const script = `trap '' TERM\n(trap '' TERM; echo $BASHPID > new; mv new child; while :; do sleep 0.05; done) &\nuntil [ -e child ]; do sleep 0.01; done; echo ready\nwhile :; do sleep 0.05; done`;
    const work = run({ run: script }, { signal: stop.signal, note });
    await started.promise;
    stop.abort(new CancelledError());
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    const child = Number(readFileSync(join(dir.path, 'child'), 'utf8'));
    await hasEnded(child);
  });

  it('ends what survives its shell', async () => {
    const stop = new AbortController();
    const started = Promise.withResolvers<void>();
    const note = (_: string, message: string) => (message === 'ready' ? started.resolve() : undefined);
    const script = `(trap '' TERM; echo $BASHPID > new; mv new child; while :; do sleep 0.05; done) &\nuntil [ -e child ]; do sleep 0.01; done; echo ready\nwait`;
    const work = run({ run: script }, { signal: stop.signal, note });
    await started.promise;
    stop.abort(new CancelledError());
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
    await hasEnded(Number(readFileSync(join(dir.path, 'child'), 'utf8')));
  });

  it('hears an abort that comes while it is being prepared', async () => {
    const stop = new AbortController();
    const work = run({ run: 'while :; do sleep 0.05; done' }, { signal: stop.signal });
    stop.abort(new CancelledError());
    await expect(work).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('does not wait for what it leaves behind, and ends it', async () => {
    await run({ run: 'sleep 600 & echo $! > child' });
    await hasEnded(Number(readFileSync(join(dir.path, 'child'), 'utf8')));
  });

  it('does not start once cancelled', async () => {
    const signal = AbortSignal.abort(new CancelledError());
    await expect(run({ run: 'touch started' }, { signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(dir.path)).toEqual([]);
  });
});

describe('parseOutputs', () => {
  it.each(['no sign', '=x', '1a=x', 'a<<', 'a<<END\nx', 'a b=1'])('refuses %j', text => {
    expect(() => parseOutputs(text)).toThrow(/POSTRIDER_OUTPUT: line 1/);
  });

  it('takes its limit and not one more', () => {
    const lines = (count: number) => Array.from({ length: count }, (_, i) => `n${i}=v`).join('\n');
    expect(Object.keys(parseOutputs(lines(OUTPUTS_MAX)))).toHaveLength(OUTPUTS_MAX);
    expect(() => parseOutputs(lines(OUTPUTS_MAX + 1))).toThrow(/more than/);
  });
});

describe('LineReader', () => {
  const bytes = Buffer.from('grün\r\n\u001b[31mred\u001b[0m\nold\rnew\n\nlast');
  const read = (chunks: readonly Buffer[]) => {
    const lines: string[] = [];
    const reader = new LineReader(line => lines.push(line));
    for (const chunk of chunks) reader.write(chunk);
    reader.end();
    return lines;
  };

  it('reads the same lines wherever the bytes are split', () => {
    const whole = read([bytes]);
    expect(whole).toEqual(['grün', 'red', 'old', 'new', 'last']);
    for (let at = 0; at <= bytes.length; at++) expect(read([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    expect(read([...bytes].map(byte => Buffer.of(byte)))).toEqual(whole);
  });

  it('cuts lines at their limit, whole or in pieces, and goes on with the next', () => {
    const long = 'x'.repeat(LINE_LENGTH_MAX);
    for (const size of [1_000, LINE_LENGTH_MAX, 10 * LINE_LENGTH_MAX]) {
      const lines = (text: string) => read(text.match(new RegExp(`[^]{1,${size}}`, 'g'))?.map(part => Buffer.from(part)) ?? []);
      expect(lines(`${long}\nnext`)).toEqual([long, 'next']);
      expect(lines(`${long}y\nnext`)).toEqual([long, 'next']);
      expect(lines(`${long}${long}${long}y`)).toEqual([long]);
    }
  });
});
