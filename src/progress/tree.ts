// The live picture of a run on a terminal. listr2 only draws: its tasks do nothing but wait for the end, and every state is set by our events.
import type { DefaultRenderer, Listr, ListrTaskState } from 'listr2';
import type { Clock, Timer } from '../core/clock.ts';
import type { RunEvent } from '../run/events.ts';
import type { StepStatus } from '../steps/step.ts';
import { type Paint, paintFor } from './paint.ts';
import { columnsOf, type Renderer, type RendererIo, rowsOf } from './screen.ts';
import type { TextSink } from './sink.ts';
import { detailLine, stepLine } from './step-line.ts';
import { STEP_COLUMNS_MIN, summary } from './summary.ts';
import { RunView, type StepView } from './view.ts';

/** listr2 puts an icon and a space before a line, and keeps two columns free at the end. */
const MARGIN_COLUMNS = 4;
/** The second line of a step is indented besides. */
const DETAIL_INDENT_COLUMNS = 2;
const FRAME_MS = 100;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'] as const;
const ID_COLUMNS_MAX = 20;

type Drawing = typeof import('listr2');
type ListrTask = InstanceType<typeof Listr>['tasks'][number];

export function treeRenderer(io: RendererIo): Renderer {
  return new Tree(io);
}

class Tree implements Renderer {
  readonly name = 'progress tree';
  readonly #io: RendererIo;
  readonly #paint: Paint;
  readonly #view = new RunView();
  readonly #tasks = new Map<StepView, ListrTask>();
  readonly #end = Promise.withResolvers<void>();
  #states: typeof ListrTaskState | undefined;
  #list: InstanceType<typeof Listr> | undefined;
  #drawn: Promise<unknown> | undefined;

  constructor(io: RendererIo) {
    this.#io = io;
    this.#paint = paintFor(io.color);
  }

  async on(event: RunEvent): Promise<void> {
    const step = this.#view.apply(event);
    if (event.type === 'run-started') return this.#begin();
    if (step !== undefined) this.#show(step);
    if (event.type === 'run-finished') await this.close();
  }

  async close(): Promise<void> {
    const drawn = this.#drawn;
    if (drawn === undefined) return;
    this.#drawn = undefined;
    this.#leaveOpenSteps();
    this.#end.resolve();
    await drawn;
    const columns = columnsOf(this.#io.stderr);
    const lines = summary(this.#view, { columns, paint: this.#paint, steps: columns < STEP_COLUMNS_MIN });
    if (lines.length > 0) this.#io.stderr.write(`${lines.join('\n')}\n`);
  }

  async #begin(): Promise<void> {
    const drawing = await import('listr2');
    this.#states = drawing.ListrTaskState;
    this.#list = new drawing.Listr([], {
      concurrent: true,
      exitOnError: false,
      registerSignalListeners: false,
      renderer: screenRenderer(drawing),
      rendererOptions: {
        logger: new drawing.ListrLogger({ useIcons: true, toStderr: [], processOutput: outputTo(drawing, this.#io.stderr) }),
        spinner: new ClockSpinner(this.#io.clock, () => this.#refreshRunning()),
        icon: icons(drawing),
        color: colors(drawing, this.#paint),
        formatOutput: 'truncate',
        showErrorMessage: false,
        showSkipMessage: false,
      },
    } as unknown as ConstructorParameters<typeof Listr>[1]);
    for (const step of this.#view.steps) this.#add(step);
    // listr2 draws a task only when it was looked at while it still waited.
    for (const task of this.#tasks.values()) await task.check(undefined);
    // A picture that breaks must not end the run.
    this.#drawn = this.#list.run().catch(() => undefined);
  }

  #add(step: StepView): ListrTask | undefined {
    const list = this.#list;
    if (list === undefined) return undefined;
    const end = this.#end.promise;
    list.add({
      title: this.#title(step),
      // Every state but the first is ours; a task that ends in none of listr2's keeps the one we gave.
      task: (_, wrapper) => {
        this.#paintTask(step, wrapper.task as ListrTask);
        return end;
      },
      rendererOptions: { persistentOutput: false, outputBar: 1 },
    } as Parameters<typeof list.add>[0]);
    const task = list.tasks.at(-1);
    if (task !== undefined) this.#tasks.set(step, task);
    return task;
  }

  /** On-failure steps join when they start. */
  #show(step: StepView): void {
    const known = this.#tasks.get(step);
    if (known !== undefined) return this.#paintTask(step, known);
    const task = this.#add(step);
    if (task === undefined) return;
    void task.check(undefined).then(() => this.#paintTask(step, task));
  }

  #paintTask(step: StepView, task: ListrTask): void {
    const columns = columnsOf(this.#io.stderr) - MARGIN_COLUMNS;
    const title = this.#title(step);
    const state = this.#stateOf(step.status);
    if (task.title !== title) task.title$ = title;
    if (state !== undefined && task.state !== state) task.state$ = state;
    const detail = step.status === 'running' ? detailLine(step, columns - DETAIL_INDENT_COLUMNS, this.#io.clock.now()) : '';
    if (detail !== '' && task.output !== detail) task.output$ = detail;
  }

  /** Closed before its end, a step must not look as if it had succeeded. */
  #leaveOpenSteps(): void {
    const cancelled = this.#states?.CANCELLED;
    for (const [step, task] of this.#tasks) {
      if (step.status === 'running' && cancelled !== undefined) task.state$ = cancelled;
    }
  }

  #refreshRunning(): void {
    for (const [step, task] of this.#tasks) if (step.status === 'running') this.#paintTask(step, task);
  }

  #title(step: StepView): string {
    const idColumns = Math.min(ID_COLUMNS_MAX, Math.max(0, ...this.#view.steps.map(({ id }) => id.length)));
    return stepLine(step, columnsOf(this.#io.stderr) - MARGIN_COLUMNS, idColumns, this.#io.clock.now());
  }

  #stateOf(status: StepStatus): ListrTaskState | undefined {
    const states = this.#states;
    switch (status) {
      case 'pending':
        return states?.WAITING;
      case 'running':
        return states?.STARTED;
      case 'succeeded':
        return states?.COMPLETED;
      case 'skipped':
        return states?.SKIPPED;
      case 'failed':
      case 'timed-out':
        return states?.FAILED;
      case 'cancelled':
        return states?.CANCELLED;
    }
  }
}

/** listr2 asks process.stdout whether to draw; that has been decided before us, for stderr. */
function screenRenderer({ DefaultRenderer: Base }: Drawing): typeof DefaultRenderer {
  return class extends Base {
    static override nonTTY = true;
  };
}

/** Both of listr2's streams lead to ours; the process's own are not touched. */
function outputTo({ ProcessOutput }: Drawing, sink: TextSink): InstanceType<Drawing['ProcessOutput']> {
  const stream = () =>
    ({
      write: (text: string) => sink.write(text),
      isTTY: sink.isTTY,
      get columns() {
        return columnsOf(sink);
      },
      get rows() {
        return rowsOf(sink);
      },
    }) as unknown as NodeJS.WriteStream;
  return new ProcessOutput(stream(), stream());
}

function icons({ ListrDefaultRendererLogLevels: level }: Drawing): Record<string, string> {
  return {
    [level.WAITING]: '○',
    [level.PENDING]: SPINNER[0],
    [level.COMPLETED]: '✔',
    [level.FAILED]: '✖',
    [level.SKIPPED_WITH_COLLAPSE]: '↓',
    [level.CANCELLED]: '■',
    [level.OUTPUT]: '›',
  };
}

function colors({ ListrDefaultRendererLogLevels: level }: Drawing, paint: Paint): Record<string, (text?: string) => string> {
  const plain = (text = '') => text;
  const all = Object.values(level).map(name => [name, plain] as const);
  const of = (color: (text: string) => string) => (text?: string) => color(text ?? '');
  return {
    ...Object.fromEntries(all),
    [level.WAITING]: of(paint.dim),
    [level.PENDING]: of(paint.cyan),
    [level.COMPLETED]: of(paint.green),
    [level.FAILED]: of(paint.red),
    [level.SKIPPED_WITH_COLLAPSE]: of(paint.yellow),
    [level.CANCELLED]: of(paint.yellow),
    [level.OUTPUT]: of(paint.dim),
  };
}

/** Turns by our clock, and lets the figures that only time changes (countdown, rate) be drawn again. */
class ClockSpinner {
  readonly #clock: Clock;
  readonly #beforeFrame: () => void;
  #timer: Timer | undefined;
  #position = 0;

  constructor(clock: Clock, beforeFrame: () => void) {
    this.#clock = clock;
    this.#beforeFrame = beforeFrame;
  }

  fetch(): string {
    return SPINNER[this.#position % SPINNER.length] ?? '';
  }

  isRunning(): boolean {
    return this.#timer !== undefined;
  }

  start(draw?: () => void): void {
    this.#timer = this.#clock.after(FRAME_MS, () => {
      this.#position += 1;
      this.#beforeFrame();
      draw?.();
      if (this.#timer !== undefined) this.start(draw);
    });
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = undefined;
  }
}
