// `--set name=value`: overrides a job's vars, keeping the type that the job file gave them. What it says is data, also where it looks like an
// expression: it may come from a stranger, and would read the environment.

import { didYouMean } from '../../core/diagnostic.ts';
import { AppError } from '../../core/errors.ts';
import { shellWord } from '../../core/text.ts';
import type { Raw } from '../../job/job.ts';

/** Throws AppError `usage` for a malformed or unfitting value, `unknown-variable` for a name that the job does not declare. */
export function overrideVariables(vars: Readonly<Record<string, Raw>>, settings: readonly string[]): Record<string, Raw> {
  const result = { ...vars };
  for (const setting of settings) {
    const [, name, value] = /^([^=]+)=(.*)$/s.exec(setting) ?? [];
    if (name === undefined || value === undefined) {
      throw new AppError('usage', `--set ${setting}: this is not name=value`, { hint: 'Write --set site=./public' });
    }
    if (!Object.hasOwn(vars, name)) throw unknownVariable(name, Object.keys(vars));
    result[name] = literal(typed(name, value, vars[name]));
  }
  return result;
}

/** Each `${{` as an expression that gives just that. */
function literal(value: Raw): Raw {
  if (typeof value === 'string') return value.replaceAll('${{', "${{ '${{' }}");
  if (Array.isArray(value)) return value.map(item => literal(item as Raw));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, literal(item as Raw)]));
}

function typed(name: string, value: string, declared: Raw | undefined): Raw {
  if (typeof declared === 'boolean') {
    if (value === 'true' || value === 'false') return value === 'true';
    throw new AppError('usage', `--set ${name}=${value}: ${name} is true or false`);
  }
  if (typeof declared === 'number') {
    const number = Number(value);
    if (value.trim() !== '' && Number.isFinite(number)) return number;
    throw new AppError('usage', `--set ${name}=${value}: ${name} is a number`);
  }
  if (typeof declared === 'object' && declared !== null) return structured(name, value, declared);
  return value;
}

/** A list or mapping is given as JSON. */
function structured(name: string, value: string, declared: Raw): Raw {
  const [kind, example] = Array.isArray(declared) ? ['a list', '["a","b"]'] : ['a mapping', '{"key":"value"}'];
  let parsed: Raw;
  try {
    parsed = JSON.parse(value) as Raw;
  } catch {
    parsed = null;
  }
  if (typeof parsed === 'object' && parsed !== null && Array.isArray(parsed) === Array.isArray(declared)) return parsed;
  throw new AppError('usage', `--set ${name}=${value}: ${name} is ${kind}`, {
    hint: `Write it as JSON: --set ${shellWord(`${name}=${example}`)}`,
  });
}

function unknownVariable(name: string, known: readonly string[]): AppError {
  const nearest = didYouMean(name, known);
  const declared =
    known.length === 0 ? `The job declares none: add \`vars: { ${name}: … }\` to it.` : `Known: ${known.join(', ')}.`;
  const hint = nearest === undefined ? declared : `Did you mean ${nearest}?`;
  return new AppError('unknown-variable', `--set ${name}: the job has no variable of that name`, { hint });
}
