// The keys of one definition as a Markdown table: type with its unit, default, meaning, example.
import { toJsonSchema } from '../../src/core/schema.ts';
import { DURATION_PATTERN, RATE_PATTERN, SIZE_PATTERN } from '../../src/core/units.ts';
import { EXAMPLES } from './examples.ts';

export interface Field {
  readonly type?: string;
  readonly description?: string;
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly default?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly items?: Field;
  readonly anyOf?: readonly Field[];
  readonly properties?: Readonly<Record<string, Field>>;
  readonly required?: readonly string[];
}

const UNITS: Readonly<Record<string, string>> = {
  [DURATION_PATTERN.source]: 'duration',
  [SIZE_PATTERN.source]: 'size',
  [RATE_PATTERN.source]: 'rate',
};
const TYPES: Readonly<Record<string, string>> = {
  boolean: '`true` `false`',
  string: 'text',
  object: 'mapping',
  integer: 'whole number',
};

export interface Key {
  readonly name: string;
  readonly required: boolean;
  readonly field: Field;
}

/** Every key, those of a mapping inside right after it as `chmod.files`. */
export function keysOf(schema: Field, prefix = ''): readonly Key[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => [
    { name: prefix + name, required: schema.required?.includes(name) === true && field.default === undefined, field },
    ...(field.properties === undefined ? [] : keysOf(field, `${prefix}${name}.`)),
  ]);
}

export const fieldsOf = (schema: Parameters<typeof toJsonSchema>[0]) => toJsonSchema(schema) as Field;

export function keyTable(section: string, keys: readonly Key[]): string {
  const rows = keys.map(key => [
    `\`${key.name}\``,
    typeOf(key.field),
    ...meaningOf(key),
    `\`${key.name.split('.').at(-1)}: ${flow(EXAMPLES[section]?.[key.name])}\``,
  ]);
  return table(['key', 'type', 'default', 'meaning', 'example'], rows);
}

export function table(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map(cell => cell.replaceAll('|', '\\|').replaceAll('\n', ' ')).join(' | ')} |`;
  return [line(titles), line(titles.map(() => '---')), ...rows.map(line)].join('\n');
}

function typeOf(field: Field): string {
  if (field.enum !== undefined) return field.enum.map(value => `\`${value}\``).join(' ');
  if (field.const !== undefined) return `\`${field.const}\``;
  if (field.anyOf !== undefined) return [...new Set(field.anyOf.map(typeOf))].join(' or ');
  if (field.type === 'array')
    return field.items?.type === undefined && field.items?.anyOf === undefined
      ? 'list of steps'
      : `list of ${typeOf(field.items)}`;
  const unit = UNITS[field.pattern ?? ''];
  if (unit !== undefined) return unit;
  if (field.minimum !== undefined && field.maximum !== undefined) return `${field.minimum} to ${field.maximum}`;
  return TYPES[field.type ?? ''] ?? 'any value';
}

/** The default, from the definition or from the words about it, and those words without it. */
function meaningOf({ field, required }: Key): readonly [preset: string, meaning: string] {
  const description = field.description ?? field.anyOf?.find(each => each.description !== undefined)?.description ?? '';
  const said = SAID.exec(description)?.[1];
  const bracketed = /([\w-]+(?:\(\))?) \(default\)/.exec(description)?.[1];
  const meaning = description
    .replace(SAID, '')
    .replace(/ \(default(: \w+)?\)/, '')
    .trim();
  const preset = isEmpty(field.default) ? (bracketed ?? said) : flow(field.default);
  return [required ? 'must be there' : (preset ?? ''), sentence(meaning)];
}

/** How a description tells the default. */
const SAID = /[;,]?\s?\b[Dd]efault:? ((?:[^.;]|\.(?=\S))+)\.?(?=$|[\s;])/;

function isEmpty(value: unknown): boolean {
  return value === undefined || JSON.stringify(value) === '[]' || JSON.stringify(value) === '{}';
}

/** Texts that YAML reads as they stand, even inside brackets. */
const PLAIN = /^(?:[A-Za-z./~](?:[\w./~@+() -]|:(?=\S))*|\d+(?:\.\d+)?(?:ms|s|m|h|d|[KMGT]?B(?:\/s)?|%))$/;

/** YAML on one line. */
export function flow(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(flow).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    const inside = Object.entries(value).map(([key, each]) => `${key}: ${flow(each)}`);
    return `{ ${inside.join(', ')} }`;
  }
  return typeof value === 'string' && !PLAIN.test(value) ? JSON.stringify(value) : String(value);
}

function sentence(text: string): string {
  return text === '' || /[.!]$/.test(text) ? text : `${text}.`;
}
