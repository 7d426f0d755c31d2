// A line of the shell → commands of words: quotes, backslashes, `;` between commands, `#` comments, and `!` for the rest of the line.
import { AppError } from '../../core/errors.ts';

/** `!ls -l | wc` is one command with the words `!` and `ls -l | wc`. */
export type Words = readonly string[];

/** Longer lines are no commands. */
const LINE_CHARS_MAX = 64 * 1024;

/** Throws AppError `usage` for an open quote. */
export function commandsOf(line: string): readonly Words[] {
  if (line.length > LINE_CHARS_MAX) throw new AppError('usage', 'that line is too long for a command');
  const commands: Words[] = [];
  let rest = line;
  for (;;) {
    const { words, left } = oneCommand(rest);
    if (words.length > 0) commands.push(words);
    if (left === undefined) return commands;
    rest = left;
  }
}

interface Parsed {
  readonly words: Words;
  /** What follows the `;`. */
  readonly left: string | undefined;
}

function oneCommand(text: string): Parsed {
  const words: string[] = [];
  let word: string | undefined;
  const endWord = () => {
    if (word !== undefined) words.push(word);
    word = undefined;
  };
  for (let at = 0; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === '!' && words.length === 0 && word === undefined)
      return { words: ['!', text.slice(at + 1).trim()], left: undefined };
    if (char === '#' && word === undefined) break;
    if (char === ';') {
      endWord();
      return { words, left: text.slice(at + 1) };
    }
    if (/\s/.test(char)) endWord();
    else if (char === '\\') word = (word ?? '') + (text[++at] ?? '');
    else if (char === '"' || char === "'") {
      const quoted = quotedText(text, at, char);
      word = (word ?? '') + quoted.text;
      at = quoted.end;
    } else word = (word ?? '') + char;
  }
  endWord();
  return { words, left: undefined };
}

/** Inside double quotes a backslash makes the next character plain. */
function quotedText(text: string, start: number, quote: string): { readonly text: string; readonly end: number } {
  let content = '';
  for (let at = start + 1; at < text.length; at += 1) {
    const char = text[at] ?? '';
    if (char === quote) return { text: content, end: at };
    content += char === '\\' && quote === '"' ? (text[++at] ?? '') : char;
  }
  throw new AppError('usage', `the quote ${quote} is not closed`, { hint: `Write another ${quote} at the end of the name.` });
}

/** A command that is still being typed. */
export interface Typed {
  /** The words before the one that is being typed. */
  readonly words: Words;
  /** The word that is being typed, as it is meant; '' behind a blank. */
  readonly word: string;
  /** The same as it stands there, at the end of the line. */
  readonly raw: string;
  /** The quote that is open. */
  readonly quote: string | undefined;
}

export function typedSoFar(line: string): Typed {
  let [words, word, start]: [string[], string, number] = [[], '', 0];
  let quote: string | undefined;
  for (let at = 0; at < line.length; at += 1) {
    const char = line[at] ?? '';
    if (quote === undefined && (/\s/.test(char) || char === ';')) {
      if (char === ';') words = [];
      else if (start < at) words.push(word);
      [word, start] = ['', at + 1];
    } else if (char === '\\' && quote !== "'") word += line[++at] ?? '';
    else if (char === quote) quote = undefined;
    else if (quote === undefined && (char === '"' || char === "'")) quote = char;
    else word += char;
  }
  return { words, word, raw: line.slice(start), quote };
}

/** The word within a quote that is open, or undefined where it cannot stand there. */
export function withinQuote(word: string, quote: string): string | undefined {
  if (quote === "'") return word.includes("'") ? undefined : `'${word}`;
  return `"${word.replace(/["\\]/g, '\\$&')}`;
}

/** The word so that commandsOf() reads it again as one word. */
export function quotedWord(word: string): string {
  return /^[^\s"'\\;#!]+$/.test(word) ? word : word.replace(/[\s"'\\;#!]/g, '\\$&');
}
