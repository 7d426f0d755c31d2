// The job files in README and docs are valid, and the commands there exist with the flags they are given.
import { copyFileSync, globSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { commandsOf } from '../src/app/shell/words.ts';
import { load, written } from './jobs/job-files.ts';
import { tempDir } from './support/temp-dir.ts';

const root = join(import.meta.dirname, '..');
const pages = ['README.md', ...globSync('docs/*.md', { cwd: root }).sort()];
const temp = await tempDir();
afterAll(temp.remove);

interface Block {
  readonly page: string;
  readonly line: number;
  readonly language: string;
  readonly text: string;
}

const blocks: readonly Block[] = pages.flatMap(page => {
  const text = readFileSync(join(root, page), 'utf8');
  return [...text.matchAll(/^```(\w*)\n([\s\S]*?)^```$/gm)].map(match => ({
    page,
    line: text.slice(0, match.index).split('\n').length,
    language: match[1] ?? '',
    text: match[2] ?? '',
  }));
});
const nameOf = ({ page, line }: Block) => `${page}:${line}`;

describe('job files', () => {
  const jobs = blocks.filter(({ language, text }) => language === 'yaml' && /^steps:/m.test(text));

  it('are found', () => expect(jobs.length).toBeGreaterThan(3));

  it.each(jobs.map(block => [nameOf(block), block] as const))('%s is valid', async (name, { text }) => {
    const folder = join(temp.path, name.replace(/\W/g, '-'));
    mkdirSync(folder);
    copyFileSync(join(root, 'jobs/connections.yaml'), join(folder, 'connections.yaml'));
    const path = join(folder, 'job.yaml');
    writeFileSync(path, text);
    const { diagnostics } = await load(path);
    expect(written(diagnostics.filter(({ severity }) => severity === 'error'))).toBe('');
  });
});

interface Manifest {
  readonly commands: Record<string, { readonly flags: Record<string, { readonly char?: string; readonly allowNo?: boolean }> }>;
}

describe('commands', () => {
  const { commands } = JSON.parse(readFileSync(join(root, 'oclif.manifest.json'), 'utf8')) as Manifest;
  const lines = blocks
    .filter(({ language }) => ['sh', 'console', 'bash'].includes(language))
    .flatMap(block => block.text.split('\n').map((text, index) => ({ where: `${block.page}:${block.line + index + 1}`, text })))
    .flatMap(({ where, text }) => text.split(/\s&&\s|\s\|\s|;\s/).map(part => ({ where, text: part.trim().replace(/^\$ /, '') })))
    .map(({ where, text }) => ({
      where,
      words: /^(npx )?postrider\s/.test(text) ? (commandsOf(text.replace(/^npx /, '').replaceAll('…', ''))[0] ?? []) : [],
    }))
    .filter(({ words }) => words.length > 1);

  it('are found', () => expect(lines.length).toBeGreaterThan(30));

  it.each(lines.map(({ where, words }) => [where, words] as const))('%s: %j', (_where, [, ...words]) => {
    const two = `${words[0]}:${words[1]}`;
    const id = commands[two] === undefined ? String(words[0]) : two;
    const command = commands[id];
    if (id.startsWith('--') || id === 'help') return;
    expect(command, id).toBeDefined();
    const flags = Object.entries(command?.flags ?? {});
    for (const word of words.filter(each => /^-/.test(each) && each !== '-')) {
      const [flag = ''] = word.split('=');
      const known = flags.some(([name, { char, allowNo }]) =>
        flag.startsWith('--') ? flag === `--${name}` || (allowNo === true && flag === `--no-${name}`) : flag === `-${char}`,
      );
      expect(known || flag === '--help', `${id} ${flag}`).toBe(true);
    }
  });
});
