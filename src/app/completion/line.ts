// What was typed so far, up to the cursor → its words, the last one unfinished; quotes and backslashes as shells read them.

/** Longer lines are not completed. */
const LINE_CHARS_MAX = 64 * 1024;

/** `postrider ftp ls "@we` → `postrider`, `ftp`, `ls`, `@we`. The last word is empty behind a blank. */
export function wordsOf(line: string): readonly string[] {
  if (line.length > LINE_CHARS_MAX) return [''];
  const words: string[] = [''];
  const add = (text: string) => words.push((words.pop() ?? '') + text);
  let quote = '';
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? '';
    if (quote !== '') {
      if (char === quote) quote = '';
      else add(char === '\\' && quote === '"' ? (line[++at] ?? '') : char);
    } else if (char === '"' || char === "'") quote = char;
    else if (char === '\\') add(line[++at] ?? '');
    else if (!/\s/.test(char)) add(char);
    else if (at === 0 || !/\s/.test(line[at - 1] ?? '') || line[at - 2] === '\\') words.push('');
  }
  return words;
}
