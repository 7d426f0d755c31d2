// What a command printed with --json, held against its definition: unknown keys are problems here, so that the schemas stay complete.
import { OUTPUTS } from '../../src/app/output/catalog.ts';
import { check } from '../../src/core/schema.ts';

const LINES = new Set(['run', 'retry', 'ftp mirror', 'pop3 archive', 'smtp send', 'logs --follow']);

/** The name of its document in OUTPUTS; undefined for a command that has none. */
export function outputName(args: readonly string[]): string | undefined {
  const [first = '', second = ''] = args;
  const words = [`${first} ${second}`, first].find(name => name in OUTPUTS || `${name} --dry-run` in OUTPUTS);
  if (words === undefined) return undefined;
  const dry = args.some(arg => arg === '--dry-run' || arg === '-n') && `${words} --dry-run` in OUTPUTS;
  if (dry) return `${words} --dry-run`;
  if (words === 'logs' && args.some(arg => arg === '--follow' || arg === '-f')) return 'logs --follow';
  return words === 'explain' && args.some((arg, at) => at > 0 && !arg.startsWith('-')) ? 'explain CODE' : words;
}

export function outputProblems(args: readonly string[], stdout: string): readonly string[] {
  const name = args.includes('--json') ? outputName(args) : undefined;
  if (name === undefined || stdout === '') return [];
  const texts = LINES.has(name) ? stdout.trimEnd().split('\n') : [stdout];
  return texts.flatMap(text => problemsOf(name, text));
}

function problemsOf(name: string, text: string): readonly string[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return [`${(error as Error).message}: ${text.slice(0, 200)}`];
  }
  const schemas = [OUTPUTS[name], OUTPUTS['error']].flatMap(schema => schema ?? []);
  const failed =
    typeof value === 'object' &&
    value !== null &&
    'error' in value &&
    'version' in value &&
    !('type' in value) &&
    !('run' in value);
  const checked = check(failed && schemas[1] !== undefined ? schemas[1] : (schemas[0] as never), value);
  return checked.ok ? [] : checked.issues.map(issue => `${issue.path.join('.')}: ${issue.message}`);
}
