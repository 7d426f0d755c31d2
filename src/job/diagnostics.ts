// Problems of a parsed file as diagnostics: with their place, in the order of the file, each once.
import type { Diagnostic, Range } from '../core/diagnostic.ts';
import type { Parsed } from './parse.ts';
import type { Problem } from './problem.ts';
import { lineOf } from './source.ts';

export function locate(parsed: Parsed, problems: readonly Problem[]): readonly Diagnostic[] {
  const seen = new Set<string>();
  // What the syntax complains about at a place is the reason for whatever else seems wrong there.
  const broken = new Set(problems.filter(({ range }) => range !== undefined).map(({ range }) => startOf(range)));
  return problems
    .filter(problem => problem.range !== undefined || !broken.has(startOf(toDiagnostic(parsed, problem).range)))
    .map(problem => toDiagnostic(parsed, problem))
    .sort((a, b) => a.range.start.line - b.range.start.line || a.range.start.column - b.range.start.column)
    .filter(({ range, code, message }) => {
      const key = `${range.start.line}:${range.start.column} ${code} ${message}`;
      if (seen.has(key)) return false;
      seen.add(key);
      return true;
    });
}

function startOf(range: Range | undefined): string {
  return `${range?.start.line}:${range?.start.column}`;
}

function toDiagnostic(parsed: Parsed, problem: Problem): Diagnostic {
  const { code, severity = 'error', message, hint, path, part = 'value', within } = problem;
  const exact = problem.range ?? (within === undefined ? undefined : parsed.find(path, within.text, within.from));
  const range = exact ?? parsed.place(path, part);
  return { code, severity, message, file: parsed.source.file, range, hint, source: lineOf(parsed.source, range.start.line) };
}
