// What kind of screen this is: how to draw, how wide, in colour or not (NO_COLOR, FORCE_COLOR, CI).
import { styleText } from 'node:util';
import { systemClock } from '../core/clock.ts';
import { printable } from '../core/text.ts';
import { formatSize } from '../core/units.ts';
import type { RendererIo, RendererKind } from '../progress/renderer.ts';
import { TransferLine } from '../progress/transfer-line.ts';
import type { PreviewAction } from '../steps/step.ts';
import { annotates } from './base.ts';

const COLUMNS_DEFAULT = 80;

export function chooseRenderer(flags: { readonly json?: boolean; readonly quiet?: boolean }): RendererKind {
  if (flags.json) return 'json';
  if (flags.quiet) return 'silent';
  return isDrawable() ? 'tree' : 'lines';
}

export function terminalIo(): RendererIo {
  return {
    stdout: process.stdout,
    stderr: process.stderr,
    clock: systemClock,
    color: usesColor(process.stderr),
    annotate: annotates(),
  };
}

/** How single transfers are shown: drawn on a terminal, said when they are done elsewhere. */
export function transferLine(flags: {
  readonly quiet?: boolean;
  readonly transcript?: boolean;
  readonly json?: boolean;
}): TransferLine {
  const style = flags.quiet || flags.json ? 'silent' : isDrawable() && !flags.transcript ? 'live' : 'lines';
  return new TransferLine(process.stderr, systemClock, style);
}

/** A terminal on which what was written can be written over. */
function isDrawable(): boolean {
  return process.stderr.isTTY && !isSet('CI') && process.env['TERM'] !== 'dumb';
}

/** NO_COLOR (any value but empty) wins, then FORCE_COLOR, then whether it is a terminal. */
export function usesColor(stream: { readonly isTTY?: boolean }): boolean {
  if (isSet('NO_COLOR')) return false;
  if (isSet('FORCE_COLOR')) return process.env['FORCE_COLOR'] !== '0';
  return stream.isTTY === true && process.env['TERM'] !== 'dumb';
}

/** Columns of stdout; when it is no terminal POSIX COLUMNS, and without that no limit: what is piped on is not cut. */
export function columns(): number {
  const written = Number(process.env['COLUMNS']);
  const { columns: seen } = process.stdout;
  // A terminal that was never told its size says 0.
  if (seen !== undefined && seen > 0) return seen;
  if (Number.isInteger(written) && written > 0) return written;
  return process.stdout.isTTY ? COLUMNS_DEFAULT : Number.POSITIVE_INFINITY;
}

/** Tells of a count as it grows, each time that it has grown by so many. */
export function sayEvery(step: number, say: (count: number) => void): (count: number) => void {
  let next = step;
  return count => {
    if (count < next) return;
    next = count + step;
    say(count);
  };
}

function isSet(name: string): boolean {
  return (process.env[name] ?? '') !== '';
}

const COLOURS: Readonly<Record<string, Parameters<typeof styleText>[0]>> = {
  upload: 'green',
  download: 'green',
  mkdir: 'green',
  rename: 'yellow',
  delete: 'red',
  fail: ['bold', 'red'],
};
const ACTION_WIDTH = 8;

/** What, where, why and how much; in colour on a terminal that wants it. */
export function actionLine({ action, target, reason, bytes }: PreviewAction): string {
  const details = [reason, bytes === undefined ? undefined : formatSize(bytes)].filter(text => text !== undefined).join(', ');
  const line = `${action.padEnd(ACTION_WIDTH)} ${printable(target)}${details === '' ? '' : `  (${printable(details)})`}`;
  const colour = COLOURS[action];
  return colour === undefined || !usesColor(process.stdout) ? line : styleText(colour, line, { validateStream: false });
}
