// The fenced blocks of README and docs, with what a comment before one says about it.
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export const ROOT = join(import.meta.dirname, '../..');
export const PAGES: readonly string[] = ['README.md', ...globSync('docs/*.md', { cwd: ROOT }).sort()];

export interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
  /** `<!-- not run: REASON -->` before it. */
  readonly notRun?: string;
  /** `<!-- exit N -->` before it; 0 without. */
  readonly exit: number;
}

export const BLOCKS: readonly Block[] = PAGES.flatMap(page => {
  const text = readFileSync(join(ROOT, page), 'utf8');
  return [...text.matchAll(/(?:^<!-- ([^\n]*) -->\n)?^```(\w*)\n([\s\S]*?)^```$/gm)].map(match => {
    const notRun = /^not run: (.+)$/.exec(match[1] ?? '')?.[1];
    return {
      page,
      line: text.slice(0, match.index).split('\n').length + (match[1] === undefined ? 0 : 1),
      language: match[2] ?? '',
      text: match[3] ?? '',
      exit: Number(/^exit (\d+)$/.exec(match[1] ?? '')?.[1] ?? 0),
      ...(notRun === undefined ? {} : { notRun }),
    };
  });
});

export const nameOf = ({ page, line }: Block) => `${page}:${line}`;

/** Job files, in the order of the page. */
export const JOBS = BLOCKS.filter(({ language, text }) => language === 'yaml' && /^steps:/m.test(text));

export const COMMANDS = BLOCKS.filter(({ language }) => ['sh', 'console', 'bash'].includes(language));

/** The lines that are typed: of a console those behind `$ `, else all of them. */
export function scriptOf({ language, text }: Block): string {
  if (language !== 'console') return text;
  return text
    .split('\n')
    .filter(line => line.startsWith('$ '))
    .map(line => `${line.slice(2)}\n`)
    .join('');
}

/** What a console shows, without lines that only say that some are left out. */
export function shownBy({ language, text }: Block): readonly string[] {
  if (language !== 'console') return [];
  return text.split('\n').filter(line => !line.startsWith('$ ') && !/^\s*…?\s*$/.test(line));
}
