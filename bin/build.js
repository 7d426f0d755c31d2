// src and the packages it uses → dist, in few files (one to read instead of hundreds),
// oclif.manifest.json, so that a start reads one file instead of every command, and the manual page.
import { globSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { rolldown } from 'rolldown';
import { manPage } from './man.js';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Commands that are not ours: dist file → what it is made of. */
const BORROWED = {
  'commands/help': '@oclif/plugin-help/lib/commands/help.js',
};

await bundle();
await manual(await manifest());

/** What is imported from outside by its path has a file of its own; the rest is shared out by what needs it together. */
async function bundle() {
  const own = ['api/index.ts', ...globSync('commands/**/*.ts', { cwd: `${root}src` })];
  const input = {
    ...Object.fromEntries(own.map(file => [file.replace(/\.ts$/, ''), `${root}src/${file}`])),
    ...Object.fromEntries(Object.entries(BORROWED).map(([name, file]) => [name, `${root}node_modules/${file}`])),
  };
  const bundled = await rolldown({ input, platform: 'node', external: ['keytar'], cwd: root, logLevel: 'warn' });
  await bundled.write({
    dir: `${root}dist`,
    cleanDir: true,
    format: 'esm',
    entryFileNames: '[name].js',
    chunkFileNames: 'chunks/[name]-[hash].js',
    // Names and lines stay, for stack traces that say something.
    minify: { compress: { keepNames: { function: true, class: true } }, mangle: false, codegen: false },
  });
}

async function manifest() {
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest)}\n`);
  return plugin.manifest;
}

/** SOURCE_DATE_EPOCH makes the same page on every day (reproducible-builds.org). */
async function manual(commands) {
  const { HELP_TOPICS } = await import(`${root}dist/commands/oclif/help-topics.js`);
  const { description } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000);
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  await writeFile(`${root}dist/postrider.1`, manPage(commands, HELP_TOPICS, { date, summary: description }));
}
