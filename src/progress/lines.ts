// Without a terminal: one plain line per change, progress at a low rate. Also the lines of `postrider logs`.
import { headline, printable } from '../core/text.ts';
import { formatDuration, formatSize, thingsOf } from '../core/units.ts';
import type { RunEvent } from '../run/events.ts';
import type { StepProgress } from '../steps/step.ts';
import { eventAnnotation } from './annotation.ts';
import { type Paint, paintFor } from './paint.ts';
import { columnsOf, type Renderer, type RendererIo } from './screen.ts';
import { fractionOf, outputsText, rateText } from './step-line.ts';
import { summary } from './summary.ts';
import { RunView, type StepView } from './view.ts';
import { truncate } from './width.ts';

/** Progress is told when another tenth is done, or after this long. */
const PROGRESS_EVERY_MS = 5_000;
const TENTHS = 10;
/** A line is never cut shorter than this: a log file has no width. */
const LINE_COLUMNS_MAX = 1_000;

interface Told {
  readonly at: number;
  readonly tenth: number;
  readonly done: number;
}

export function linesRenderer({ stderr, color, annotate }: RendererIo): Renderer {
  const view = new RunView();
  const paint = paintFor(color);
  const told = new Map<string, Told>();
  return {
    name: 'line output',
    on(event) {
      const step = view.apply(event);
      const line = event.type === 'step-progress' ? progressLine(event, step, told) : eventLine(event);
      if (line !== undefined) stderr.write(`${colored(event, line, paint)}\n`);
      const annotation = annotate === true ? eventAnnotation(event) : undefined;
      if (annotation !== undefined) stderr.write(`${annotation}\n`);
      if (event.type !== 'run-finished') return;
      const lines = summary(view, { columns: Math.max(columnsOf(stderr), 80), paint, steps: true });
      stderr.write(`${lines.join('\n')}\n`);
    },
    close: async () => undefined,
  };
}

/** `02:30:00 deploy  uploaded 12, 3.4 MB in 4.2 s`; undefined for progress. Local time. No colour. */
export function eventLine(event: RunEvent): string | undefined {
  const text = textOf(event);
  return text === undefined ? undefined : stamped(event, text);
}

function textOf(event: RunEvent): string | undefined {
  switch (event.type) {
    case 'run-started':
      return `run ${event.run} of ${event.job}`;
    case 'step-started':
      return event.attempt === 1 ? `started ${event.uses}` : `attempt ${event.attempt}`;
    case 'step-progress':
      return undefined;
    case 'step-note':
      return event.level === 'info' ? event.message : `${event.level}: ${event.message}`;
    case 'step-retrying':
      return `attempt ${event.attempt} failed, again in ${formatDuration(event.delayMs)}: ${headline(event.error.message)}`;
    case 'step-finished': {
      const { status, outputs, error, tolerated, durationMs, attempts } = event;
      const detail = error === undefined ? outputsText(outputs) : headline(error.message);
      const time = attempts === 0 ? '' : ` in ${formatDuration(durationMs)}`;
      return `${status}${tolerated ? ' (tolerated)' : ''}${time}${detail === '' ? '' : `: ${detail}`}`;
    }
    case 'run-finished':
      return `run ${event.status} in ${formatDuration(event.durationMs)}`;
  }
}

function progressLine(
  event: RunEvent & StepProgress & { type: 'step-progress' },
  step: StepView | undefined,
  told: Map<string, Told>,
): string | undefined {
  const before = told.get(event.step);
  const fraction = fractionOf(event);
  const tenth = fraction === undefined ? -1 : Math.floor(fraction * TENTHS);
  const now = { at: event.at, tenth, done: event.done };
  if (before === undefined) told.set(event.step, { ...now, tenth: Math.max(0, tenth) });
  const due = before === undefined ? tenth > 0 : tenth > before.tenth || event.at - before.at >= PROGRESS_EVERY_MS;
  if (step === undefined || !due) return undefined;
  told.set(event.step, now);
  return stamped(event, progressText(event, step));
}

/** `12 of 40 files (3.4 MB, 1.2 MB/s)`. */
function progressText(event: RunEvent & StepProgress, step: StepView): string {
  const { done, total, unit, bytes } = event;
  const number = (value: number) => (unit === 'bytes' ? formatSize(value) : String(value));
  const count = `${number(done)}${total === undefined ? '' : ` of ${number(total)}`}${unit === 'bytes' ? '' : ` ${thingsOf(total ?? done, unit)}`}`;
  const rate = rateText(step, event, event.at);
  const facts = [...(bytes === undefined || unit === 'bytes' ? [] : [formatSize(bytes)]), ...(rate === undefined ? [] : [rate])];
  return facts.length === 0 ? count : `${count} (${facts.join(', ')})`;
}

function stamped(event: RunEvent, text: string): string {
  const at = new Date(event.at);
  const two = (value: number) => String(value).padStart(2, '0');
  const time = `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
  const step = 'step' in event ? `${event.step}  ` : '';
  return truncate(printable(`${time} ${step}${text}`), LINE_COLUMNS_MAX);
}

function colored(event: RunEvent, line: string, paint: Paint): string {
  if (event.type === 'step-retrying' || (event.type === 'step-note' && event.level === 'warning')) return paint.yellow(line);
  if (event.type === 'step-note') return event.level === 'error' ? paint.red(line) : paint.dim(line);
  if (event.type !== 'step-finished' && event.type !== 'run-finished') return line;
  if (event.status === 'succeeded') return paint.green(line);
  return event.status === 'skipped' ? paint.dim(line) : paint.red(line);
}
