// What every command prints with --json, as definitions and as JSON Schema: for programs that read it, and for the tests that hold us to it.
import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { type Schema, toJsonSchema } from '../../core/schema.ts';
import { printable } from '../../core/text.ts';
import { archiveOutputs } from './archive.ts';
import { eventLine } from './events.ts';
import { jobOutputs } from './jobs.ts';
import { serverOutputs } from './servers.ts';
import { failure } from './words.ts';

/** Command → its document; for those that run a step, one line of many. `error`: what any of them prints when it fails. */
export const OUTPUTS: Readonly<Record<string, Schema<unknown>>> = {
  ...jobOutputs,
  ...serverOutputs,
  ...archiveOutputs,
  run: eventLine,
  retry: eventLine,
  'ftp mirror': eventLine,
  'pop3 archive': eventLine,
  'smtp send': eventLine,
  'logs --follow': eventLine,
  error: failure,
};

/** JSON Schema 2020-12 as text that ends in a line end. Throws AppError `usage`. */
export function outputSchemaText(command: string): string {
  const name = command
    .trim()
    .replace(/\s+/g, ' ')
    .replace(/^postrider /, '');
  const schema = Object.hasOwn(OUTPUTS, name) ? OUTPUTS[name] : undefined;
  if (schema === undefined) {
    const near = didYouMean(name, Object.keys(OUTPUTS));
    const list = `There are: ${Object.keys(OUTPUTS).sort().join(', ')}.`;
    throw new AppError('usage', `no schema for the output of "${printable(name)}"`, {
      hint: near === undefined ? list : `Did you mean "${near}"? ${list}`,
    });
  }
  const title = name === 'error' ? 'What a command with --json prints when it fails' : `postrider ${name} --json`;
  return `${JSON.stringify({ title, ...(opened(toJsonSchema(schema)) as object) }, undefined, 2)}\n`;
}

/** A reader of version 1 must not stumble over keys that came later. */
function opened(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(opened);
  if (typeof node !== 'object' || node === null) return node;
  const entries = Object.entries(node).filter(([key, value]) => !(key === 'additionalProperties' && value === false));
  return Object.fromEntries(entries.map(([key, value]) => [key, opened(value)]));
}
