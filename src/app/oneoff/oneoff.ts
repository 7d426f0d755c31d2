// What all one-off commands share: where they run, what they say, how the dialogue is shown, and who may be asked for a password.
import { type Clock, systemClock } from '../../core/clock.ts';
import { AppError } from '../../core/errors.ts';
import { Redactor, Secret } from '../../core/secret.ts';
import { printable } from '../../core/text.ts';
import { isInteractive } from '../../progress/prompt.ts';
import type { Transcript } from '../../protocols/wire/command.ts';
import { type Workspace, type WorkspaceFlags, workspace } from '../workspace.ts';

export interface OneOffFlags extends WorkspaceFlags {
  readonly transcript?: boolean;
  readonly 'password-stdin'?: boolean;
}

export interface OneOffStreams {
  /** Made ready when it is asked for, which takes its time. */
  readonly stdin: () => NodeJS.ReadStream;
  readonly stderr: NodeJS.WriteStream;
  readonly signal: AbortSignal;
}

export interface OneOff {
  readonly workspace: Workspace;
  readonly clock: Clock;
  readonly signal: AbortSignal;
  readonly redactor: Redactor;
  /** One line on stderr, secrets masked. */
  readonly say: (line: string) => void;
  /** The line of a dialogue, when the user wants to see it. */
  readonly transcript: Transcript | undefined;
  /** The password on stdin, when the user said that it is there. */
  readonly passwordGiven: (() => Promise<Secret>) | undefined;
  /** Somebody can be asked. */
  readonly interactive: boolean;
}

export function oneOff(flags: OneOffFlags, { stdin, stderr, signal }: OneOffStreams): OneOff {
  const redactor = new Redactor();
  const say = (line: string) => void stderr.write(`${printable(redactor.redact(line))}\n`);
  return {
    workspace: workspace(flags),
    clock: systemClock,
    signal,
    redactor,
    say,
    transcript: flags.transcript ? (direction, line) => say(`${direction} ${line}`) : undefined,
    passwordGiven: flags['password-stdin'] ? () => passwordFrom(stdin()) : undefined,
    interactive: isInteractive(),
  };
}

/** The same error without what a server repeated in it. */
export function maskedError(thrown: unknown, redactor: Redactor): unknown {
  if (!(thrown instanceof Error)) return thrown;
  const { message, stack } = thrown;
  const hint = thrown instanceof AppError && thrown.hint !== undefined ? { hint: redactor.redact(thrown.hint) } : {};
  return Object.assign(thrown, { message: redactor.redact(message), stack: redactor.redact(stack ?? ''), ...hint });
}

const PASSWORD_BYTES_MAX = 64 * 1024;

/** Up to the first line end. */
async function passwordFrom(stdin: AsyncIterable<Buffer | string>): Promise<Secret> {
  let text = '';
  for await (const chunk of stdin) {
    text += chunk.toString();
    if (text.includes('\n') || text.length > PASSWORD_BYTES_MAX) break;
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line !== '') return new Secret(line);
  throw new AppError('secret-missing', 'there is no password on stdin', {
    hint: 'Pipe it in: `pass show web | postrider … --password-stdin`.',
  });
}
