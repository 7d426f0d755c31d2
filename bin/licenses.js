// dist/licenses.txt: the packages of others that the program is made of, and what their licenses want to be said with every copy.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const OF_PACKAGE = /^(.*\/node_modules\/(?:@[^/]+\/)?[^/]+)\//;
const RULE = '='.repeat(80);

/** @param moduleIds paths of all files that were bundled */
export function licenses(moduleIds) {
  const folders = new Set(moduleIds.flatMap(id => OF_PACKAGE.exec(id)?.[1] ?? []));
  const texts = [...folders].map(entry).sort();
  return [`postrider contains these ${folders.size} packages, each under its own license.\n`, ...new Set(texts)].join(
    `${RULE}\n`,
  );
}

function entry(folder) {
  const { name, version, license, author } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const files = readdirSync(folder).filter(file => /^(licen[cs]e|copying|notice)([.-]|$)/i.test(file));
  const texts = files.sort().map(file => readFileSync(join(folder, file), 'utf8').trim());
  const by = typeof author === 'object' ? author.name : (author ?? '');
  return `${name} ${version} (${license})${texts.length > 0 || by === '' ? '' : `, by ${by}`}\n${texts.map(text => `\n${text}\n`).join('')}`;
}
