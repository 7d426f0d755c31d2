// src and the packages it uses → dist, in few files (one to read instead of hundreds), and oclif.manifest.json, so that a start reads one
// file instead of every command, and the manual page; then a rehearsal, which leaves V8's code cache for the first start.
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { rolldown } from 'rolldown';
import { licenses } from './licenses.js';
import { manPage } from './man.js';
import { ascii, whenUsed } from './when-used.js';

const root = fileURLToPath(new URL('..', import.meta.url));

for (const old of ['dist', 'node_modules/.cache/postrider']) rmSync(join(root, old), { recursive: true, force: true });
const bundled = [...(await library()), ...(await program())];
await writeFile(`${root}dist/licenses.txt`, licenses(bundled.flatMap(({ moduleIds = [] }) => moduleIds)));
await manual(await manifest());
rehearse();

async function library() {
  const output = { dir: `${root}dist/api`, format: 'esm', chunkFileNames: '[name].js' };
  return (await bundle({ index: `${root}src/api/index.ts` }, output, 'strict')).output;
}

/** What is loaded by its path has a file of its own; the rest is shared out by what needs it together. CommonJS, for bin/load.js. */
async function program() {
  const own = globSync('commands/**/*.ts', { cwd: `${root}src` });
  const input = Object.fromEntries(own.map(file => [file.replace(/\.ts$/, ''), `${root}src/${file}`]));
  const dir = `${root}dist/cli`;
  const { output } = await bundle(input, {
    ...{ dir, format: 'cjs', exports: 'named', entryFileNames: '[name].cjs', chunkFileNames: 'chunks/[name].cjs' },
    codeSplitting: {
      includeDependenciesRecursively: false,
      groups: [{ debugName: 'packages', test: /node_modules/, name: packageOf }],
    },
  });
  const hash = createHash('sha256');
  for (const { fileName, code } of output) {
    const text = ascii(whenUsed(code));
    hash.update(text);
    await writeFile(join(dir, fileName), text);
  }
  await writeFile(`${dir}/build-id`, hash.digest('hex').slice(0, 16));
  return output;
}

/** Each in a file of its own: where they lie together, all are loaded with one. */
function packageOf(id) {
  const [, ...paths] = id.split('/node_modules/');
  return paths.map(path => /^(?:@[^/]+\/)?[^/]+/.exec(path)?.[0].replace('/', '+')).join('+');
}

/** `signatures`: whether a file may export to the others what its source does not. */
async function bundle(input, output, signatures = 'allow-extension') {
  const plugins = [{ name: 'oclif', transform: { filter: { id: /@oclif.*\.js$/ }, handler: oclif } }];
  const bundled = await rolldown({
    input,
    platform: 'node',
    // keytar is native; oclif asks for TypeScript only where commands are run from their sources.
    external: ['keytar', 'typescript'],
    cwd: root,
    logLevel: 'warn',
    preserveEntrySignatures: signatures,
    plugins,
  });
  // Names and lines stay, for stack traces that say something.
  const compress = { keepNames: { function: true, class: true } };
  return bundled.write({
    minify: { compress, mangle: false, codegen: false },
    comments: { legal: true, annotation: false, jsdoc: false },
    ...output,
  });
}

/** It would find out at every start whether Windows lies below this Linux, for nobody who asks. */
function oclif(code) {
  return whenUsed(code.replace("(await import('wsl-utils')).isWsl", 'false'));
}

async function manifest() {
  const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
  await plugin.load();
  await writeFile(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest)}\n`);
  return plugin.manifest;
}

/** SOURCE_DATE_EPOCH makes the same page on every day (reproducible-builds.org). */
async function manual(commands) {
  const { HELP_TOPICS } = createRequire(import.meta.url)('../dist/cli/commands/oclif/help-topics.cjs');
  const { description } = JSON.parse(await readFile(`${root}package.json`, 'utf8'));
  const seconds = Number(process.env.SOURCE_DATE_EPOCH ?? Date.now() / 1000);
  const date = new Date(seconds * 1000).toISOString().slice(0, 10);
  await writeFile(`${root}dist/postrider.1`, manPage(commands, HELP_TOPICS, { date, summary: description }));
}

/** All in one process, which writes the cache at its end. Where it cannot be done, the first start does it for itself. */
function rehearse() {
  const dir = mkdtempSync(join(tmpdir(), 'postrider-build-'));
  const commands = [
    ['--version'],
    ['--help'],
    ['ftp', 'mirror', '--help'],
    ['validate', join(root, 'jobs/deploy-site.yaml')],
    ['demo', '--dir', join(dir, 'demo')],
  ];
  const options = { cwd: dir, env: { ...process.env, HOME: dir }, stdio: 'ignore', timeout: 60_000 };
  for (const args of commands) spawnSync(process.execPath, [join(root, 'bin/postrider.js'), ...args], options);
  rmSync(dir, { recursive: true, force: true });
}
