// The shell with somebody at the keyboard: a line editor while it waits, a plain terminal while a command runs.
import { createInterface, type Interface } from 'node:readline';
import { nextTurn } from '../../core/clock.ts';
import { AppError, CancelledError, reportOf } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { formatCount } from '../../core/units.ts';
import type { LineShell } from './line-shell.ts';
import { TabKey } from './tab-key.ts';

export interface Keyboard {
  readonly input: NodeJS.ReadableStream;
  readonly output: NodeJS.WritableStream;
}

export const HISTORY_LINES_MAX = 500;

/** What was entered together with a line that was waited for, as when several are pasted at once: it is next. */
interface Ahead {
  lines: readonly string[];
  /** The beginning of a line. */
  rest: string;
  readonly ended: boolean;
}

const entered = new WeakMap<NodeJS.ReadableStream, Ahead>();

/**
 * Until `quit` or Ctrl-D. Ctrl-C ends the running command and leaves the shell. The editor lives only while it waits for a line,
 * so that commands, questions and `!` have the terminal for themselves. Returns the history, the newest line first.
 */
export async function runInteractive(shell: LineShell, keyboard: Keyboard, past: readonly string[]): Promise<readonly string[]> {
  let history: readonly string[] = past;
  const interrupt = () => shell.cancel();
  process.on('SIGINT', interrupt);
  try {
    while (!shell.ended) {
      const line = await readLine(shell, keyboard, history, newer => {
        history = newer;
      });
      if (line === undefined) break;
      await shell.execute(line).catch(error => {
        tell(shell, error);
        dropAhead(shell, keyboard);
      });
    }
  } finally {
    process.off('SIGINT', interrupt);
    await shell.close();
  }
  return history;
}

/** One answer to a question of a running command; Ctrl-C and Ctrl-D answer with quit. */
export async function askLine(keyboard: Keyboard, question: string): Promise<string> {
  const known = nextAhead(keyboard, question);
  if (known !== undefined) return known;
  if (entered.get(keyboard.input)?.ended === true) return 'quit';
  const editor = createInterface({ ...keyboard, terminal: true, historySize: 0, prompt: question });
  const answer = await nextLine(editor, keyboard, () => undefined);
  if (answer === undefined) keyboard.output.write('\n');
  return answer ?? 'quit';
}

async function readLine(
  shell: LineShell,
  keyboard: Keyboard,
  history: readonly string[],
  remember: (history: readonly string[]) => void,
): Promise<string | undefined> {
  const known = nextAhead(keyboard, shell.prompt);
  if (known !== undefined || entered.get(keyboard.input)?.ended === true) return known;
  const tab = new TabKey(shell);
  const editor = createInterface({
    ...keyboard,
    terminal: true,
    history: [...history],
    historySize: HISTORY_LINES_MAX,
    removeHistoryDuplicates: true,
    prompt: shell.prompt,
    completer: tab.complete,
  });
  editor.on('history', lines => remember([...lines]));
  editor.on('line', tab.lineIsOver).on('close', tab.lineIsOver);
  const line = await nextLine(editor, keyboard, () => {
    keyboard.output.write('^C\n');
    return '';
  });
  const meant = await tab.settled(line);
  if (meant !== undefined && meant !== line) keyboard.output.write(`${shell.prompt}${printable(meant)}\n`);
  return meant;
}

/** The line entered now, or undefined at the end; what came with it waits. `interrupted`: what Ctrl-C stands for. */
function nextLine(editor: Interface, { input }: Keyboard, interrupted: () => string | undefined): Promise<string | undefined> {
  const rest = entered.get(input)?.rest ?? '';
  entered.delete(input);
  return new Promise(resolve => {
    const lines: string[] = [];
    let isOver = false;
    const settle = (line: string | undefined) => {
      isOver = true;
      resolve(line);
      editor.close();
    };
    const settleAll = (ended: boolean) => {
      if (isOver) return;
      const [first, ...others] = lines;
      if (others.length > 0 || editor.line !== '' || ended) entered.set(input, { lines: others, rest: editor.line, ended });
      settle(first);
    };
    editor.on('line', line => {
      lines.push(line);
      if (lines.length === 1) void nextTurn().then(() => settleAll(false));
    });
    editor.once('close', () => settleAll(true));
    editor.on('SIGINT', () => settle(interrupted()));
    editor.prompt();
    if (rest !== '') editor.write(rest);
  });
}

/** A line that waits, shown as if it were entered now. */
function nextAhead({ input, output }: Keyboard, prompt: string): string | undefined {
  const ahead = entered.get(input);
  const [line, ...others] = ahead?.lines ?? [];
  if (ahead === undefined || line === undefined) return undefined;
  ahead.lines = others;
  output.write(`${prompt}${printable(line)}\n`);
  return line;
}

/** What was to follow a command that failed may count on it. */
function dropAhead(shell: LineShell, { input }: Keyboard): void {
  const ahead = entered.get(input);
  if (ahead === undefined) return;
  const { length } = ahead.lines;
  if (length > 0) shell.say(`the ${formatCount(length, 'lines')} entered after it ${length === 1 ? 'was' : 'were'} not run`);
  ahead.lines = [];
}

function tell(shell: LineShell, error: unknown): void {
  if (error instanceof CancelledError) return shell.say('interrupted');
  const { message, hint } = reportOf(error);
  shell.say(message);
  if (hint !== undefined && error instanceof AppError) shell.say(`  ${hint}`);
}
