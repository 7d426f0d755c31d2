// A line as it was typed up to the cursor → candidates for its last word, and whether paths may stand there, too.
import type { Workspace } from '../workspace.ts';
import { type Candidate, expectedAt, type KnownCommand, type NameKind } from './grammar.ts';
import { namesOf } from './names.ts';

export interface Completion {
  /** For the whole last word. */
  readonly candidates: readonly Candidate[];
  readonly paths: 'files' | 'folders' | undefined;
}

const CANDIDATES_MAX = 2_000;

/** `topics`: what stands behind `help` besides commands. */
export async function completionOf(
  words: readonly string[],
  commands: readonly KnownCommand[],
  {
    placeFor,
    topics,
  }: { readonly placeFor: (values: Readonly<Record<string, string>>) => Workspace; readonly topics: readonly Candidate[] },
): Promise<Completion> {
  const expected = expectedAt(words, commands);
  const place = placeFor(expected.values);
  const list = async (kind: NameKind) => (kind === 'topic' ? topics : namesOf(kind, place, expected));
  const names = (await Promise.all(expected.names.map(list))).flat();
  const fitting = names.filter(({ value }) => value.startsWith(expected.unfinished));
  const all = [...expected.candidates, ...fitting].slice(0, CANDIDATES_MAX);
  return {
    candidates: all.map(({ value, summary }) => ({ value: `${expected.prefix}${value}`, summary })),
    paths: expected.paths,
  };
}
