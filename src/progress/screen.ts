// What a renderer is handed, and what it is.
import type { Clock } from '../core/clock.ts';
import type { RunListener } from '../run/events.ts';
import type { TextSink } from './sink.ts';

export interface RendererIo {
  readonly stderr: TextSink;
  readonly stdout: TextSink;
  readonly clock: Clock;
  readonly color: boolean;
  /** Failures are told to GitHub's runner, too. */
  readonly annotate?: boolean;
}

export interface Renderer extends RunListener {
  /** Draws the last frame and gives the terminal back. Safe to call twice. */
  close(): Promise<void>;
}

/** The width when the screen does not say: a pipe, a file, a terminal that calls itself 0 by 0. */
export const COLUMNS_DEFAULT = 100;
/** The height likewise; a picture that is higher than the screen is cut. */
export const ROWS_DEFAULT = 24;
/** Narrower than this nothing can be drawn; lines are made this wide and left to the terminal to break. */
export const COLUMNS_MIN = 20;

export function columnsOf(sink: TextSink): number {
  return Math.max(COLUMNS_MIN, sink.columns || COLUMNS_DEFAULT);
}

export function rowsOf(sink: TextSink): number {
  return sink.rows || ROWS_DEFAULT;
}
