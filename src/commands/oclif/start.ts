// oclif with what is known beforehand: one plugin, which is this package. It looks for no others, least of all in the user's home.

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execute, settings } from '@oclif/core';

/** @param root the folder of package.json */
export async function start(root: string, args = process.argv.slice(2)): Promise<void> {
  const pjson = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
  settings.enableAutoTranspile = false;
  await execute({ args, dir: root, loadOptions: { root, pjson, userPlugins: false, devPlugins: false } });
}
