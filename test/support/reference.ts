// The reference of step settings as Markdown, made from the definitions that check a job.
import { toJsonSchema } from '../../src/core/schema.ts';
import { stepTypes } from '../../src/steps/registry.ts';

interface Field {
  readonly description?: string;
  readonly enum?: readonly string[];
  readonly default?: unknown;
  readonly anyOf?: readonly Field[];
}

/** One table a step type, in the order of the registry. */
export function stepReference(): string {
  return [...stepTypes.values()]
    .map(type => [`**\`${type.name}\`** — ${sentence(type.summary)}`, '', ...tableOf(toJsonSchema(type.schema))].join('\n'))
    .join('\n\n');
}

function tableOf(schema: Record<string, unknown>): string[] {
  const fields = Object.entries((schema['properties'] ?? {}) as Record<string, Field>);
  const required = (schema['required'] ?? []) as readonly string[];
  return [
    '| key | |',
    '| --- | --- |',
    ...fields.map(([name, field]) => `| \`${name}\`${required.includes(name) ? ' (required)' : ''} | ${textOf(field)} |`),
  ];
}

function textOf(field: Field): string {
  const description = field.description ?? field.anyOf?.find(each => each.description !== undefined)?.description ?? '';
  const values = field.enum ?? field.anyOf?.find(each => each.enum !== undefined)?.enum;
  const shown = isWorthSaying(field.default)
    ? `default \`${typeof field.default === 'string' ? field.default : JSON.stringify(field.default)}\``
    : undefined;
  const facts = [values?.map(value => `\`${value}\``).join(' '), shown].filter(fact => fact !== undefined);
  return [sentence(description), ...(facts.length === 0 ? [] : [`${facts.join('; ')}.`])].join(' ').replaceAll('|', '\\|');
}

function isWorthSaying(value: unknown): boolean {
  return value !== undefined && JSON.stringify(value) !== '[]' && JSON.stringify(value) !== '{}';
}

function sentence(text: string): string {
  return text === '' || text.endsWith('.') ? text : `${text}.`;
}
