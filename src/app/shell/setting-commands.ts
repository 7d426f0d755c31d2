// Commands of the shell that change how it works: transfer type, prompt, glob, hash, verbose, passive; and what they are now.
import { AppError } from '../../core/errors.ts';
import { printable } from '../../core/text.ts';
import { parseSize } from '../../core/units.ts';
import { need, type ShellCommand, toggled } from './command.ts';
import type { ShellSession } from './shell-session.ts';

const ascii: ShellCommand = {
  names: ['ascii'],
  usage: 'ascii',
  summary: 'transfer text: line ends are converted on the way',
  async run(shell, words) {
    need(ascii, words, 0, 0);
    setType(shell, true);
  },
};

const binary: ShellCommand = {
  names: ['binary', 'image'],
  usage: 'binary',
  summary: 'transfer octet for octet (the default)',
  async run(shell, words) {
    need(binary, words, 0, 0);
    setType(shell, false);
  },
};

const type: ShellCommand = {
  names: ['type'],
  usage: 'type [ascii|binary]',
  summary: 'say or set how files are transferred',
  async run(shell, words) {
    need(type, words, 0, 1);
    const [word] = words;
    if (word === undefined) return shell.io.print(typeName(shell));
    const known = TYPES[word.toLowerCase()];
    if (known === undefined)
      throw new AppError('usage', `${printable(word)} is no type of transfer`, { hint: `Write: ${type.usage}` });
    setType(shell, known === 'ascii');
  },
};

const TYPES: Readonly<Record<string, 'ascii' | 'binary'>> = {
  a: 'ascii',
  ascii: 'ascii',
  b: 'binary',
  binary: 'binary',
  i: 'binary',
  image: 'binary',
};

const hash: ShellCommand = {
  names: ['hash'],
  usage: 'hash [on|off|SIZE]',
  summary: 'print a # for every 1 KB, or SIZE as 64KB, instead of a bar',
  async run(shell, words) {
    need(hash, words, 0, 1);
    const size = parseSize(words[0] ?? '') ?? 0;
    shell.settings.hashBytes = size > 0 ? size : toggled(words[0], shell.settings.hashBytes > 0) ? HASH_BYTES : 0;
    shell.io.say(`hash is ${shell.settings.hashBytes > 0 ? `on: one # for ${shell.settings.hashBytes} bytes` : 'off'}`);
  },
};

const HASH_BYTES = 1024;

const passive: ShellCommand = {
  names: ['passive'],
  usage: 'passive [on|off]',
  summary: 'off: the server connects to this machine for each file',
  async run(shell, words) {
    need(passive, words, 0, 1);
    shell.settings.passive = toggled(words[0], shell.settings.passive);
    await shell.drop();
    shell.io.say(`passive is ${onOff(shell.settings.passive)}`);
  },
};

const status: ShellCommand = {
  names: ['status'],
  usage: 'status',
  summary: 'what the shell is connected to, and its settings',
  async run(shell, words) {
    need(status, words, 0, 0);
    const { settings, io, where, endpoint } = shell;
    if (endpoint === undefined) io.print('not connected');
    else {
      io.print(`connected to ${where} as ${printable(endpoint.user ?? 'anonymous')}, TLS ${endpoint.tls}`);
      io.print(`folder ${printable(shell.folder)}`);
    }
    io.print(`local folder ${printable(shell.localFolder)}`);
    io.print(`type ${typeName(shell)}`);
    io.print(
      `passive ${onOff(settings.passive)}, prompt ${onOff(settings.prompt)}, glob ${onOff(settings.glob)}, ` +
        `hash ${onOff(settings.hashBytes > 0)}, verbose ${onOff(settings.verbose)}`,
    );
  },
};

export const settingCommands: readonly ShellCommand[] = [
  ascii,
  binary,
  type,
  hash,
  passive,
  status,
  switchOf('prompt', 'ask before each file of mget, mput and mdelete'),
  switchOf('glob', 'read * ? [] {} in the names of mget, mput and mdelete as patterns'),
  switchOf('verbose', 'show what the server answers'),
];

function switchOf(name: 'prompt' | 'glob' | 'verbose', summary: string): ShellCommand {
  const usage = `${name} [on|off]`;
  return {
    names: [name],
    usage,
    summary,
    async run({ settings, io }, words) {
      need({ usage }, words, 0, 1);
      settings[name] = toggled(words[0], settings[name]);
      io.say(`${name} is ${onOff(settings[name])}`);
    },
  };
}

function setType(shell: ShellSession, isAscii: boolean): void {
  shell.settings.ascii = isAscii;
  shell.io.say(`type is ${typeName(shell)}`);
}

function typeName({ settings }: ShellSession): string {
  return settings.ascii ? 'ascii' : 'binary';
}

function onOff(on: boolean): string {
  return on ? 'on' : 'off';
}
