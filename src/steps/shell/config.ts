// What a job writes to run a command of its own.
import { described, flag, type Infer, mapping, object, optional, preset, text, word } from '../../core/schema.ts';

export const shellSchema = object({
  run: described(word(), 'The script. Several lines are run as one script that stops at the first failing command.'),
  shell: optional(
    word(),
    'The program that runs it. Default: `bash -eo pipefail` where there is bash, else `sh -e`. `{0}` stands for a file with the script.',
  ),
  env: preset(mapping(text()), {}, 'Environment variables besides the few that are handed on (PATH, HOME, …).'),
  repeatable: preset(
    flag(),
    false,
    'Running it twice does no harm: it is run again when it ends with exit code 75 (EX_TEMPFAIL, “try later”), as often as `retry` says, and after a crash of the runner. Another exit code is final.',
  ),
});

export type ShellConfig = Infer<typeof shellSchema>;
