// What a run came to, in a few lines: how every step ended, why it failed and what to do.
import { printable, printableLines } from '../core/text.ts';
import { formatDuration } from '../core/units.ts';
import type { StepStatus } from '../steps/step.ts';
import type { Paint } from './paint.ts';
import { endingText, outputsText } from './step-line.ts';
import type { RunView, StepView } from './view.ts';
import { pad, truncate, wrap } from './width.ts';

const WORDS: Readonly<Record<StepStatus, string>> = {
  pending: 'not started',
  running: 'running',
  succeeded: 'succeeded',
  failed: 'failed',
  skipped: 'skipped',
  cancelled: 'cancelled',
  'timed-out': 'timed out',
};
const INDENT = '  ';
/** In fewer columns a step's line has no room for what the step came to. */
export const STEP_COLUMNS_MIN = 40;
/** Lines of one error message. */
const MESSAGE_LINES_MAX = 30;

export interface SummaryOptions {
  readonly columns: number;
  readonly paint: Paint;
  /** False where the steps are on the screen already. */
  readonly steps: boolean;
}

/** Empty while the run goes on. */
export function summary(view: RunView, options: SummaryOptions): readonly string[] {
  const { finished } = view;
  if (finished === undefined) return [];
  const counts = Object.entries(countBy(view.steps)).map(([word, count]) => `${count} ${word}`);
  const word = finished.status === 'timed-out' ? 'timed out' : finished.status;
  const head = `${view.job} ${word} after ${formatDuration(finished.durationMs)}: ${counts.join(', ')}`;
  const colour = finished.status === 'succeeded' ? options.paint.green : options.paint.red;
  return [
    ...(options.steps ? stepLines(view.steps, options) : []),
    ...problems(view, options),
    ...wrap(head, options.columns).map(colour),
  ];
}

/** Error, hint and the warnings of every step that did not end well. */
export function problems(view: RunView, { columns, paint }: SummaryOptions): readonly string[] {
  return view.steps.flatMap(step => {
    const bad = step.status === 'failed' || step.status === 'timed-out';
    if (!bad && step.warnings.length === 0) return [];
    const error = bad && step.error !== undefined ? indented(step.error.message, columns) : [];
    const hint = bad && step.error?.hint !== undefined ? indented(`hint: ${step.error.hint}`, columns) : [];
    const more = bad && step.error !== undefined ? indented(`more: postrider explain ${step.error.code}`, columns) : [];
    const notes = step.warnings.flatMap(note => indented(`${note.level}: ${note.message}`, columns));
    const title = bad ? paint.red(truncate(`${step.id} ${endingText(step)}`, columns)) : paint.yellow(truncate(step.id, columns));
    return [title, ...error, ...hint, ...more.map(paint.dim), ...notes.map(paint.dim)];
  });
}

function stepLines(steps: readonly StepView[], { columns }: SummaryOptions): readonly string[] {
  const idColumns = Math.min(20, Math.max(0, ...steps.map(step => step.id.length)));
  return steps.flatMap(step => {
    const ending = step.status === 'succeeded' || step.status === 'skipped' ? WORDS[step.status] : endingText(step);
    const time = step.status === 'skipped' || step.attempts === 0 ? '' : ` in ${formatDuration(step.durationMs)}`;
    const outputs = outputsText(step.outputs);
    const said = `${ending}${time}${outputs === '' ? '' : `: ${outputs}`}`;
    if (columns >= STEP_COLUMNS_MIN) return [truncate(`${pad(step.id, idColumns)}  ${said}`, columns)];
    return outputs === '' ? [] : wrap(`${step.id} ${said}`, columns, INDENT);
  });
}

function indented(text: string, columns: number): readonly string[] {
  const lines = printableLines(text).split('\n').slice(0, MESSAGE_LINES_MAX);
  return lines.flatMap(line => wrap(printable(line), columns - INDENT.length).map(part => INDENT + part));
}

function countBy(steps: readonly StepView[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const step of steps) {
    const word = WORDS[step.status];
    counts[word] = (counts[word] ?? 0) + 1;
  }
  return counts;
}
