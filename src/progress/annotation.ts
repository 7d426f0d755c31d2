// GitHub's workflow commands: lines that its runner turns into annotations beside the code and on the summary page.
import { type Diagnostic, formatDiagnostic } from '../core/diagnostic.ts';
import type { ErrorReport } from '../core/errors.ts';
import { printable } from '../core/text.ts';
import type { RunEvent } from '../run/events.ts';

export function diagnosticAnnotation(diagnostic: Diagnostic): string {
  const { severity, code, message, file, range, hint } = diagnostic;
  const { start, end } = range;
  const place = { file, line: start.line, col: start.column, endLine: end.line, endColumn: end.column };
  return command(severity, { ...place, title: code }, hint === undefined ? message : `${message}\n${hint}`);
}

export function errorAnnotation({ code, message, hint }: Pick<ErrorReport, 'code' | 'message' | 'hint'>): string {
  return command('error', { title: code }, hint === undefined ? message : `${message}\n${hint}`);
}

/** Undefined for what is no news to somebody who looks for a failure. */
export function eventAnnotation(event: RunEvent): string | undefined {
  if (event.type === 'step-note' && event.level !== 'info') return command(event.level, { title: event.step }, event.message);
  if (event.type !== 'step-finished' || event.error === undefined || event.status === 'skipped') return undefined;
  const { code, message, hint } = event.error;
  const level = event.tolerated ? 'warning' : 'error';
  return command(level, { title: `${event.step}: ${code}` }, hint === undefined ? message : `${message}\n${hint}`);
}

/** With the line that shows where, for who reads the log itself. */
export function annotatedDiagnostic(diagnostic: Diagnostic): string {
  return `${diagnosticAnnotation(diagnostic)}\n${formatDiagnostic(diagnostic)}`;
}

function command(name: 'error' | 'warning', properties: Readonly<Record<string, string | number>>, message: string): string {
  const written = Object.entries(properties).map(([key, value]) => `${key}=${escapedProperty(printable(String(value)))}`);
  return `::${name} ${written.join(',')}::${escaped(message.split('\n').map(printable).join('\n'))}`;
}

function escaped(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
}

function escapedProperty(text: string): string {
  return escaped(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
}
