// The four ways to show a run. Each takes events and draws; none decides anything.
import { jsonRenderer } from './json.ts';
import { linesRenderer } from './lines.ts';
import type { Renderer, RendererIo } from './screen.ts';
import { silentRenderer } from './silent.ts';
import { quiet } from './sink.ts';
import { treeRenderer } from './tree.ts';

export type { Renderer, RendererIo } from './screen.ts';

/** tree: a live picture on a terminal. lines: one plain line per change. json: events on stdout. silent: only what failed. */
export type RendererKind = 'tree' | 'lines' | 'json' | 'silent';

export function createRenderer(kind: RendererKind, io: RendererIo): Renderer {
  const safe = { ...io, stderr: quiet(io.stderr), stdout: quiet(io.stdout) };
  switch (kind) {
    case 'tree':
      return treeRenderer(safe);
    case 'lines':
      return linesRenderer(safe);
    case 'json':
      return jsonRenderer(safe);
    case 'silent':
      return silentRenderer(safe);
  }
}
