// job.schema.json for editors: made of the definitions that validate, with the settings of each step type.
import { type Schema, toJsonSchema } from '../core/schema.ts';
import type { StepType } from '../steps/step.ts';
import { connectionSchemas } from './connection-definition.ts';
import { failureStepSchema, jobFileSchema, stepSchema } from './definition.ts';

type Node = Record<string, unknown>;

const EXPRESSION: Node = { type: 'string', pattern: '\\$\\{\\{' };

export function jobSchema(steps: ReadonlyMap<string, StepType>): Node {
  const root = plain(jobFileSchema);
  const properties = root['properties'] as Record<string, Node>;
  return {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'postrider job',
    ...root,
    properties: {
      ...properties,
      connections: { ...properties['connections'], additionalProperties: { $ref: '#/$defs/connection' } },
      steps: { ...properties['steps'], items: { $ref: '#/$defs/step' } },
      'on-failure': { ...properties['on-failure'], items: { $ref: '#/$defs/failure-step' } },
    },
    $defs: {
      connection: connection(),
      settings: Object.fromEntries([...steps].map(([name, type]) => [name, withExpressions(plain(type.schema))])),
      step: step(stepSchema, steps),
      'failure-step': step(failureStepSchema, steps),
    },
  };
}

function connection(): Node {
  const types = Object.keys(connectionSchemas) as (keyof typeof connectionSchemas)[];
  const choices = types.map(type => choice('type', type, withoutHost(plain(connectionSchemas[type]))));
  return { type: 'object', properties: { type: { enum: types } }, required: ['type'], allOf: choices };
}

/** `delivery: direct` has none. */
function withoutHost(node: Node): Node {
  const properties = node['properties'] as Record<string, Node>;
  if (!('delivery' in properties)) return node;
  const host = { anyOf: [{ required: ['host'] }, { required: ['delivery'] }] };
  return { ...node, ...host, required: (node['required'] as readonly string[]).filter(key => key !== 'host') };
}

function step(schema: Schema<unknown>, steps: ReadonlyMap<string, StepType>): Node {
  const frame = plain(schema);
  const properties = frame['properties'] as Record<string, Node>;
  const choices = [...steps].map(([name, type]) => {
    const required = (plain(type.schema)['required'] as readonly string[] | undefined) ?? [];
    const settings = { properties: { with: { $ref: `#/$defs/settings/${name.replaceAll('/', '~1')}` } } };
    return choice('uses', name, required.length === 0 ? settings : { ...settings, required: ['with'] });
  });
  const uses = { ...properties['uses'], anyOf: [...steps].map(([name, type]) => ({ const: name, description: type.summary })) };
  delete (uses as Node)['type'];
  return {
    ...frame,
    properties: { ...properties, uses },
    anyOf: [{ required: ['uses'] }, { required: ['run'] }],
    allOf: choices,
  };
}

function choice(key: string, value: string, then: Node): Node {
  return { if: { properties: { [key]: { const: value } }, required: [key] }, then };
}

/** Whatever is not free text may be an expression instead. */
function withExpressions(node: Node): Node {
  const mapped = Object.fromEntries(Object.entries(node).map(([key, value]) => [key, mapChild(key, value)]));
  const { type, enum: values, const: value, pattern, format } = node;
  const bounded =
    type === 'string' && (values !== undefined || value !== undefined || pattern !== undefined || format !== undefined);
  if (type !== 'boolean' && type !== 'integer' && type !== 'number' && !bounded) return mapped;
  const { description, default: preset, ...rest } = mapped;
  return {
    ...(description === undefined ? {} : { description }),
    ...(preset === undefined ? {} : { default: preset }),
    anyOf: [rest, EXPRESSION],
  };
}

function mapChild(key: string, value: unknown): unknown {
  if (key === 'properties')
    return Object.fromEntries(Object.entries(value as Record<string, Node>).map(([name, node]) => [name, withExpressions(node)]));
  if (key === 'anyOf' || key === 'oneOf') return (value as readonly Node[]).map(withExpressions);
  return (key === 'items' || key === 'additionalProperties') && typeof value === 'object'
    ? withExpressions(value as Node)
    : value;
}

function plain(schema: Schema<unknown>): Node {
  const { $schema: _, ...rest } = toJsonSchema(schema);
  return rest;
}
