// `--quiet`: nothing at all unless something failed, and then only that.
import { paintFor } from './paint.ts';
import { columnsOf, type Renderer, type RendererIo } from './screen.ts';
import { summary } from './summary.ts';
import { RunView } from './view.ts';

export function silentRenderer({ stderr, color }: RendererIo): Renderer {
  const view = new RunView();
  return {
    name: 'quiet output',
    on(event) {
      view.apply(event);
      if (event.type !== 'run-finished' || event.status === 'succeeded' || event.status === 'skipped') return;
      const lines = summary(view, { columns: columnsOf(stderr), paint: paintFor(color), steps: false });
      stderr.write(`${lines.join('\n')}\n`);
    },
    close: async () => undefined,
  };
}
