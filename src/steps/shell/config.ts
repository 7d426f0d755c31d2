// What a job writes to run a command of its own.
import { flag, type Infer, mapping, object, text, word } from '../../core/schema.ts';

export const shellSchema = object({
  run: word().describe('The script. Several lines are run as one script that stops at the first failing command.'),
  shell: word()
    .optional()
    .describe(
      'The program that runs it. Default: `bash -eo pipefail` where there is bash, else `sh -e`. `{0}` stands for a file with the script.',
    ),
  env: mapping(text()).default({}).describe('Environment variables besides the few that are handed on (PATH, HOME, …).'),
  repeatable: flag().default(false).describe('Running it twice does no harm, so it may be tried again.'),
});

export type ShellConfig = Infer<typeof shellSchema>;
