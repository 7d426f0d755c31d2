// What a definition complains about, in words that say what was expected, what was found and what to write instead.
import { didYouMean } from '../core/diagnostic.ts';
import { check, type Schema, type SchemaIssue } from '../core/schema.ts';
import { printable, shorten } from '../core/text.ts';
import { isSecretKey } from './checks/written-secrets.ts';
import { insteadOfKey, insteadOfValue } from './elsewhere.ts';
import { accepts, choicesOf, expected, formOf, type JsonNode, jsonOf, keysOf, nodesAt } from './expectation.ts';
import type { Raw } from './job.ts';
import type { Path, Problem } from './problem.ts';
import { hasExpression } from './template.ts';

const SHOWN_TEXT_MAX = 40;

/** Everything wrong with `value`; what an expression stands for is not judged before it is evaluated. */
export function problemsOf(schema: Schema<unknown>, value: Raw, at: Path): readonly Problem[] {
  const checked = check(schema, value);
  if (checked.ok) return [];
  const context = { json: jsonOf(schema), root: value, at };
  const problems = checked.issues.flatMap(issue => explain(issue, context));
  return problems.filter(problem => !problems.some(other => isMisspelling(other, problem)));
}

/** Whether a missing key is there, only misspelt: one mistake, reported once. */
function isMisspelling(unknown: Problem, missing: Problem): boolean {
  if (unknown.code !== 'unknown-key' || missing.code !== 'missing-key') return false;
  const folder = nameOf(unknown.path.slice(0, -1));
  return (
    folder === nameOf(missing.path) && missing.message.startsWith(`the key ${unknown.hint.slice('Did you mean '.length, -1)} `)
  );
}

function nameOf(path: Path): string {
  return JSON.stringify(path);
}

interface IssueContext {
  readonly json: JsonNode;
  readonly root: Raw;
  /** Where `root` stands in the file. */
  readonly at: Path;
}

function explain(issue: SchemaIssue, context: IssueContext): readonly Problem[] {
  const path = issue.path as Path;
  const value = valueAt(context.root, path);
  if (typeof value === 'string' && hasExpression(value)) return [];
  const nodes = nodesAt(context.json, path);
  const full = [...context.at, ...path];
  if (value === undefined && issue.code !== 'custom') return [missing(full)];
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map(key => unknownKey([...full, key], keysOf(nodes), value));
    case 'invalid_union':
      return explainUnion(issue, context, nodes, value, full);
    case 'invalid_type':
    case 'invalid_value':
      return [mismatch(nodes, value, full)];
    case 'invalid_format':
      if (formOf(nodes) !== undefined) return [mismatch(nodes, value, full)];
      return [ownWords(issue.message, nodes, value, full)];
    case 'too_big':
    case 'too_small':
      return [outOfBounds(issue, nodes, value, full)];
    default:
      return [ownWords(issue.message, nodes, value, full)];
  }
}

/** A definition's own words: what is wrong, and behind a colon or semicolon what to do. */
function ownWords(words: string, nodes: readonly JsonNode[], value: Raw | undefined, path: Path): Problem {
  const described = nodes.map(node => node['description']).find(text => typeof text === 'string');
  const fallback = described === undefined ? 'Change it.' : `${described.replace(/\.$/, '')}.`;
  const [, what = words, advice] = /^((?:`[^`]*`|[^`])*?)[:;] (.+)$/s.exec(words) ?? [];
  if (words.startsWith('Invalid')) {
    return {
      code: 'wrong-value',
      message: `${subject(path)} ${found(value)}, which has not the right form`,
      hint: 'Correct it.',
      path,
    };
  }
  if (words.startsWith('write ')) {
    return {
      code: 'wrong-value',
      message: `${subject(path)} ${found(value)}, which is none of its values`,
      hint: sentence(words),
      path,
    };
  }
  const code = /\bnot available yet$/.test(what) ? 'not-available' : 'wrong-value';
  const message = what.startsWith('is ') ? `${subject(path)} ${what}` : what;
  return { code, message: printable(message), hint: advice === undefined ? fallback : sentence(advice), path };
}

function sentence(words: string): string {
  return `${words.charAt(0).toUpperCase()}${words.slice(1).replace(/\.$/, '')}.`;
}

/** Of several allowed shapes, the one that fits best at the outside decides what is said about the inside. */
function explainUnion(
  issue: SchemaIssue & { code: 'invalid_union' },
  context: IssueContext,
  nodes: readonly JsonNode[],
  value: Raw | undefined,
  full: Path,
): readonly Problem[] {
  const branches = issue.errors.map(errors => errors.map(error => ({ ...error, path: [...issue.path, ...error.path] })));
  const inside = branches.filter(errors => errors.length > 0 && errors.every(error => fitsOutside(error, issue.path.length)));
  const explained = inside.map(errors => errors.flatMap(error => explain(error as SchemaIssue, context)));
  explained.sort((a, b) => a.length - b.length);
  return explained[0] ?? [mismatch(nodes, value, full)];
}

function fitsOutside(error: { readonly code: string; readonly path: readonly PropertyKey[] }, depth: number): boolean {
  return error.path.length > depth || (error.code !== 'invalid_type' && error.code !== 'invalid_value');
}

function missing(path: Path): Problem {
  const key = path.at(-1) ?? '';
  return {
    code: 'missing-key',
    message: `the key \`${key}\` is missing${enclosing(path)}`,
    hint: `Add \`${key}: …\`.`,
    path: path.slice(0, -1),
    part: 'key',
  };
}

function unknownKey(path: Path, candidates: readonly string[], mapping: Raw | undefined): Problem {
  const key = String(path.at(-1));
  const unused = candidates.filter(name => !isMapping(mapping) || !Object.hasOwn(mapping, name));
  const hint = insteadOfKey(key, candidates, unused);
  return { code: 'unknown-key', message: `unknown key \`${printable(key)}\`${enclosing(path)}`, hint, path, part: 'key' };
}

/** A password is not repeated. */
const SECRET_HINT = 'Store it with `postrider secret set NAME` and write `"${{ secrets.NAME }}"`.';

function mismatch(nodes: readonly JsonNode[], value: Raw | undefined, path: Path): Problem {
  const form = formOf(nodes);
  const choices = choicesOf(nodes);
  const typed = accepts(nodes, jsonType(value)) || (typeof value === 'string' && choices.length > 0);
  const scalar = typeof value === 'string' || typeof value === 'number';
  const code = form !== undefined && scalar ? form.code : typed ? 'wrong-value' : 'wrong-type';
  const must = `${subject(path)} must be ${expected(nodes)}, but`;
  if (scalar && isSecretKey(path.at(-1))) return { code, message: `${must} is not`, hint: SECRET_HINT, path };
  return { code, message: `${must} ${found(value)}`, hint: remedy(nodes, value, path), path };
}

function remedy(nodes: readonly JsonNode[], value: Raw | undefined, path: Path): string {
  const key = path.at(-1) ?? '';
  const put = typeof key === 'number' ? '-' : `${key}:`;
  const choices = choicesOf(nodes);
  const instead = insteadOfValue(typeof key === 'number' ? (path.at(-2) ?? '') : key, value);
  if (instead !== undefined) return instead;
  const near = typeof value === 'string' ? didYouMean(value, choices) : undefined;
  if (near !== undefined) return `Did you mean \`${near}\`?`;
  const form = formOf(nodes);
  if (form !== undefined) return form.hint;
  if (typeof value === 'number' && choices.includes(`${value}`)) return `Put it in quotes: \`${put} "${value}"\`.`;
  if (typeof value === 'string' && accepts(nodes, 'boolean')) return `Write \`${put} ${/^(y|yes|on|true|1)$/i.test(value)}\`.`;
  if (typeof value === 'string' && accepts(nodes, 'integer') && /^\d+$/.test(value))
    return `Write \`${put} ${value}\` without quotes.`;
  if (choices.length > 0) return `Write one of ${choices.join(', ')}.`;
  if ((typeof value === 'number' || typeof value === 'boolean') && accepts(nodes, 'string'))
    return `Put it in quotes: \`${put} "${value}"\`.`;
  if ((Array.isArray(value) || isMapping(value)) && accepts(nodes, 'string')) return 'Write one single text.';
  if (value === null) return 'Write a value after the colon, or remove the key.';
  if (accepts(nodes, 'array') && !accepts(nodes, 'string') && !accepts(nodes, 'object'))
    return `Write a list: each entry on its own line after \`- \`, or in [ ].`;
  if (accepts(nodes, 'object')) return 'Write `key: value` lines below it, indented.';
  return `Write ${expected(nodes)}.`;
}

function outOfBounds(
  issue: { readonly code: string; readonly origin?: string; readonly minimum?: unknown; readonly maximum?: unknown },
  nodes: readonly JsonNode[],
  value: Raw | undefined,
  path: Path,
): Problem {
  const bound = Number(issue.code === 'too_big' ? issue.maximum : issue.minimum);
  const side = issue.code === 'too_big' ? 'at most' : 'at least';
  const base = { code: 'wrong-value', path };
  if (typeof value === 'string') {
    if (bound === 1) return { ...base, message: `${subject(path)} must not be empty`, hint: 'Write a value, or remove the key.' };
    return { ...base, message: `${subject(path)} must have ${side} ${bound} characters`, hint: `It has ${value.length}.` };
  }
  if (Array.isArray(value)) {
    const entries = bound === 1 ? 'entry' : 'entries';
    return {
      ...base,
      message: `${subject(path)} ${issue.code === 'too_big' ? 'takes' : 'needs'} ${side} ${bound} ${entries}, but has ${value.length}`,
      hint: issue.code === 'too_big' ? 'Leave some out, or split the job.' : 'Add what is missing.',
    };
  }
  return {
    ...base,
    message: `${subject(path)} must be ${expected(nodes)}, but ${found(value)}`,
    hint: `Write ${side} ${bound}.`,
  };
}

/** The key that a sentence is about. */
export function subject(path: Path): string {
  const last = path.at(-1);
  if (last === undefined) return 'the file';
  if (typeof last === 'string') return `\`${printable(last)}\``;
  return `entry ${last + 1} of \`${path.findLast(part => typeof part === 'string') ?? ''}\``;
}

/** The mapping that a key belongs to, when it is not the whole file. */
function enclosing(path: Path): string {
  const parent = path.at(-2);
  if (parent === undefined) return '';
  if (typeof parent === 'string') return ` in \`${printable(parent)}\``;
  return ` in entry ${parent + 1} of \`${path.slice(0, -2).findLast(part => typeof part === 'string') ?? ''}\``;
}

export function found(value: Raw | undefined): string {
  if (value === undefined) return 'is missing';
  if (value === null) return 'is empty';
  if (typeof value === 'string') return `is the text "${shorten(printable(value), SHOWN_TEXT_MAX)}"`;
  if (typeof value === 'number') return `is the number ${value}`;
  if (typeof value === 'boolean') return `is ${value}`;
  return Array.isArray(value) ? 'is a list' : 'is a mapping';
}

export function valueAt(root: Raw | undefined, path: Path): Raw | undefined {
  let value: Raw | undefined = root;
  for (const step of path) {
    if (Array.isArray(value) && typeof step === 'number') value = value[step] as Raw | undefined;
    else if (isMapping(value) && Object.hasOwn(value, step)) value = value[step];
    else return undefined;
  }
  return value;
}

export function isMapping(value: Raw | undefined): value is { readonly [key: string]: Raw } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function jsonType(value: Raw | undefined): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value === 'undefined' ? 'none' : typeof value;
}
