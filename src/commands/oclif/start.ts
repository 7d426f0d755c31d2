// oclif with what is known beforehand: one plugin, which is this package. It looks for no others, least of all in the user's home; and
// where the command to run is known, it hears of no other commands.

import { readFileSync } from 'node:fs';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import type { Command, Interfaces } from '@oclif/core';

/** A file that was found by the words of a command. */
export interface Named {
  readonly words: readonly string[];
  load(): { readonly default?: Command.Class };
}

/** They look at all commands. */
const ABOUT_OTHERS: ReadonlySet<string> = new Set(['help', 'complete']);

/** How oclif is told that Node's version has been looked at already, and that no help is to be coloured. */
const NEEDLESS = ['OCLIF_DISABLE_ENGINE_WARNING', 'POSTRIDER_DISABLE_THEME'];

/** What oclif tells of itself is for who asks for it by DEBUG. */
const SILENT: Interfaces.Logger = {
  ...{ namespace: 'postrider', child: () => SILENT },
  ...{ debug: nothing, error: nothing, info: nothing, trace: nothing, warn: nothing },
};

/** @param root the folder of package.json */
export async function start(root: string, named?: Named): Promise<void> {
  const args = process.argv.slice(2);
  const pjson = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Interfaces.PJSON;
  giveHome();
  muteSqlite();
  const takeBack = lent(NEEDLESS);
  const { execute, settings } = await import('@oclif/core');
  settings.enableAutoTranspile = false;
  const known = knownCommands(args, named, takeBack);
  if (known === undefined) takeBack();
  const loadOptions = {
    ...{ root, pjson, userPlugins: false, devPlugins: false },
    ...(known === undefined ? {} : { plugins: new Map([[pjson.name, pluginOf(root, pjson, known)]]) }),
    ...(process.env['DEBUG'] === undefined ? { logger: SILENT } : {}),
  };
  await execute({ args, dir: root, loadOptions });
}

function nothing(): void {}

/** oclif asks for home and shell of the user, which one by number alone, as containers have them, has not. */
function giveHome(): void {
  const { env } = process;
  if (env['HOME'] !== undefined && env['SHELL'] !== undefined) return;
  try {
    userInfo();
  } catch {
    env['HOME'] ??= '/nonexistent';
    env['SHELL'] ??= '/bin/sh';
  }
}

/** What earlier minor versions of Node 24 say whenever a store or an index is opened would be in every mail of cron. */
function muteSqlite(): void {
  const { emitWarning } = process;
  const others = (warning: string | Error, ...more: unknown[]) => {
    if (!/^SQLite is an experimental/.test(String(warning))) Reflect.apply(emitWarning, process, [warning, ...more]);
  };
  process.emitWarning = others as typeof emitWarning;
}

/** Those of the environment that are not there are 1 until they are taken back. */
function lent(names: readonly string[]): () => void {
  const absent = names.filter(name => process.env[name] === undefined);
  for (const name of absent) process.env[name] = '1';
  return () => {
    for (const name of absent) delete process.env[name];
  };
}

/** All that the program needs of its commands; undefined where that is more than can be told. */
function knownCommands(args: readonly string[], named: Named | undefined, onRun: () => void): Command.Loadable[] | undefined {
  if (args[0] === '--version') return [];
  if (named === undefined || ABOUT_OTHERS.has(named.words.join(' '))) return undefined;
  const command = named.load().default;
  // Other files lie beside those of the commands.
  if (command?.args === undefined) return undefined;
  const next = args[named.words.length];
  // Another word would have oclif look for a longer name.
  if (Object.keys(command.args).length === 0 && next !== undefined && !next.startsWith('-')) return undefined;
  command.id = named.words.join(':');
  const { id, args: positional, strict } = command;
  const cached = { id, args: positional, strict, flags: {}, aliases: [], hiddenAliases: [], hidden: false };
  const load = async () => {
    onRun();
    return command;
  };
  return [{ ...cached, load }];
}

/** As oclif's own loader makes it of package.json and the manifest. */
function pluginOf(root: string, pjson: Interfaces.PJSON, commands: Command.Loadable[]): Interfaces.Plugin {
  const { name, version } = pjson;
  return {
    ...{ _base: '', alias: name, name, version, root, pjson, type: 'core', moduleType: 'module', isRoot: true, valid: true },
    ...{ commands, commandIDs: commands.map(({ id }) => id), commandsDir: undefined, topics: [], hooks: {}, hasManifest: true },
    options: { root },
    load: async () => undefined,
    findCommand: (async () => commands[0]?.load()) as Interfaces.Plugin['findCommand'],
  };
}
