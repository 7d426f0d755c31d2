// Runs one script and turns its end into outputs or an error.
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { cancelled } from '../../core/clock.ts';
import { AppError, fileError } from '../../core/errors.ts';
import { makeTempFolder } from '../../files/temp-folder.ts';
import type { Outputs, StepContext } from '../step.ts';
import { type ShellCommand, shellCommand } from './command.ts';
import type { ShellConfig } from './config.ts';
import { scriptEnvironment } from './environment.ts';
import { OUTPUT_FILE_BYTES_MAX, parseOutputs } from './output-file.ts';
import { type ProcessEnd, runProcess } from './process.ts';

export type ShellOutputs = Outputs & { readonly 'exit-code': number };

/** The newest lines of output that an error shows. */
const ERROR_LINES_MAX = 10;
/** A longer line is only mentioned there: cut, it might show half a secret, which nothing would mask. */
export const ERROR_LINE_LENGTH_MAX = 1_000;
/** EX_TEMPFAIL of sysexits.h: the script says that a later try may work. */
const EX_TEMPFAIL = 75;

export async function runScript(config: ShellConfig, context: StepContext): Promise<ShellOutputs> {
  if (context.signal.aborted) throw cancelled(context.signal);
  await checkWorkdir(context.workdir);
  const folder = await makeTempFolder('postrider-', context.env?.['TMPDIR']);
  try {
    const outputFile = join(folder, 'output');
    await writeFile(outputFile, '', { mode: 0o600 });
    const env = scriptEnvironment(config, context, outputFile);
    const command = shellCommand(config, env, folder);
    const { end, lines } = await execute(config, command, env, context);
    if (context.signal.aborted) throw cancelled(context.signal);
    if (end.exitCode !== 0) throw failure(end, lines, config.repeatable);
    return { ...parseOutputs(await readOutputs(outputFile)), 'exit-code': 0 };
  } catch (error) {
    throw fileError(error, folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function execute(
  config: ShellConfig,
  command: ShellCommand,
  env: Readonly<Record<string, string>>,
  context: StepContext,
): Promise<{ end: ProcessEnd; lines: readonly string[] }> {
  const { scriptFile } = command;
  if (scriptFile !== undefined) await writeFile(scriptFile, config.run, { mode: 0o600 });
  let [count, lines]: [number, string[]] = [0, []];
  const onLine = (line: string) => {
    count += 1;
    const short = line.length <= ERROR_LINE_LENGTH_MAX ? line : `(a line of ${line.length} characters)`;
    lines = [...lines, short].slice(-ERROR_LINES_MAX);
    context.note('info', line);
    context.progress({ done: count, unit: 'lines', item: short });
  };
  const input = scriptFile === undefined ? config.run : '';
  try {
    return { end: await runProcess({ command, input, env, onLine }, context), lines };
  } catch (cause) {
    throw unstartable(cause as NodeJS.ErrnoException, command.program);
  }
}

function failure({ exitCode, killedBy }: ProcessEnd, lines: readonly string[], repeatable: boolean): AppError {
  const how = killedBy === null ? `ended with exit code ${exitCode}` : `was killed by ${killedBy}`;
  const said = lines.length === 0 ? ' and said nothing' : `:\n${lines.join('\n')}`;
  return new AppError('shell-failed', `the script ${how}${said}`, {
    retry: exitCode === EX_TEMPFAIL ? 'later' : 'never',
    hint: hintFor(exitCode, repeatable),
  });
}

function hintFor(exitCode: number | null, repeatable: boolean): string {
  const isTemporary = exitCode === EX_TEMPFAIL;
  if (isTemporary && !repeatable)
    return 'Exit code 75 asks for another try, but a script is run twice only where `with: { repeatable: true }` says that it does no harm.';
  const byHand = 'Run the script by hand in the job’s workdir.';
  return repeatable && !isTemporary ? `${byHand} Of all exit codes only 75 asks for another try.` : byHand;
}

function unstartable(error: NodeJS.ErrnoException, program: string): AppError {
  const missing = error.code === 'ENOENT';
  return new AppError(
    missing ? 'shell-missing' : 'shell-unstartable',
    `${program}: ${missing ? 'no such program' : error.message}`,
    {
      hint: 'Check `shell` and the PATH.',
      cause: error,
    },
  );
}

/** Node blames the program when the folder is missing. */
async function checkWorkdir(workdir: string): Promise<void> {
  try {
    if (!(await stat(workdir)).isDirectory()) throw Object.assign(new Error('is no folder'), { code: 'ENOTDIR' });
  } catch (error) {
    throw fileError(error, workdir);
  }
}

async function readOutputs(path: string): Promise<string> {
  const file = await open(path, 'r');
  try {
    const { size } = await file.stat();
    if (size > OUTPUT_FILE_BYTES_MAX) {
      throw new AppError('shell-output', `$POSTRIDER_OUTPUT: larger than ${OUTPUT_FILE_BYTES_MAX} bytes`, {
        hint: 'Outputs are for small values; write the rest to a file.',
      });
    }
    return await file.readFile('utf8');
  } finally {
    await file.close();
  }
}
