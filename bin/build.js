// After tsc: puts the packages that every start needs into the files that use them (one file to read instead of a hundred),
// and writes oclif.manifest.json, so that a start reads one file instead of every command.
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { Plugin } from '@oclif/core';
import { rolldown } from 'rolldown';

const root = fileURLToPath(new URL('..', import.meta.url));

/** dist file → what goes into it: packages that it alone uses, and files of its own that use them. */
const BUNDLED = {
  'core/schema.js': ['zod'],
  'job/parse.js': ['yaml', './yaml-depth.js'],
  'job/expression-engine.js': ['@actions/expressions'],
  'schedule/cron.js': ['cron-parser', 'luxon'],
};

for (const [file, packages] of Object.entries(BUNDLED)) {
  const path = `${root}dist/${file}`;
  const inside = name => packages.some(each => name === each || name.startsWith(`${each}/`));
  const isExternal = (name, importer, resolved) => !resolved && importer?.startsWith(`${root}dist/`) === true && !inside(name);
  const bundle = await rolldown({ input: path, platform: 'node', external: isExternal, logLevel: 'warn' });
  await bundle.write({
    file: path,
    format: 'esm',
    codeSplitting: false,
    minify: { compress: true, mangle: false, codegen: false },
  });
}

const plugin = new Plugin({ root, type: 'core', ignoreManifest: true, errorOnManifestCreate: true });
await plugin.load();
await writeFile(`${root}oclif.manifest.json`, `${JSON.stringify(plugin.manifest)}\n`);
