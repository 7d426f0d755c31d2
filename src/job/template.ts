// Text with `${{ … }}` in it, cut into its pieces.

export type Piece =
  | { readonly kind: 'text'; readonly text: string }
  /** `text` is what stands between the braces; `start` is where it begins in the whole. */
  | { readonly kind: 'expression'; readonly text: string; readonly start: number }
  /** `${{` without its `}}`. */
  | { readonly kind: 'unclosed'; readonly text: string; readonly start: number };

const OPEN = '${{';
const CLOSE = '}}';

export function hasExpression(text: string): boolean {
  return text.includes(OPEN);
}

export function piecesOf(text: string): readonly Piece[] {
  const pieces: Piece[] = [];
  let position = 0;
  while (position < text.length) {
    const open = text.indexOf(OPEN, position);
    if (open < 0) break;
    if (open > position) pieces.push({ kind: 'text', text: text.slice(position, open) });
    const start = open + OPEN.length;
    const close = closing(text, start);
    if (close < 0) return [...pieces, { kind: 'unclosed', text: text.slice(start), start }];
    pieces.push({ kind: 'expression', text: text.slice(start, close), start });
    position = close + CLOSE.length;
  }
  if (position < text.length) pieces.push({ kind: 'text', text: text.slice(position) });
  return pieces;
}

/** The expression when the whole text is one and nothing else. */
export function soleExpression(text: string): string | undefined {
  const [first, second] = piecesOf(text);
  return first?.kind === 'expression' && second === undefined ? first.text : undefined;
}

/** Braces inside a quoted text of the expression do not end it; a quote in it is doubled, which needs no care here. */
function closing(text: string, from: number): number {
  let quoted = false;
  for (let index = from; index < text.length; index++) {
    if (text[index] === "'") quoted = !quoted;
    else if (!quoted && text.startsWith(CLOSE, index)) return index;
  }
  return -1;
}
