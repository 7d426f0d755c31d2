import { describe, expect, it } from 'vitest';
import { createRenderer } from '../../src/progress/renderer.ts';
import { COLUMNS_DEFAULT, columnsOf, ROWS_DEFAULT, rowsOf } from '../../src/progress/screen.ts';
import type { RunEvent } from '../../src/run/events.ts';
import { Terminal } from '../support/terminal.ts';
import { settled, VirtualClock } from '../support/virtual-clock.ts';
import { at, BEGINNING, END, MIDDLE, STARTED, T0 } from './story.ts';

function begin(columns: number, color = false) {
  const clock = new VirtualClock(T0);
  const terminal = new Terminal(columns);
  const stdout = new Terminal(columns);
  const renderer = createRenderer('tree', { stderr: terminal, stdout, clock, color });
  const tell = async (events: readonly RunEvent[]) => {
    for (const event of events) {
      await clock.advance(event.at - clock.now());
      await renderer.on(event);
    }
    await settled();
  };
  return { clock, terminal, stdout, renderer, tell };
}

describe.each([80, 40, 20])('the tree at %i columns', columns => {
  it('shows what happens, and what came of it', async () => {
    const { clock, terminal, stdout, renderer, tell } = begin(columns);
    await tell(BEGINNING);
    expect(terminal.text).toMatchSnapshot('beginning');
    expect(terminal.cursorShown).toBe(false);
    await tell(MIDDLE);
    await clock.advance(100);
    expect(terminal.text).toMatchSnapshot('in the middle');
    await clock.advance(2_000);
    expect(terminal.text).toMatchSnapshot('two seconds later');
    await tell(END);
    await renderer.close();
    expect(terminal.text).toMatchSnapshot('end');
    expect(terminal.cursorShown).toBe(true);
    expect(terminal.colours).toEqual([]);
    expect(stdout.raw).toBe('');
    expect(clock.pending).toBe(0);
  });
});

describe('the tree', () => {
  it('is coloured when asked for', async () => {
    const { terminal, renderer, tell } = begin(80, true);
    await tell([...BEGINNING, ...MIDDLE, ...END]);
    await renderer.close();
    expect(new Set(terminal.colours)).toContain('\u001b[31m');
  });

  it('gives the terminal back when it is closed in the middle, twice too', async () => {
    const { clock, terminal, renderer, tell } = begin(80);
    await tell([...BEGINNING, ...MIDDLE]);
    await renderer.close();
    await renderer.close();
    expect(terminal.cursorShown).toBe(true);
    expect(clock.pending).toBe(0);
    expect(terminal.text).not.toContain('✔');
  });

  it('shows steps that begin and end at once', async () => {
    const { terminal, renderer } = begin(80);
    for (const event of [...BEGINNING, ...END]) await renderer.on(event);
    await renderer.close();
    expect(terminal.text.split('\n').slice(0, 4)).toEqual([
      '✔ deploy  uploaded 20, 5.7 MB  2.0 s',
      '✖ mail    failed after 2 attempts  7.0 s',
      '↓ report  skipped',
      '✔ alarm   100 ms',
    ]);
  });

  it('is nothing when closed before anything began', async () => {
    const { terminal, renderer } = begin(80);
    await renderer.close();
    expect(terminal.raw).toBe('');
  });

  it('lets no server write on the terminal', async () => {
    const { terminal, renderer, tell } = begin(80);
    const evil = 'a\u001b[2J\u001b]0;title\u0007\r\nb\u202e';
    await tell([
      STARTED,
      at(1, { type: 'step-started', step: 'deploy', uses: 'ftp/mirror', attempt: 1 }),
      at(2, { type: 'step-progress', step: 'deploy', done: 1, unit: 'files', item: evil }),
      at(3, { type: 'step-note', step: 'deploy', level: 'warning', message: evil }),
      at(500, {
        type: 'step-retrying',
        step: 'deploy',
        attempt: 1,
        delayMs: 1,
        error: { code: 'x', message: evil, retry: 'later' },
      }),
      at(600, {
        type: 'step-finished',
        ...{ step: 'deploy', status: 'failed', tolerated: false, attempts: 1, durationMs: 1, outputs: { [evil]: evil } },
        error: { code: 'x', message: evil, hint: evil, retry: 'never' },
      }),
      at(700, { type: 'run-finished', status: 'failed', steps: {}, durationMs: 1 }),
    ]);
    await renderer.close();
    expect(terminal.raw).not.toMatch(/\u001b\[2J|\u001b\]|\u0007|\r|\u202e/);
  });

  it('goes on without a word when its reader has gone', async () => {
    const clock = new VirtualClock(T0);
    const gone = {
      columns: 80,
      write: () => {
        throw Object.assign(new Error('write EPIPE'), { code: 'EPIPE' });
      },
    };
    const renderer = createRenderer('tree', { stderr: gone, stdout: gone, clock, color: false });
    for (const event of [...BEGINNING, ...MIDDLE, ...END]) await renderer.on(event);
    await renderer.close();
    expect(clock.pending).toBe(0);
  });

  it('takes any width', async () => {
    for (const columns of [20, 21, 25, 30, 55, 100, 200]) {
      const { terminal, renderer, tell } = begin(columns);
      await tell([...BEGINNING, ...MIDDLE, ...END]);
      await renderer.close();
      expect(terminal.text).toContain('nightly');
    }
    expect(columnsOf({ write: () => true, columns: 3 })).toBe(20);
    const nothing = { write: () => true, columns: 0, rows: 0 };
    expect([columnsOf(nothing), rowsOf(nothing)]).toEqual([COLUMNS_DEFAULT, ROWS_DEFAULT]);
  });
});
