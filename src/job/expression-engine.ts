// GitHub's expression language: text → a tree that can be asked what it refers to and what it is worth; the only file that knows the library.
import type { Expr } from '@actions/expressions/ast';
import type { ExpressionData } from '@actions/expressions/data/index';
import type { FunctionDefinition } from '@actions/expressions/funcs/info';
import type { Token } from '@actions/expressions/lexer';
import { MisuseError } from '../core/errors.ts';
import type { Raw } from './job.ts';

/** Characters of one expression. */
export const EXPRESSION_LENGTH_MAX = 4_096;
/** Characters of any text that a function makes. */
const EXPRESSION_TEXT_MAX = 1024 * 1024;

export interface Reference {
  readonly context: string;
  /** The names after the context; undefined for one that is computed (`secrets[vars.x]`, `steps.*`). */
  readonly members: readonly (string | undefined)[];
  readonly start: number;
  readonly text: string;
}

export interface ExpressionFault {
  readonly code: 'expression-syntax' | 'expression-arguments' | 'unknown-context' | 'unknown-function' | 'expression-too-long';
  readonly message: string;
  /** What the fault is about, and where in the expression. */
  readonly text: string;
  readonly start: number;
}

export interface Value {
  readonly raw: Raw;
  /** As GitHub writes it into a text. */
  readonly text: string;
  readonly truthy: boolean;
}

export interface Compiled {
  readonly ok: true;
  readonly references: readonly Reference[];
  /** Lower case. */
  readonly functions: readonly { readonly name: string; readonly start: number }[];
  /** Throws what a function of the language throws (`fromJSON` of something else). */
  evaluate(contexts: Readonly<Record<string, Raw>>, functions: Readonly<Record<string, boolean>>): Value;
}

interface Engine {
  readonly ast: typeof import('@actions/expressions/ast');
  readonly data: typeof import('@actions/expressions/data/index');
  readonly errors: typeof import('@actions/expressions/errors');
  readonly evaluator: typeof import('@actions/expressions/evaluator');
  readonly funcs: typeof import('@actions/expressions/funcs');
  readonly lexer: typeof import('@actions/expressions/lexer');
  readonly parser: typeof import('@actions/expressions/parser');
}

let loaded: Engine | undefined;

/** Must have been awaited before anything is compiled; jobs without expressions never pay for it. */
export async function prepareExpressions(): Promise<void> {
  if (loaded !== undefined) return;
  const [ast, data, errors, evaluator, funcs, lexer, parser] = await Promise.all([
    import('@actions/expressions/ast'),
    import('@actions/expressions/data/index'),
    import('@actions/expressions/errors'),
    import('@actions/expressions/evaluator'),
    import('@actions/expressions/funcs'),
    import('@actions/expressions/lexer'),
    import('@actions/expressions/parser'),
  ]);
  loaded = { ast, data, errors, evaluator, funcs, lexer, parser };
}

/** Names of the functions that every expression has. */
export function builtInFunctions(): readonly string[] {
  return Object.values(engine().funcs.wellKnownFunctions).map(definition => definition.name);
}

/** `one argument`, `2 to 3 arguments`; of any expression's function or of none. */
export function argumentsOf(name: string): string {
  const known = Object.values(engine().funcs.wellKnownFunctions).find(other => other.name.toLowerCase() === name.toLowerCase());
  const [min, max] = known === undefined ? [0, 0] : [known.minArgs, known.maxArgs];
  if (max === 0) return 'no arguments';
  if (min === max) return min === 1 ? 'one argument' : `${min} arguments`;
  return max > 100 ? `at least ${min} ${min === 1 ? 'argument' : 'arguments'}` : `${min} to ${max} arguments`;
}

export function compile(
  text: string,
  contexts: readonly string[],
  extra: readonly string[],
): Compiled | (ExpressionFault & { ok: false }) {
  const fault = (code: ExpressionFault['code'], message: string, part: string, start: number) =>
    ({ ok: false, code, message, text: part, start }) as const;
  if (text.length > EXPRESSION_LENGTH_MAX) {
    return fault('expression-too-long', `the expression is longer than ${EXPRESSION_LENGTH_MAX} characters`, '', 0);
  }
  const { lexer, parser, errors } = engine();
  try {
    const { tokens } = new lexer.Lexer(text).lex();
    // The lexer undoes only the first doubled quote of a text.
    for (const token of tokens) if (token.lexeme.startsWith("'")) token.value = token.lexeme.slice(1, -1).replaceAll("''", "'");
    const extensions = extra.map(name => ({ name, minArgs: 0, maxArgs: 0 }));
    const tree: Expr | undefined = new parser.Parser(tokens, [...contexts], extensions).parse();
    return tree === undefined ? fault('expression-syntax', 'the expression is empty', '', 0) : compiled(tree, text);
  } catch (error) {
    if (!(error instanceof errors.ExpressionError)) return lexerFault(error as Error, text);
    const { ErrorType } = errors;
    // Declared private by the library, and the only place where it says what is wrong.
    const { typ, tok } = error as unknown as { readonly typ: number; readonly tok: Token };
    const { lexeme } = tok;
    const start = offsetOf(text, tok.range.start);
    switch (typ) {
      case ErrorType.ErrorUnrecognizedContext:
        return fault('unknown-context', `there is no context \`${lexeme}\``, lexeme, start);
      case ErrorType.ErrorUnrecognizedFunction:
        return fault('unknown-function', `there is no function \`${lexeme}\``, lexeme, start);
      case ErrorType.ErrorTooFewParameters:
        return fault('expression-arguments', `\`${lexeme}\` has too few arguments`, lexeme, start);
      case ErrorType.ErrorTooManyParameters:
      case ErrorType.ErrorEvenParameters:
        return fault('expression-arguments', `\`${lexeme}\` has too many arguments`, lexeme, start);
      case ErrorType.ErrorUnexpectedEndOfExpression:
        return fault('expression-syntax', `the expression ends too early, after \`${lexeme}\``, lexeme, start);
      case ErrorType.ErrorExceededMaxDepth:
        return fault('expression-too-long', 'the expression is nested too deeply', lexeme, start);
      default:
        return fault('expression-syntax', `\`${lexeme}\` is not expected here`, lexeme, start);
    }
  }
}

function compiled(tree: Expr, text: string): Compiled {
  const references: Reference[] = [];
  const functions: { name: string; start: number }[] = [];
  collect(tree, text, references, functions);
  return {
    ok: true,
    references,
    functions,
    evaluate(contexts, extra) {
      const { evaluator, data } = engine();
      const pairs = Object.entries(contexts).map(([key, value]) => ({ key, value: toData(value) }));
      const result = new evaluator.Evaluator(tree, new data.Dictionary(...pairs), boundedFunctions(extra)).evaluate();
      const raw = toRaw(result);
      return {
        raw,
        text: result.coerceString(),
        truthy: Array.isArray(raw) || typeof raw === 'object' ? raw !== null : Boolean(raw),
      };
    },
  };
}

function collect(node: Expr, text: string, references: Reference[], functions: { name: string; start: number }[]): void {
  const { ast, data } = engine();
  const visit = (child: Expr) => collect(child, text, references, functions);
  if (node instanceof ast.IndexAccess || node instanceof ast.ContextAccess) {
    const members: (string | undefined)[] = [];
    let inner: Expr = node;
    for (; inner instanceof ast.IndexAccess; inner = inner.expr) {
      const { index } = inner;
      const name = index instanceof ast.Literal && index.literal instanceof data.StringData ? index.literal.value : undefined;
      if (name === undefined && !(index instanceof ast.Star)) visit(index);
      members.unshift(name);
    }
    if (!(inner instanceof ast.ContextAccess)) return visit(inner);
    const start = offsetOf(text, inner.name.range.start);
    const written = /^[\w-]+(?:\.[\w-]+)*/.exec(text.slice(start))?.[0] ?? inner.name.lexeme;
    references.push({ context: inner.name.lexeme, members, start, text: written });
    return;
  }
  if (node instanceof ast.FunctionCall) {
    functions.push({ name: node.functionName.lexeme.toLowerCase(), start: offsetOf(text, node.functionName.range.start) });
    node.args.forEach(visit);
  } else if (node instanceof ast.Logical) node.args.forEach(visit);
  else if (node instanceof ast.Binary) [node.left, node.right].forEach(visit);
  else if (node instanceof ast.Unary) visit(node.expr);
  else if (node instanceof ast.Grouping) visit(node.group);
}

/** The language's functions, none of which may make a text of any size, and ours. */
function boundedFunctions(extra: Readonly<Record<string, boolean>>): Map<string, FunctionDefinition> {
  const { funcs, data } = engine();
  const bounded = Object.entries(funcs.wellKnownFunctions).map(([name, definition]): [string, FunctionDefinition] => {
    const call = (...args: ExpressionData[]) => {
      const result = definition.call(...args);
      if (result instanceof data.StringData && result.value.length > EXPRESSION_TEXT_MAX) {
        throw new RangeError(`\`${definition.name}\` makes a text of more than ${EXPRESSION_TEXT_MAX} characters`);
      }
      return result;
    };
    return [name, { ...definition, call }];
  });
  const ours = Object.entries(extra).map(([name, value]): [string, FunctionDefinition] => {
    return [name, { name, minArgs: 0, maxArgs: 0, call: () => new data.BooleanData(value) }];
  });
  return new Map([...bounded, ...ours]);
}

function toData(raw: Raw): ExpressionData {
  const { data } = engine();
  if (raw === null) return new data.Null();
  if (typeof raw === 'string') return new data.StringData(raw);
  if (typeof raw === 'number') return new data.NumberData(raw);
  if (typeof raw === 'boolean') return new data.BooleanData(raw);
  if (Array.isArray(raw)) return new data.Array(...raw.map(toData));
  return new data.Dictionary(...Object.entries(raw).map(([key, value]) => ({ key, value: toData(value as Raw) })));
}

function toRaw(value: ExpressionData): Raw {
  const { data } = engine();
  if (value instanceof data.Null) return null;
  if (value instanceof data.Array) return value.values().map(toRaw);
  if (value instanceof data.Dictionary) return Object.fromEntries(value.pairs().map(pair => [pair.key, toRaw(pair.value)]));
  return value.value;
}

function lexerFault(error: Error, text: string): ExpressionFault & { ok: false } {
  const [, symbol = text, position = '1'] =
    /^Unexpected symbol: '([\s\S]*)'\. Located at position (\d+)/.exec(error.message) ?? [];
  return {
    ok: false,
    code: 'expression-syntax',
    message: `\`${symbol}\` is not expected here`,
    text: symbol,
    start: Number(position) - 1,
  };
}

function offsetOf(text: string, position: Token['range']['start']): number {
  let offset = 0;
  for (let line = 0; line < position.line; line++) {
    const end = text.indexOf('\n', offset);
    if (end < 0) break;
    offset = end + 1;
  }
  return Math.min(offset + position.column, text.length);
}

function engine(): Engine {
  if (loaded === undefined) throw new MisuseError('prepareExpressions() must be awaited first');
  return loaded;
}
