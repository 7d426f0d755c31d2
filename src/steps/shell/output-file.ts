// What a script wrote to $POSTRIDER_OUTPUT, in the form of GITHUB_OUTPUT: `name=value`, or `name<<END`, lines, `END`.
import { AppError } from '../../core/errors.ts';

export const OUTPUT_FILE_BYTES_MAX = 1024 ** 2;
export const OUTPUTS_MAX = 100;
const NAME = /^[A-Za-z_][\w-]*$/;

/** Throws AppError `shell-output`. */
export function parseOutputs(text: string): Record<string, string> {
  const outputs: Record<string, string> = {};
  const lines = text.split(/\r?\n/);
  for (let i = 0; i < lines.length; i++) {
    const line = lines[i] ?? '';
    if (line.trim() === '') continue;
    const [, name = '', sign, rest = ''] = /^([^=<]*)(=|<<)(.*)$/.exec(line) ?? [];
    if (sign === undefined || !NAME.test(name)) throw malformed(i + 1, 'is not `name=value` or `name<<END`');
    if (sign === '=') outputs[name] = rest;
    else {
      const end = lines.indexOf(rest, i + 1);
      if (rest === '' || end < 0) throw malformed(i + 1, 'begins a value that never ends');
      outputs[name] = lines.slice(i + 1, end).join('\n');
      i = end;
    }
    if (Object.keys(outputs).length > OUTPUTS_MAX) throw malformed(i + 1, `is one output more than ${OUTPUTS_MAX}`);
  }
  return outputs;
}

function malformed(line: number, what: string): AppError {
  return new AppError('shell-output', `$POSTRIDER_OUTPUT: line ${line} ${what}`, {
    hint: 'Write `echo "name=value" >> "$POSTRIDER_OUTPUT"`.',
  });
}
