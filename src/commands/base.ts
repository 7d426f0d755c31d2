// What all commands share: errors in our words with the exit code of CONTRACT section 2, JSON on stdout, a closed pipe that ends quietly.
import { Args, Command, Config, Flags, type Interfaces } from '@oclif/core';
import { EXIT, exitCodeOf } from '../app/exit-codes.ts';
import type { OneOff, OneOffFlags } from '../app/oneoff/oneoff.ts';
import { type Diagnostic, formatDiagnostic } from '../core/diagnostic.ts';
import { AppError, fileError, MisuseError, reportOf } from '../core/errors.ts';
import { printable, printableJson, printableStream } from '../core/text.ts';
import { durationText, parseDuration } from '../core/units.ts';
import { foldFor } from '../progress/width.ts';

export const jsonFlag = Flags.boolean({ description: 'print one JSON document on stdout' });
export const jobsFlag = Flags.string({ description: 'folder of job files (POSTRIDER_JOBS; default ./jobs)', helpValue: 'DIR' });
export const stateFlag = Flags.string({
  description: 'state folder (POSTRIDER_STATE; default $XDG_STATE_HOME/postrider)',
  helpValue: 'DIR',
});

/** `30s`, `5m`; milliseconds for the command. */
export const durationFlag = Flags.custom<number>({
  helpValue: '30s',
  defaultHelp: async ({ options }) => (typeof options.default === 'number' ? durationText(options.default) : ''),
  parse: async text => {
    const ms = parseDuration(text);
    // No AppError: oclif puts words of its own around the message, which usageError() takes away again.
    if (ms === undefined) throw new Error(`${text} is no duration: write 500ms, 30s, 5m, 2h or 7d`);
    return ms;
  },
});

/** What `run` and `plan` share: which job, and which part of it with which values. */
export const jobArgs = { job: Args.string({ required: true, description: 'a job file, or a name in the jobs folder' }) };
export const jobFlags = {
  jobs: jobsFlag,
  state: stateFlag,
  set: Flags.string({
    multiple: true,
    multipleNonGreedy: true,
    helpValue: 'name=value',
    description: 'override one of the job’s vars',
  }),
  only: Flags.string({ helpValue: 'ID', description: 'this step alone', exclusive: ['from'] }),
  from: Flags.string({ helpValue: 'ID', description: 'this step and everything that needs it' }),
};

/** Of every command that speaks to a server by itself. */
export const targetFlags = {
  jobs: Flags.string({ description: 'folder of connections.yaml (POSTRIDER_JOBS; default ./jobs), for @name', helpValue: 'DIR' }),
  'password-stdin': Flags.boolean({
    description: 'read the password from stdin (else POSTRIDER_PASSWORD, a secret, or a prompt)',
  }),
  transcript: Flags.boolean({ description: 'print the dialogue with the server on stderr, secrets masked' }),
};
export const TARGET_HELP = 'a URL, or @name/path for a connection of connections.yaml';

export const archiveFlag = Flags.string({ description: 'folder of the archive', helpValue: 'DIR', default: './archive' });
export const accountFlag = Flags.string({ description: 'only this account', helpValue: 'NAME' });

export abstract class BaseCommand extends Command {
  /** Set by a command as soon as it knows: errors then go to stdout as JSON too. */
  protected asJson = false;

  /** As oclif starts it, which then would have the configuration loaded again that it brings. */
  static override async run<T extends Command>(
    this: new (
      argv: string[],
      config: Config,
    ) => T,
    argv?: string[],
    config?: Interfaces.LoadOptions,
  ): Promise<ReturnType<T['run']>> {
    if (!(config instanceof Config)) throw new MisuseError('a command is started with the configuration that names it');
    return (new this(argv ?? [], config) as unknown as BaseCommand)._run();
  }

  override async init(): Promise<void> {
    await super.init();
    // oclif takes what is piped in for an argument that was left out, and a piped password would come back in the error about it.
    for (const arg of Object.values(this.ctor.args)) arg.ignoreStdin = true;
    // oclif's own listener throws, which ends a run in the middle with a stack trace.
    process.stdout.removeAllListeners('error');
    process.stdout.on('error', unwritable);
    process.stderr.on('error', () => undefined);
    this.asJson = this.argv.includes('--json');
    // A diagnostic report (--report-on-fatalerror) holds the environment otherwise, and with it every POSTRIDER_SECRET_*.
    process.report.excludeEnv = true;
    // By default this signal opens a debugger's port, to which every user of the machine may connect.
    process.on('SIGUSR1', () => undefined);
    if (isDebugged()) this.say('postrider: warning: a debugger may attach (--inspect), and reads every secret');
  }

  /** Throws AppError `usage`; what oclif throws to end the program, as for --help, passes. */
  protected override async parse<F extends Values, B extends Values, A extends Values>(
    options?: Interfaces.Input<F, B, A>,
    argv: string[] = this.argv,
  ): Promise<Interfaces.ParserOutput<F, B, A>> {
    this.#refuseValuesOfSwitches(argv);
    try {
      return await super.parse(options, argv);
    } catch (error) {
      if (error instanceof AppError || (error as { code?: string }).code === 'EEXIT') throw error;
      const { usageError } = await import('./oclif/usage-error.ts');
      throw usageError(error as Error, { name: this.#name, flags: Object.keys(this.ctor.flags ?? {}) });
    }
  }

  /** One JSON document, `version` first. */
  protected printJson(document: Record<string, unknown>): void {
    process.stdout.write(`${printableJson({ version: 1, ...document }, { indent: true })}\n`);
  }

  /** A result. On a terminal, what is wider than it is broken between words. */
  protected print(text = ''): void {
    process.stdout.write(`${foldFor(process.stdout, text)}\n`);
  }

  /** What happens beside the results; shown in the same way. */
  protected say(text: string): void {
    process.stderr.write(`${foldFor(process.stderr, text)}\n`);
  }

  /** Work that Ctrl-C ends. */
  protected async oneOff<T>(flags: OneOffFlags, work: (one: OneOff) => Promise<T>): Promise<T> {
    const [{ interruptible }, { oneOff, maskedError }, { systemClock }] = await Promise.all([
      import('./interruption.ts'),
      import('../app/oneoff/oneoff.ts'),
      import('../core/clock.ts'),
    ]);
    const { signal, release } = interruptible(systemClock.elapsed);
    const one = oneOff(flags, { stdin: () => process.stdin, stderr: process.stderr, signal });
    try {
      return await work(one);
    } catch (error) {
      throw maskedError(error, one.redactor);
    } finally {
      release();
    }
  }

  /** Bytes as they are, on a terminal without what would steer it; no faster than the reader takes them, and one that has gone ends it quietly. */
  protected async printBytes(bytes: AsyncIterable<Uint8Array>): Promise<void> {
    const shown = process.stdout.isTTY ? printableStream(bytes) : bytes;
    // No pipeline(): it leaves listeners on stdout each time, and a shell prints many times.
    for await (const chunk of shown) {
      const error = await new Promise<NodeJS.ErrnoException | null | undefined>(done => process.stdout.write(chunk, done));
      // unwritable() has told of a full disk.
      if (error) return;
    }
  }

  protected override async catch(error: Error & { exitCode?: number }): Promise<void> {
    if (error instanceof AppError) await this.#report(error);
    else await super.catch(error);
  }

  get #name(): string {
    return (this.id ?? '').replaceAll(':', ' ');
  }

  /** oclif takes the 1 of `--json=1` for an argument, and `init --json=1` would write a folder of that name. */
  #refuseValuesOfSwitches(argv: readonly string[]): void {
    const end = argv.indexOf('--');
    for (const word of end < 0 ? argv : argv.slice(0, end)) {
      const [, name = ''] = /^--([\w-]+)=/.exec(word) ?? [];
      if (this.ctor.flags?.[name]?.type !== 'boolean') continue;
      const hint = `Write --${name} alone, or leave it out.`;
      throw new AppError('usage', `--${name} takes no value`, { hint });
    }
  }

  async #report(error: AppError): Promise<void> {
    const diagnostics = (error as { diagnostics?: readonly Diagnostic[] }).diagnostics ?? [];
    // On one line: `run --json` is read line by line.
    const document = { version: 1, error: reportOf(error), ...(diagnostics.length === 0 ? {} : { diagnostics }) };
    if (this.asJson) this.print(printableJson(document));
    if (annotates()) await this.#annotate(error, diagnostics);
    for (const diagnostic of diagnostics) process.stderr.write(`${formatDiagnostic(diagnostic)}\n`);
    this.say(`postrider: ${printable(error.message)}`);
    if (error.hint !== undefined) this.say(`  ${printable(error.hint)}`);
    if (!SELF_EXPLAINING.has(error.code)) this.say(`  More: postrider explain ${printable(error.code)}`);
    this.exit(exitCodeOf(error));
  }

  async #annotate(error: AppError, diagnostics: readonly Diagnostic[]): Promise<void> {
    const { diagnosticAnnotation, errorAnnotation } = await import('../progress/annotation.ts');
    for (const diagnostic of diagnostics) this.say(diagnosticAnnotation(diagnostic));
    this.say(errorAnnotation(reportOf(error)));
  }
}

/** As oclif calls what flags and arguments come to. */
type Values = Record<string, unknown>;

/** Their message is all there is to say. */
const SELF_EXPLAINING: ReadonlySet<string> = new Set(['usage', 'cancelled', 'unexpected', 'misuse', 'job-invalid']);

/** Under GitHub Actions, which reads annotations out of our output. */
export function annotates(): boolean {
  return process.env['GITHUB_ACTIONS'] === 'true';
}

function isDebugged(): boolean {
  return /(^|\s)--inspect/.test([process.env['NODE_OPTIONS'] ?? '', ...process.execArgv].join(' '));
}

let saidUnwritable = false;

/** A full disk behind `>`: the work goes on, but its results are lost, which is no success. */
function unwritable(error: NodeJS.ErrnoException): void {
  if (saidUnwritable || error.code === 'EPIPE' || error.code === 'EIO') return;
  saidUnwritable = true;
  const { message } = fileError(error, 'standard output');
  process.stderr.write(`postrider: ${message}\n  What was written there is not complete; the work itself went on.\n`);
  process.on('exit', code => {
    if (code === EXIT.success) process.exitCode = EXIT.failed;
  });
}
