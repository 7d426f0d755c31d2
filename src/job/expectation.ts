// What a definition wants at a path, in words: read off its JSON Schema, so that messages and editors say the same.
import { type Schema, toJsonSchema } from '../core/schema.ts';
import { DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN } from '../core/units.ts';
import type { Path } from './problem.ts';

export interface JsonNode {
  readonly [key: string]: unknown;
}

/** A text of a known form. */
export interface TextForm {
  readonly code: string;
  readonly words: string;
  readonly hint: string;
}

const FORMS: ReadonlyMap<string, TextForm> = new Map([
  [
    DURATION_PATTERN.source,
    { code: 'bad-duration', words: 'a duration', hint: 'Write a number with its unit: 500ms, 5s, 10m, 2h or 7d.' },
  ],
  [SIZE_PATTERN.source, { code: 'bad-size', words: 'a size', hint: 'Write a number with its unit: 500B, 64KB, 2MB or 1GB.' }],
  [RATE_PATTERN.source, { code: 'bad-rate', words: 'a rate', hint: 'Write a size a second: 500KB/s or 2MB/s.' }],
]);

const cache = new WeakMap<object, JsonNode>();

/** Computed when a file has a mistake, and never before. */
export function jsonOf(schema: Schema<unknown>): JsonNode {
  const known = cache.get(schema);
  if (known !== undefined) return known;
  const json = toJsonSchema(schema);
  cache.set(schema, json);
  return json;
}

/** The alternatives that may stand at `path`. */
export function nodesAt(root: JsonNode, path: Path): readonly JsonNode[] {
  let nodes = alternatives(root);
  for (const step of path) nodes = nodes.flatMap(node => alternatives(childOf(node, step)));
  return nodes;
}

/** Names of the keys that a mapping at these nodes may have. */
export function keysOf(nodes: readonly JsonNode[]): readonly string[] {
  return [...new Set(nodes.flatMap(node => Object.keys(asNode(node['properties']) ?? {})))];
}

/** The words that may be written, when there is a fixed set. */
export function choicesOf(nodes: readonly JsonNode[]): readonly string[] {
  return nodes.flatMap(node => {
    if (Array.isArray(node['enum'])) return node['enum'].map(String);
    return 'const' in node ? [String(node['const'])] : [];
  });
}

export function formOf(nodes: readonly JsonNode[]): TextForm | undefined {
  return nodes.map(node => FORMS.get(String(node['pattern']))).find(form => form !== undefined);
}

export function accepts(nodes: readonly JsonNode[], type: string): boolean {
  return nodes.some(node => node['type'] === type);
}

/** `true or false`, `a whole number from 1 to 64`, `one of time-size, size, hash`. */
export function expected(nodes: readonly JsonNode[]): string {
  const choices = choicesOf(nodes);
  const words = nodes.filter(node => !('enum' in node) && !('const' in node)).map(wordsOf);
  const parts = [...new Set(words)];
  if (choices.length === 1) parts.push(...choices);
  if (choices.length > 1) parts.push(`one of ${choices.join(', ')}`);
  return parts.length === 0 ? 'something else' : parts.join(' or ');
}

function wordsOf(node: JsonNode): string {
  switch (node['type']) {
    case 'boolean':
      return 'true or false';
    case 'integer':
      return `a whole number${bounds(node)}`;
    case 'number':
      return `a number${bounds(node)}`;
    case 'string':
      return FORMS.get(String(node['pattern']))?.words ?? 'text';
    case 'array':
      return 'a list';
    case 'object':
      return 'a mapping';
    case 'null':
      return 'empty';
    default:
      return 'a value';
  }
}

function bounds(node: JsonNode): string {
  const { minimum, maximum } = node as { minimum?: number; maximum?: number };
  const low = minimum !== undefined && Number.isSafeInteger(minimum) && minimum > Number.MIN_SAFE_INTEGER ? minimum : undefined;
  const high = maximum !== undefined && maximum < Number.MAX_SAFE_INTEGER ? maximum : undefined;
  if (low !== undefined && high !== undefined) return ` from ${low} to ${high}`;
  if (low !== undefined) return ` of at least ${low}`;
  return high === undefined ? '' : ` of at most ${high}`;
}

function alternatives(node: unknown): readonly JsonNode[] {
  const known = asNode(node);
  if (known === undefined) return [];
  const branches = known['anyOf'] ?? known['oneOf'] ?? known['allOf'];
  return Array.isArray(branches) ? branches.flatMap(alternatives) : [known];
}

function childOf(node: JsonNode, step: string | number): unknown {
  if (typeof step === 'number') return node['items'];
  const properties = asNode(node['properties']);
  return properties !== undefined && Object.hasOwn(properties, step) ? properties[step] : node['additionalProperties'];
}

function asNode(value: unknown): JsonNode | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonNode) : undefined;
}
