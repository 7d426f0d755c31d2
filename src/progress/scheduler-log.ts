// The log of a scheduler: lines for people on a terminal, one JSON object a line for programs.
import { printable, printableJson } from '../core/text.ts';
import { type Paint, paintFor } from './paint.ts';
import { quiet, type TextSink } from './sink.ts';
import { localTime } from './time.ts';

export interface LogLine {
  readonly level: 'info' | 'warning' | 'error';
  readonly event: string;
  readonly message: string;
  readonly job?: string;
  readonly run?: string;
  /** Epoch milliseconds. */
  readonly slot?: number;
  readonly facts?: Readonly<Record<string, string | number | boolean>>;
}

export interface SchedulerLogOptions {
  readonly stream: TextSink;
  readonly json: boolean;
  readonly color: boolean;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

/** `2026-11-22 03:30:05 +01:00 nightly-site  succeeded in 4.2 s`. */
export function schedulerLog({ stream, json, color, now }: SchedulerLogOptions): (line: LogLine) => void {
  const out = quiet(stream);
  const paint = paintFor(color);
  return line => void out.write(`${json ? jsonLine(line, now()) : colored(line, textLine(line, now()), paint)}\n`);
}

function jsonLine({ level, event, message, job, run, slot, facts }: LogLine, at: number): string {
  return printableJson({
    version: 1,
    at: new Date(at).toISOString(),
    ...{ level, event, job, run },
    ...(slot === undefined ? {} : { slot: new Date(slot).toISOString() }),
    message,
    ...facts,
  });
}

function textLine({ level, message, job, slot, event }: LogLine, at: number): string {
  const about = event.startsWith('slot-') && slot !== undefined ? `slot ${localTime(slot)}: ` : '';
  const weight = level === 'info' ? '' : `${level}: `;
  return printable(`${localTime(at)} ${job === undefined ? '' : `${job}  `}${weight}${about}${message}`);
}

function colored({ level, event }: LogLine, text: string, paint: Paint): string {
  if (level === 'error') return paint.red(text);
  if (level === 'warning') return paint.yellow(text);
  return event === 'run-finished' ? paint.green(text) : text;
}
