// A script that is put together from what an earlier step said: text from outside that a shell would then execute.
import { compile } from '../expression-engine.ts';
import { CONTEXTS, STATUS_FUNCTIONS } from '../expressions.ts';
import type { Raw } from '../job.ts';
import type { Path, Problem } from '../problem.ts';
import { hasExpression, piecesOf } from '../template.ts';

/** One warning a script, at the first output in it. */
export function checkScript(script: Raw | undefined, path: Path): readonly Problem[] {
  if (typeof script !== 'string' || !hasExpression(script)) return [];
  for (const piece of piecesOf(script)) {
    if (piece.kind !== 'expression') continue;
    const compiled = compile(piece.text, CONTEXTS, STATUS_FUNCTIONS);
    if (!compiled.ok) return [];
    const output = compiled.references.find(({ context, members }) => context === 'steps' && members[1] !== 'outcome');
    if (output === undefined) continue;
    const within = { text: output.text, from: piece.start + output.start };
    const message = 'the shell executes whatever this output holds, `$(…)` and quotes included';
    const hint = `Write "$VALUE" here, and \`with: { env: { VALUE: "\${{${piece.text}}}" } }\` in the step.`;
    return [{ code: 'script-injection', severity: 'warning', message, hint, path, within }];
  }
  return [];
}
