// One thing wrong at a path of a file, before it is known on which line that is.
import type { Range } from '../core/diagnostic.ts';

export type Path = readonly (string | number)[];

export interface Problem {
  readonly code: string;
  /** Default `error`. */
  readonly severity?: 'error' | 'warning';
  readonly message: string;
  readonly hint: string;
  readonly path: Path;
  /** What the caret points at; default `value`. */
  readonly part?: 'key' | 'value';
  /** A piece of the text at `path` that the caret points at instead. */
  readonly within?: { readonly text: string; readonly from: number };
  /** Known already, from the syntax. */
  readonly range?: Range;
}
