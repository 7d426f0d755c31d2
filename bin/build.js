// src and the packages it uses → dist, in few files (one to read instead of hundreds),
// and oclif.manifest.json, so that a start reads one file instead of every command.
import { globSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Commands that are not ours: dist file → what it is made of. */
const BORROWED = {
  'commands/help': '@oclif/plugin-help/lib/commands/help.js',
};

await bundle();
await manifest();

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
}
