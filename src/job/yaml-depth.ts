// How deep values are nested, found out before the YAML library recurses into them.
import { Lexer } from 'yaml';

const OPENING: ReadonlySet<string> = new Set(['[', '{']);
const CLOSING: ReadonlySet<string> = new Set([']', '}']);
const ENTRY: ReadonlySet<string> = new Set(['-', '?']);
const LINE_END: ReadonlySet<string> = new Set(['\n', '\r\n']);
/** With these the lexer says where documents and scalars begin; they are no part of the text. */
const MARKS: ReadonlySet<string> = new Set(['\u0002', '\u0018', '\u001f']);

/** Offset where open brackets, entries begun on one line and levels of indentation are together more than `limit`. */
export function tooDeepAt(text: string, limit: number): number | undefined {
  const indents: number[] = [];
  let [offset, brackets, entries, lineStart] = [0, 0, 0, true];
  for (const token of new Lexer().lex(text)) {
    if (MARKS.has(token)) continue;
    if (lineStart && !LINE_END.has(token)) {
      const indent = /^ +$/.test(token) ? token.length : 0;
      while ((indents.at(-1) ?? -1) >= indent) indents.pop();
      indents.push(indent);
    }
    lineStart = LINE_END.has(token);
    if (lineStart) entries = 0;
    else if (OPENING.has(token)) brackets += 1;
    else if (CLOSING.has(token)) brackets = Math.max(0, brackets - 1);
    else if (ENTRY.has(token)) entries += 1;
    if (brackets + entries + indents.length > limit) return offset;
    offset += token.length;
  }
  return undefined;
}
