// What the YAML library complains about, in words that say what to change.
import type { Range } from '../core/diagnostic.ts';
import type { Problem } from './problem.ts';
import { positionOf, rangeOf, type Source } from './source.ts';

interface SyntaxComplaint {
  readonly code: string;
  readonly message: string;
  readonly pos: readonly [number, number];
}

/** Beyond these the file is something else than YAML. */
const PROBLEMS_MAX = 10;

/** Mistakes that leave the rest of the file readable. */
const LOCAL: ReadonlySet<string> = new Set(['TAB_AS_INDENT', 'TAG_RESOLVE_FAILED', 'BAD_DQ_ESCAPE']);

const QUOTE = 'Put the value in quotes.';

const INDENTATION = [
  'the indentation does not fit, or a bracket is not closed',
  'Align it with its neighbours; close every [ and {.',
] as const;

const OUT_OF_LINE = [
  'this line is indented less than the entry it belongs to',
  'Indent it as far as the first word behind the `- ` above.',
] as const;
const OTHER = [undefined, 'Compare with an example: `postrider init` writes some.'] as const;

/** By the code of the library: our message (none: the library's own) and what to do. */
const WORDS: Readonly<Record<string, readonly [message: string | undefined, hint: string]>> = {
  TAB_AS_INDENT: ['a tab is used as indentation', 'Indent with spaces: YAML does not allow tabs.'],
  MULTIPLE_DOCS: ['the file holds more than one document', 'Keep one job a file: remove the line `---` and what follows it.'],
  BLOCK_AS_IMPLICIT_KEY: [
    'the indentation or a second `: ` makes no sense here',
    'Align it with its neighbours; a text that holds `: ` must be quoted.',
  ],
  BAD_INDENT: INDENTATION,
  BAD_SCALAR_START: [undefined, QUOTE],
  BAD_DQ_ESCAPE: [undefined, 'Write \\\\ for a backslash, or use single quotes.'],
  BAD_ALIAS: [undefined, 'Text that begins with & or * must be quoted.'],
  TAG_RESOLVE_FAILED: [
    'a value that begins with `!` is a YAML tag, and tags are not supported',
    'If it is a text or an expression, put it in quotes.',
  ],
  UNEXPECTED_TOKEN: [
    'this cannot stand here',
    'Look for a missing quote, bracket or comma; quote a text that holds : # { } [ ] , & * ! | > @ `.',
  ],
  MISSING_CHAR: [undefined, 'Look for a missing colon, quote or bracket on this line or above it.'],
  MULTILINE_IMPLICIT_KEY: [undefined, 'Look for a missing quote or a wrong indentation.'],
};

export function syntaxProblems(source: Source, complaints: readonly SyntaxComplaint[], versioned: boolean): readonly Problem[] {
  const problems: Problem[] = [];
  let lastLine = -1;
  let derailed = false;
  for (const complaint of [...complaints].sort((a, b) => a.pos[0] - b.pos[0])) {
    const { line } = positionOf(source, complaint.pos[0]);
    // One mistake is reported by the library several times: on the same line, on the next one, and for all that then stands outside.
    if (lastLine >= 0 && (line <= lastLine + 1 || complaint.message.includes('in YAML stream'))) continue;
    lastLine = line;
    // After a mistake that moves the borders of values, the library sees more that are none.
    if (derailed && !LOCAL.has(complaint.code)) continue;
    derailed ||= !LOCAL.has(complaint.code);
    problems.push(toProblem(source, complaint));
    if (problems.length === PROBLEMS_MAX) break;
  }
  if (versioned && problems.length === 0) {
    const range = rangeOf(source, 0, source.lines[0]?.length ?? 0);
    problems.push({
      code: 'yaml-syntax',
      message: '`%YAML` lines are not supported',
      hint: 'Remove it: job files are YAML 1.2.',
      path: [],
      range,
    });
  }
  return problems;
}

function toProblem(source: Source, complaint: SyntaxComplaint): Problem {
  const { code, message, pos } = complaint;
  const quote = /^Missing closing (.)quote/.exec(message)?.[1];
  if (quote !== undefined) return unclosed(source, quote, pos[0]);
  const outside = message.startsWith('Sequence item without - indicator');
  const [ours, hint] = outside ? OUT_OF_LINE : (WORDS[code] ?? OTHER);
  const line = source.lines[positionOf(source, pos[0]).line - 1] ?? '';
  const expression = /[{[][^"']*\$\{\{/.test(line);
  return {
    code: 'yaml-syntax',
    message: expression ? 'an expression inside { } or [ ] must be quoted' : (ours ?? lowerFirst(message)),
    hint: expression ? 'Inside { } and [ ], put the expression in quotes: "${{ … }}".' : hint,
    path: [],
    range: outside ? wordsOf(source, pos[0]) : rangeOf(source, pos[0], pos[1]),
  };
}

/** What stands on the line of `offset`, without its indentation. */
function wordsOf(source: Source, offset: number): Range {
  const { line } = positionOf(source, offset);
  const text = source.lines[line - 1] ?? '';
  const start = source.starts[line - 1] ?? 0;
  return rangeOf(source, start + text.length - text.trimStart().length, start + text.trimEnd().length);
}

/** The library sees at the end of the file that a text was never closed; it opens on the last line with an odd quote. */
function unclosed(source: Source, quote: string, end: number): Problem {
  const last = positionOf(source, end).line;
  const line = source.lines.slice(0, last).findLastIndex(text => text.split(quote).length % 2 === 0);
  const at = line < 0 ? end : (source.starts[line] ?? 0) + (source.lines[line] ?? '').lastIndexOf(quote);
  const hint = `Add the ${quote} at its end; inside it, ${quote === '"' ? 'write \\" for one' : "double every '"}.`;
  return { code: 'yaml-syntax', message: 'a text in quotes is not closed', hint, path: [], range: rangeOf(source, at, at + 1) };
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1).replace(/\s*\n[\s\S]*$/, '');
}
