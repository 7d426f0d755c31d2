// `shell`: runs a script of the user's.
import { printable, shorten } from '../../core/text.ts';
import type { StepType } from '../step.ts';
import { type ShellConfig, shellSchema } from './config.ts';
import { runScript, type ShellOutputs } from './run.ts';

const DESCRIPTION_LENGTH_MAX = 80;

export const shell: StepType<ShellConfig, ShellOutputs> = {
  name: 'shell',
  summary: 'Runs a script; its exit code decides, its output becomes notes.',
  schema: shellSchema,
  code: ['run'],
  repeatable: config => config.repeatable,
  describe,
  preview: async config => ({ summary: describe(config), actions: [{ action: 'run', target: describe(config) }] }),
  run: runScript,
};

/** The first line that is no comment. */
function describe({ run }: ShellConfig): string {
  const lines = run.split('\n').map(line => line.trim());
  const first = lines.find(line => line !== '' && !line.startsWith('#')) ?? '';
  return shorten(printable(first), DESCRIPTION_LENGTH_MAX);
}
