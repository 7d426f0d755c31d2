// Just enough of JSON Schema 2020-12 to check job files with job.schema.json as an editor does; unknown keywords throw.
type Node = Readonly<Record<string, unknown>>;

const IGNORED = new Set([
  '$schema',
  '$defs',
  'title',
  'description',
  'default',
  'if',
  'then',
  'maximum',
  'minimum',
  'exclusiveMinimum',
]);

/** Paths at which the value does not fit. */
export function misfits(root: Node, value: unknown, node: Node = root, path = '$'): readonly string[] {
  return Object.entries(node).flatMap(([keyword, want]) => {
    const check = CHECKS[keyword];
    if (check !== undefined) return check({ root, node, want, value, path });
    if (IGNORED.has(keyword)) return [];
    throw new Error(`keyword ${keyword} at ${path} is not known to this validator`);
  });
}

interface Place {
  readonly root: Node;
  readonly node: Node;
  readonly want: unknown;
  readonly value: unknown;
  readonly path: string;
}

const CHECKS: Readonly<Record<string, (place: Place) => readonly string[]>> = {
  $ref: ({ root, want, value, path }) => misfits(root, value, resolve(root, String(want)), path),
  type: ({ want, value, path }) => ([want].flat().some(type => isType(value, String(type))) ? [] : [`${path}: type`]),
  enum: ({ want, value, path }) => ((want as unknown[]).includes(value) ? [] : [`${path}: enum`]),
  const: ({ want, value, path }) => (want === value ? [] : [`${path}: const`]),
  pattern: ({ want, value, path }) =>
    typeof value !== 'string' || new RegExp(String(want), 'u').test(value) ? [] : [`${path}: pattern`],
  format: () => [],
  minLength: ({ want, value, path }) => (typeof value !== 'string' || value.length >= Number(want) ? [] : [`${path}: minLength`]),
  minItems: ({ want, value, path }) => (!Array.isArray(value) || value.length >= Number(want) ? [] : [`${path}: minItems`]),
  maxItems: ({ want, value, path }) => (!Array.isArray(value) || value.length <= Number(want) ? [] : [`${path}: maxItems`]),
  required: ({ want, value, path }) =>
    isObject(value) ? (want as string[]).filter(key => !(key in value)).map(key => `${path}: ${key} required`) : [],
  properties: ({ root, want, value, path }) =>
    isObject(value)
      ? Object.entries(want as Record<string, Node>).flatMap(([key, node]) =>
          key in value ? misfits(root, value[key], node, `${path}.${key}`) : [],
        )
      : [],
  propertyNames: ({ root, want, value, path }) =>
    isObject(value) ? Object.keys(value).flatMap(key => misfits(root, key, want as Node, `${path}.${key}`)) : [],
  additionalProperties: ({ root, node, want, value, path }) => {
    if (!isObject(value)) return [];
    const known = Object.keys((node['properties'] as object | undefined) ?? {});
    const more = Object.keys(value).filter(key => !known.includes(key));
    if (want === false) return more.map(key => `${path}.${key}: unknown`);
    return isObject(want) ? more.flatMap(key => misfits(root, value[key], want, `${path}.${key}`)) : [];
  },
  items: ({ root, want, value, path }) =>
    Array.isArray(value) ? value.flatMap((item, index) => misfits(root, item, want as Node, `${path}[${index}]`)) : [],
  anyOf: ({ root, want, value, path }) =>
    (want as Node[]).some(node => misfits(root, value, node, path).length === 0) ? [] : [`${path}: anyOf`],
  oneOf: ({ root, want, value, path }) =>
    (want as Node[]).filter(node => misfits(root, value, node, path).length === 0).length === 1 ? [] : [`${path}: oneOf`],
  allOf: ({ root, want, value, path }) =>
    (want as Node[]).flatMap(node => [
      ...misfits(root, value, node, path),
      ...('if' in node && misfits(root, value, node['if'] as Node, path).length === 0
        ? misfits(root, value, node['then'] as Node, path)
        : []),
    ]),
};

function resolve(root: Node, reference: string): Node {
  const names = reference
    .replace(/^#\//, '')
    .split('/')
    .map(name => name.replaceAll('~1', '/').replaceAll('~0', '~'));
  return names.reduce<unknown>((node, name) => (node as Record<string, unknown>)[name], root) as Node;
}

function isType(value: unknown, type: string): boolean {
  if (type === 'null') return value === null;
  if (type === 'array') return Array.isArray(value);
  if (type === 'object') return isObject(value);
  return type === 'integer' ? Number.isInteger(value) : typeof value === type;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
