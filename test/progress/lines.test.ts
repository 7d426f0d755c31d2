import { describe, expect, it } from 'vitest';
import { eventLine } from '../../src/progress/lines.ts';
import { createRenderer, type RendererKind } from '../../src/progress/renderer.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { VirtualClock } from '../support/virtual-clock.ts';
import { at, BEGINNING, END, FINISHED, MIDDLE, STARTED, T0 } from './story.ts';

class Pipe {
  text = '';
  readonly columns?: number;
  write = (more: string) => {
    this.text += more;
    return true;
  };
  get lines(): string[] {
    return this.text
      .replaceAll(/^\d\d:\d\d:\d\d/gm, 'HH:MM:SS')
      .trimEnd()
      .split('\n');
  }
}

async function show(kind: RendererKind, events: readonly RunEvent[], color = false) {
  const [stderr, stdout] = [new Pipe(), new Pipe()];
  const renderer = createRenderer(kind, { stderr, stdout, clock: new VirtualClock(T0), color });
  for (const event of events) await renderer.on(event);
  await renderer.close();
  await renderer.close();
  return { stderr, stdout };
}

const STORY = [...BEGINNING, ...MIDDLE, ...END];

describe('lines', () => {
  it('of an error that has many lines hold the first, of which the end holds all', async () => {
    const error = {
      code: 'shell-failed',
      message: 'the script ended with exit code 1:\nnpm error\nnpm error 2',
      retry: 'never',
    } as const;
    const { stderr } = await show('lines', [
      ...BEGINNING,
      at(1_000, { type: 'step-finished', step: 'deploy', ...FINISHED, status: 'failed', durationMs: 900, error }),
      at(1_100, { type: 'run-finished', status: 'failed', steps: {}, durationMs: 1_000 }),
    ]);
    expect(stderr.lines).toContain('HH:MM:SS deploy  failed in 900 ms: the script ended with exit code 1: …');
    expect(stderr.lines).toContain('  npm error 2');
    expect(stderr.text).not.toContain('\\x0a');
  });

  it('tell every change in one line, and the end in a few', async () => {
    const { stderr, stdout } = await show('lines', STORY);
    expect(stderr.lines).toEqual([
      'HH:MM:SS run run-1 of nightly',
      'HH:MM:SS deploy  started ftp/mirror',
      'HH:MM:SS mail  started pop3/archive',
      'HH:MM:SS deploy  5 of 20 files (1.4 MB, 1.4 MB/s)',
      'HH:MM:SS deploy  10 of 20 files (2.9 MB, 1.4 MB/s)',
      'HH:MM:SS mail  attempt 1 failed, again in 4.0 s: the mailbox is open elsewhere',
      'HH:MM:SS deploy  succeeded in 2.0 s: uploaded 20, 5.7 MB',
      'HH:MM:SS mail  attempt 2',
      'HH:MM:SS mail  error: the server answered PASS **** with: [AUTH] go away',
      'HH:MM:SS mail  failed in 7.0 s: pop.example.org does not accept the password of invoices',
      'HH:MM:SS report  skipped',
      'HH:MM:SS alarm  started shell',
      'HH:MM:SS alarm  succeeded in 100 ms',
      'HH:MM:SS run failed in 7.3 s',
      'deploy  succeeded in 2.0 s: uploaded 20, 5.7 MB',
      'mail    failed after 2 attempts in 7.0 s',
      'report  skipped',
      'alarm   succeeded in 100 ms',
      'mail failed after 2 attempts',
      '  pop.example.org does not accept the password of invoices',
      '  hint: Check user and password.',
      '  more: postrider explain sign-in-refused',
      '  error: the server answered PASS **** with: [AUTH] go away',
      'nightly failed after 7.3 s: 2 succeeded, 1 failed, 1 skipped',
    ]);
    expect(stdout.text).toBe('');
  });

  it('hold no escape sequence without colour, and some with it', async () => {
    expect((await show('lines', STORY)).stderr.text).not.toContain('\u001b');
    expect((await show('lines', STORY, true)).stderr.text).toContain('\u001b[31m');
  });

  it('tell progress without an end in sight every five seconds', async () => {
    const step = { type: 'step-progress', step: 'deploy', unit: 'lines' } as const;
    const events = Array.from({ length: 121 }, (_, second) => at(second * 100, { ...step, done: second }));
    const { stderr } = await show('lines', [...BEGINNING, ...events]);
    expect(stderr.lines.slice(3)).toEqual([
      'HH:MM:SS deploy  50 lines (10.0 lines/s)',
      'HH:MM:SS deploy  100 lines (10.0 lines/s)',
    ]);
  });

  it('let nothing through that a terminal would obey, and stay one line each', () => {
    const message = 'a\u001b[2Jb\nc\rd\u202e';
    const line = eventLine(at(0, { type: 'step-note', step: 'x\u0007', level: 'info', message }));
    expect(line).toMatch(/^\d\d:\d\d:\d\d x\\x07 {2}a\\x1b\[2Jb\\x0ac\\x0dd\\u202e$/);
    expect(eventLine(at(0, { type: 'step-note', step: 'x', level: 'info', message: 'y'.repeat(5_000) }))).toHaveLength(1_000);
  });

  it('have the local time', () => {
    const local = new Date(T0);
    const two = (value: number) => String(value).padStart(2, '0');
    const time = `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}`;
    expect(eventLine(STARTED)).toBe(`${time} run run-1 of nightly`);
  });

  it('are none for progress', () => {
    expect(eventLine(at(0, { type: 'step-progress', step: 'x', done: 1, unit: 'files' }))).toBeUndefined();
  });
});

describe('json', () => {
  it('is one event a line on stdout, and nothing else anywhere', async () => {
    const { stderr, stdout } = await show('json', STORY);
    expect(stderr.text).toBe('');
    const events = stdout.text
      .trimEnd()
      .split('\n')
      .map(line => JSON.parse(line) as Record<string, unknown>);
    expect(events).toHaveLength(STORY.length);
    expect(events[0]).toMatchObject({
      version: 1,
      seq: 1,
      at: '2026-11-22T02:30:00.000Z',
      run: 'run-1',
      type: 'run-started',
      job: 'nightly',
    });
    const retrying = events.find(event => event['type'] === 'step-retrying');
    expect(retrying).toMatchObject({
      step: 'mail',
      attempt: 1,
      'delay-ms': 4_000,
      error: { code: 'mailbox-busy', retry: 'later' },
    });
    const last = events.at(-1);
    expect(last).toMatchObject({ type: 'run-finished', status: 'failed', 'duration-ms': 7_300 });
    expect(last?.['steps']).toEqual({ deploy: 'succeeded', mail: 'failed', report: 'skipped', alarm: 'succeeded' });
  });
});

describe('silent', () => {
  it('says nothing of a run that went well', async () => {
    const done = at(1, { type: 'run-finished', status: 'succeeded', steps: {}, durationMs: 1 });
    const { stderr, stdout } = await show('silent', [STARTED, done]);
    expect(stderr.text + stdout.text).toBe('');
  });

  it('says what failed, and only that', async () => {
    const { stderr, stdout } = await show('silent', STORY);
    expect(stdout.text).toBe('');
    expect(stderr.lines).toEqual([
      'mail failed after 2 attempts',
      '  pop.example.org does not accept the password of invoices',
      '  hint: Check user and password.',
      '  more: postrider explain sign-in-refused',
      '  error: the server answered PASS **** with: [AUTH] go away',
      'nightly failed after 7.3 s: 2 succeeded, 1 failed, 1 skipped',
    ]);
  });
});

describe.each(['lines', 'json', 'silent'] as const)('a reader of %s that has gone', kind => {
  const failing = (code: string) => ({
    write: () => {
      throw Object.assign(new Error(`write ${code}`), { code });
    },
  });

  it('ends the writing, not the run', async () => {
    const gone = failing('EPIPE');
    const renderer = createRenderer(kind, { stderr: gone, stdout: gone, clock: new VirtualClock(T0), color: false });
    for (const event of STORY) await renderer.on(event);
    await renderer.close();
  });

  it('is not mistaken for a full disk', async () => {
    const full = failing('ENOSPC');
    const renderer = createRenderer(kind, { stderr: full, stdout: full, clock: new VirtualClock(T0), color: false });
    const tell = async () => {
      for (const event of STORY) await renderer.on(event);
    };
    await expect(tell()).rejects.toThrow('ENOSPC');
  });
});
