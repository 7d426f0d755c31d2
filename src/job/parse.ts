// YAML text → plain values that remember where they stand.
import { isAlias, isMap, isScalar, isSeq, type Node, type Pair, parseDocument, type Scalar, type YAMLMap } from 'yaml';
import type { Range } from '../core/diagnostic.ts';
import { printable, shorten } from '../core/text.ts';
import type { Raw } from './job.ts';
import type { Path, Problem } from './problem.ts';
import { rangeOf, type Source } from './source.ts';
import { syntaxProblems } from './syntax-problem.ts';
import { tooDeepAt } from './yaml-depth.ts';

/** Values in one file, those behind aliases counted each time they are used. */
export const VALUES_MAX = 20_000;
export const DEPTH_MAX = 32;
/** Levels of writing; a value may take several. It keeps the library from recursing without end. */
const LEVELS_MAX = 4 * DEPTH_MAX;

export interface Parsed {
  readonly source: Source;
  /** Undefined when nothing can be said about the content: the problems are all there is. */
  readonly value: Raw | undefined;
  /** Of the syntax, with offsets already turned into ranges. */
  readonly problems: readonly Problem[];
  /** Where the key or the value at a path stands; the nearest enclosing value when there is none. */
  place(path: Path, part: 'key' | 'value'): Range;
  /** Where `needle` stands inside the text at `path`, looking from the `from`th character of the text on. */
  find(path: Path, needle: string, from: number): Range | undefined;
}

/** YAML 1.2 core: `yes`, `on` and `0777` are text and numbers as written; no merge keys, no tags, one document. */
export function parseYaml(source: Source): Parsed {
  const reader = new Reader(source);
  const deep = tooDeepAt(source.text, LEVELS_MAX);
  if (deep !== undefined) return reader.parsed(undefined, [tooDeep(rangeOf(source, deep, deep + 1))]);
  const document = parseDocument<Node, true>(source.text, {
    version: '1.2',
    schema: 'core',
    merge: false,
    strict: true,
    // Repeated keys are looked for below: the library compares every pair of keys of a mapping.
    uniqueKeys: false,
    prettyErrors: false,
    logLevel: 'error',
  });
  const syntax = syntaxProblems(source, [...document.errors, ...document.warnings], document.directives?.yaml.explicit === true);
  if (syntax.length > 0) return reader.parsed(undefined, syntax);
  if (document.contents === null) return reader.parsed(null, []);
  try {
    return reader.parsed(reader.read(document.contents, [], undefined), reader.problems);
  } catch (error) {
    if (error instanceof TooMuch) return reader.parsed(undefined, [error.problem]);
    throw error;
  }
}

function tooDeep(range: Range): Problem {
  const message = `values are nested more than ${DEPTH_MAX} deep`;
  return { code: 'too-big', message, hint: 'Look for brackets that are not closed; no job needs so many.', path: [], range };
}

class TooMuch extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.problem = problem;
  }
}

interface Mark {
  readonly key?: readonly [number, number];
  readonly value: readonly [number, number];
}

class Reader {
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #marks = new Map<string, Mark>();
  readonly #anchors = new Map<string, Node>();
  readonly #open = new Set<Node>();
  #count = 0;

  constructor(source: Source) {
    this.#source = source;
  }

  parsed(value: Raw | undefined, problems: readonly Problem[]): Parsed {
    const source = this.#source;
    const place = (path: Path, part: 'key' | 'value') => {
      for (let length = path.length; length > 0; length--) {
        const mark = this.#marks.get(nameOf(path.slice(0, length)));
        if (mark === undefined) continue;
        const [from, to] = (part === 'key' || length < path.length ? mark.key : undefined) ?? mark.value;
        return rangeOf(source, from, to);
      }
      return rangeOf(source, 0, 0);
    };
    const find = (path: Path, needle: string, from: number) => {
      const mark = this.#marks.get(nameOf(path));
      if (mark === undefined || needle === '') return undefined;
      const text = source.text.slice(...mark.value);
      const plain = valueAt(value, path);
      const before = typeof plain === 'string' ? countOf(plain.slice(0, from), needle) : 0;
      let at = text.indexOf(needle);
      for (let nth = 0; nth < before && at >= 0; nth++) at = text.indexOf(needle, at + 1);
      return at < 0 ? undefined : rangeOf(source, mark.value[0] + at, mark.value[0] + at + needle.length);
    };
    return { source, value, problems, place, find };
  }

  /** `alias` is where the value is used when it is written elsewhere. */
  read(node: Node, path: Path, alias: readonly [number, number] | undefined, key?: readonly [number, number]): Raw {
    const span = alias ?? spanOf(node);
    this.#marks.set(nameOf(path), key === undefined ? { value: span } : { key, value: span });
    this.#count += 1;
    if (this.#count > VALUES_MAX) this.#stop(span, alias, `the file holds more than ${VALUES_MAX} values`);
    if (path.length > DEPTH_MAX) this.#stop(span, alias, `values are nested more than ${DEPTH_MAX} deep`);
    if (isAlias(node)) return this.#readAlias(node.source, path, span, key);
    if ('anchor' in node && typeof node.anchor === 'string') this.#anchors.set(node.anchor, node);
    this.#open.add(node);
    const value = this.#readPlain(node, path, alias);
    this.#open.delete(node);
    return value;
  }

  #readPlain(node: Node, path: Path, alias: readonly [number, number] | undefined): Raw {
    if (isMap(node)) return this.#readMap(node, path, alias);
    if (isSeq(node)) return node.items.map((item, index) => this.read(item as Node, [...path, index], alias));
    return this.#readScalar(node as Scalar, path, alias ?? spanOf(node));
  }

  #readAlias(name: string, path: Path, span: readonly [number, number], key: readonly [number, number] | undefined): Raw {
    const target = this.#anchors.get(name);
    if (target === undefined) {
      const hint = `Text that begins with * must be quoted: "*${printable(name)}".`;
      this.#report('unknown-anchor', `\`*${printable(name)}\` refers to an anchor that is not there`, hint, span);
      return null;
    }
    if (this.#open.has(target)) {
      this.#stop(span, span, `\`*${printable(name)}\` refers to a value that contains it`);
    }
    return this.read(target, path, span, key);
  }

  #readMap(map: YAMLMap, path: Path, alias: readonly [number, number] | undefined): Raw {
    const entries = new Map<string, Raw>();
    for (const pair of map.items as Pair<Node | null, Node | null>[]) {
      const span = alias ?? (pair.key === null ? spanOf(map) : spanOf(pair.key));
      const key = this.#readKey(pair.key, span);
      if (key === undefined) continue;
      if (entries.has(key)) {
        this.#report('duplicate-key', `\`${printable(key)}\` is written twice in this mapping`, 'Keep one of the two.', span);
        continue;
      }
      const valuePath = [...path, key];
      if (pair.value !== null) entries.set(key, this.read(pair.value, valuePath, alias, span));
      else {
        entries.set(key, null);
        this.#marks.set(nameOf(valuePath), { key: span, value: span });
      }
    }
    return Object.fromEntries(entries);
  }

  #readKey(key: Node | null, span: readonly [number, number]): string | undefined {
    if (isScalar(key) && key.value === '<<') {
      const hint = 'Write the keys out, or use an anchor for a whole value.';
      this.#report('merge-key', 'merge keys (`<<`) are not supported', hint, span);
      return undefined;
    }
    if (isScalar(key) && typeof key.value === 'string') return key.value;
    const written = shorten(printable(this.#source.text.slice(...span)), 40);
    this.#report('bad-key', `\`${written}\` is not a text and cannot be a key`, `Put it in quotes: "${written}".`, span);
    return undefined;
  }

  #readScalar(scalar: Scalar, path: Path, span: readonly [number, number]): Raw {
    const { value } = scalar;
    if (typeof value === 'number' && (!Number.isFinite(value) || (Number.isInteger(value) && !Number.isSafeInteger(value)))) {
      const written = scalar.source ?? String(value);
      this.#report(
        'bad-number',
        `${written} cannot be kept exactly as a number`,
        `If it is a text, put it in quotes: "${written}".`,
        span,
      );
      return written;
    }
    if (typeof value === 'number' && losesForm(scalar.source ?? '', value, path)) return this.#reportForm(scalar, value, span);
    if (isPlain(value)) return value;
    this.#report(
      'wrong-type',
      `the value at ${path.join('.')} is of no kind that a job can hold`,
      'Write a text, a number, true or false.',
      span,
    );
    return null;
  }

  #reportForm(scalar: Scalar, value: number, span: readonly [number, number]): Raw {
    const written = scalar.source ?? '';
    const hint = `If it is a text, put it in quotes: "${written}"; if it is a number, write ${value}.`;
    this.#report('bad-number', `${written} would be read as the number ${value}`, hint, span);
    return value;
  }

  #report(code: string, message: string, hint: string, span: readonly [number, number]): void {
    this.problems.push({ code, message, hint, path: [], range: rangeOf(this.#source, ...span) });
  }

  #stop(span: readonly [number, number], alias: readonly [number, number] | undefined, message: string): never {
    const code = alias === undefined ? 'too-big' : 'alias-bomb';
    const hint =
      alias === undefined
        ? 'Split the job, or move data out of it.'
        : 'Write the values out instead of using anchors and aliases.';
    throw new TooMuch({ code, message, hint, path: [], range: rangeOf(this.#source, ...span) });
  }
}

/** The text as written may be indented or escaped: the how-manieth occurrence is the same in both. */
function countOf(text: string, needle: string): number {
  let count = 0;
  for (let at = text.indexOf(needle); at >= 0; at = text.indexOf(needle, at + 1)) count += 1;
  return count;
}

function valueAt(root: Raw | undefined, path: Path): Raw | undefined {
  let value = root;
  for (const step of path) value = (value as Readonly<Record<string | number, Raw>> | null | undefined)?.[step];
  return value;
}

/** A post code; in `vars`, which may be shown as text, also a version, a telephone number, a hash like 7e12: not 0x1f, which can only be meant so. */
function losesForm(written: string, value: number, path: Path): boolean {
  if (/^[-+]?0\d/.test(written)) return true;
  return path[0] === 'vars' && written !== String(value) && !/^0[xo]/.test(written);
}

function isPlain(value: unknown): value is string | number | boolean | null {
  return value === null || typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
}

function spanOf(node: Node): readonly [number, number] {
  const range = node.range;
  return range === null || range === undefined ? [0, 0] : [range[0], range[1]];
}

function nameOf(path: Path): string {
  return JSON.stringify(path);
}
